//! How many decisions a second: 5,000 nodes in 10 zones, the default profile, 10,000 pods.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use k8s_sched::{ClusterState, PodInfo};
use k8s_sched_plugins::default_profile;

const PODS: u64 = 10_000;

fn cluster(nodes: usize, pod: &str) -> (ClusterState, Vec<Arc<PodInfo>>) {
    let mut text = String::new();
    for node in 0..nodes {
        let _ = writeln!(text, "node n{node} cpu=32 memory=256Gi label:topology.kubernetes.io/zone=z{}", node % 10);
    }
    for number in 0..PODS {
        let _ = writeln!(text, "pod p{number} {pod}");
    }
    ClusterState::parse(&text, default_profile()).expect("the text is well-formed")
}

fn fill(c: &mut Criterion, name: &str, nodes: usize, pod: &str, pods: usize) {
    let (state, pending) = cluster(nodes, pod);
    let mut group = c.benchmark_group("schedule");
    group.sample_size(10).warm_up_time(Duration::from_millis(100)).measurement_time(Duration::from_secs(3));
    group.throughput(Throughput::Elements(pods as u64));
    group.bench_function(name, |b| {
        b.iter_batched(
            || state.fork(),
            |mut state| {
                for pod in &pending[..pods] {
                    state.schedule(pod).expect("there is room");
                }
                state
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

fn cycle(c: &mut Criterion) {
    fill(c, "10 nodes, 1000 pods", 10, "cpu=1m memory=1Mi", 1000);
    fill(c, "5000 nodes, 10000 pods", 5000, "cpu=1 memory=1Gi", 10_000);
    fill(
        c,
        "5000 nodes, 500 pods spread over zones",
        5000,
        "cpu=1 label:a=b spread:topology.kubernetes.io/zone=5",
        500,
    );
    fill(c, "5000 nodes, 500 pods apart by host", 5000, "cpu=1 label:a=b apart:a=b@host", 500);
}

criterion_group!(benches, cycle);
criterion_main!(benches);
