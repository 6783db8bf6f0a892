use insta::assert_snapshot;
use k8s_sched_plugins::{NodeResourcesBalancedAllocation, NodeResourcesFit, registry};
use serde_json::json;

use crate::check::explain;

fn balanced() -> k8s_sched::Plugin {
    NodeResourcesBalancedAllocation::new(Default::default()).unwrap().plugin()
}

#[test]
fn what_is_short_is_told() {
    let cluster = "node a cpu=4 used=3; node b cpu=4 used=1; node c cpu=1; node d cpu=8 pods=0; pod p cpu=2";
    assert_snapshot!(explain(NodeResourcesFit::default().plugin(), cluster), @r#"
    a: no: NodeResourcesFit: Insufficient cpu
    b: 25 = NodeResourcesFit 25
    c: no: NodeResourcesFit: Insufficient cpu
    d: no: NodeResourcesFit: Too many pods
    "#);
}

#[test]
fn extended_resources_are_counted() {
    let cluster = "node a cpu=4 example.com/gpu=2; node b cpu=4; pod q on=a example.com/gpu=1; pod p example.com/gpu=2";
    assert_snapshot!(explain(NodeResourcesFit::default().plugin(), cluster), @r#"
    a: no: NodeResourcesFit: Insufficient example.com/gpu
    b: no: NodeResourcesFit: Insufficient example.com/gpu
    "#);
}

#[test]
fn strategies_rank_nodes() {
    let cluster = "node a cpu=4 memory=8Gi used=3; node b cpu=4 memory=8Gi; pod p cpu=500m memory=1Gi";
    for (strategy, expected) in [
        (json!({"type": "LeastAllocated"}), "a: 48 = NodeResourcesFit 48\nb: 87 = NodeResourcesFit 87"),
        (json!({"type": "MostAllocated"}), "a: 50 = NodeResourcesFit 50\nb: 12 = NodeResourcesFit 12"),
        (
            json!({"type": "RequestedToCapacityRatio", "resources": [{"name": "cpu", "weight": 1}],
            "requestedToCapacityRatio": {"shape": [
                {"utilization": 0, "score": 0}, {"utilization": 50, "score": 10}, {"utilization": 100, "score": 0}
            ]}}),
            "a: 26 = NodeResourcesFit 26\nb: 24 = NodeResourcesFit 24",
        ),
    ] {
        let plugin = registry().plugin("NodeResourcesFit", json!({ "scoringStrategy": strategy })).unwrap();
        assert_eq!(explain(plugin, cluster), expected, "{strategy}");
    }
}

#[test]
fn balance_is_preferred() {
    let cluster = "node a cpu=4 memory=8Gi; node b cpu=4 memory=8Gi; pod q on=a cpu=2; pod r on=b memory=4Gi;
        pod p cpu=1 memory=512Mi";
    assert_snapshot!(explain(balanced(), cluster), @r#"
    a: 70 = NodeResourcesBalancedAllocation 70
    b: 79 = NodeResourcesBalancedAllocation 79
    "#);
}
