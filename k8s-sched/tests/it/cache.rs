use std::sync::Arc;
use std::time::Duration;

use k8s_sched::{Cache, PodInfo, Simulation, Snapshot};
use tokio::time::Instant;

fn filled(nodes: usize) -> Cache {
    let mut cache = Cache::new().with_assumed_ttl(Duration::from_secs(30));
    let node = |i: usize| format!("node n{i} cpu=4 label:topology.kubernetes.io/zone=z{}", i % 2);
    let text = (0..nodes).map(node).collect::<Vec<_>>().join(";");
    for node in Simulation::new(&text).snapshot().nodes() {
        cache.set_node(node.facts().clone());
    }
    cache
}

fn pod(name: &str) -> Arc<PodInfo> {
    Simulation::new(&format!("pod {name} cpu=1")).pod(name).unwrap().clone()
}

fn names(snapshot: &Snapshot) -> Vec<&str> {
    snapshot.nodes().iter().map(|node| node.name()).collect()
}

#[test]
fn zones_take_turns() {
    let mut snapshot = Snapshot::default();
    let mut cache = Cache::new();
    let text = "node a label:topology.kubernetes.io/zone=x; node b label:topology.kubernetes.io/zone=x;
        node c label:topology.kubernetes.io/zone=y";
    for node in ["a", "b", "c"] {
        cache.set_node(Simulation::new(text).snapshot().node(node).unwrap().facts().clone());
    }
    cache.refresh(&mut snapshot);
    assert_eq!(names(&snapshot), ["a", "c", "b"]);
}

#[test]
fn only_nodes_that_changed_are_new_in_a_snapshot() {
    let mut cache = filled(10);
    let mut snapshot = Snapshot::default();
    cache.refresh(&mut snapshot);
    let before = snapshot.clone();
    cache.set_pod(pod("p"), &"n3".into());
    cache.refresh(&mut snapshot);
    let changed: Vec<_> = (before.nodes().iter().zip(snapshot.nodes()))
        .filter(|(old, new)| !Arc::ptr_eq(old, new))
        .map(|(_, new)| new.name())
        .collect();
    assert_eq!(changed, ["n3"]);
    assert_eq!(before.node("n3").unwrap().pods().len(), 0, "an old snapshot does not change");
    assert_eq!(snapshot.node("n3").unwrap().requested().milli_cpu, 1000);
}

#[test]
fn a_snapshot_far_behind_catches_up() {
    let mut cache = filled(4);
    let mut snapshot = Snapshot::default();
    cache.refresh(&mut snapshot);
    for _ in 0..3000 {
        cache.set_pod(pod("p"), &"n1".into());
    }
    cache.set_pod(pod("q"), &"n2".into());
    cache.refresh(&mut snapshot);
    assert_eq!((1, 1), (snapshot.node("n1").unwrap().pods().len(), snapshot.node("n2").unwrap().pods().len()));
}

#[test]
fn an_assumed_pod_is_confirmed_forgotten_or_expires() {
    let mut cache = filled(2);
    let (now, node) = (Instant::now(), Arc::from("n0"));
    assert!(cache.assume(pod("p"), &node));
    assert!(!cache.assume(pod("p"), &node), "it is counted already");
    assert!(cache.is_assumed("uid-p"));
    cache.set_pod(pod("p"), &"n1".into());
    assert!(!cache.is_assumed("uid-p"), "confirmed, on another node even");
    assert!(cache.forget("uid-p").is_none(), "what is confirmed stays");
    assert_eq!(cache.node("n1").unwrap().pods().len(), 1);

    assert!(cache.assume(pod("q"), &node));
    assert!(cache.forget("uid-q").is_some());

    assert!(cache.assume(pod("r"), &node));
    assert!(cache.expire(now + Duration::from_secs(3600)).is_empty(), "it is still being bound");
    cache.finish_binding("uid-r", now);
    assert!(cache.expire(now + Duration::from_secs(29)).is_empty());
    assert_eq!(cache.expire(now + Duration::from_secs(30)).len(), 1);
    assert_eq!(cache.node("n0").unwrap().requested().milli_cpu, 0);
}

#[test]
fn pods_may_come_before_their_node_and_stay_after_it() {
    let mut cache = filled(1);
    let mut snapshot = Snapshot::default();
    cache.set_pod(pod("p"), &"late".into());
    cache.refresh(&mut snapshot);
    assert_eq!(names(&snapshot), ["n0"]);
    let late = Simulation::new("node late cpu=8").snapshot().nodes()[0].facts().clone();
    cache.set_node(late.clone());
    cache.refresh(&mut snapshot);
    assert_eq!(snapshot.node("late").unwrap().pods().len(), 1);
    cache.remove_node("late");
    cache.refresh(&mut snapshot);
    assert_eq!(names(&snapshot), ["n0"]);
    cache.set_node(late);
    assert_eq!(cache.node("late").unwrap().pods().len(), 1, "the pod was never removed");
}
