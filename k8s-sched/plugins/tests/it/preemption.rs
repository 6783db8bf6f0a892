use insta::assert_snapshot;
use k8s_sched::{ClusterState, Failure};
use k8s_sched_plugins::default_profile;

/// The node nominated for the pod `p` and the victims there, or the message.
fn preempt(cluster: &str) -> String {
    let (mut state, pending) = ClusterState::parse(cluster, default_profile()).unwrap();
    let failure = state.schedule(&pending[0]).unwrap_err();
    let Failure::Unfit(diagnosis) = &failure else { return failure.to_string() };
    let Some(nomination) = diagnosis.nomination() else { return failure.to_string() };
    let victims: Vec<_> = nomination.victims.iter().map(|victim| victim.name()).collect();
    format!("{}: {}", nomination.node, victims.join(" "))
}

#[test]
fn the_least_important_go() {
    let cluster = "node a cpu=4; node b cpu=4; pod q on=a cpu=3 priority=5; pod r on=b cpu=3 priority=2";
    assert_snapshot!(preempt(&format!("{cluster}; pod p cpu=2 priority=10")), @"b: r");
}

#[test]
fn no_more_go_than_must() {
    let cluster = "node a cpu=4; pod q on=a cpu=1 priority=1; pod r on=a cpu=2 priority=2; pod s on=a cpu=1 priority=3";
    assert_snapshot!(preempt(&format!("{cluster}; pod p cpu=2 priority=10")), @"a: r");
}

#[test]
fn equals_do_not_go() {
    assert_snapshot!(preempt("node a cpu=4; node b cpu=1; pod q on=a cpu=3; pod p cpu=2"), @"0/2 nodes are available: 2 Insufficient cpu. no new claims to deallocate, preemption: 0/2 nodes are available: 1 No preemption victims found for incoming pod, 1 Preemption is not helpful for scheduling.");
}

#[test]
fn spread_is_kept_in_mind() {
    let cluster = "node a cpu=2 label:zone=x; node b cpu=2 label:zone=y; pod q on=a cpu=2 label:app=web;
        pod r on=b cpu=2 label:app=web";
    assert_snapshot!(preempt(&format!("{cluster}; pod p cpu=2 priority=1 label:app=web spread:zone=1")), @"b: r");
}
