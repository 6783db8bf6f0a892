use k8s_sched::{ClusterState, Profile, Simulation};

use crate::plugins::{Cpu, Label};

#[test]
fn a_pod_takes_its_place() {
    let simulation = Simulation::new("node a cpu=1; node b cpu=1 label:score=5; pod p cpu=1; pod q cpu=1; pod r cpu=1")
        .with(Cpu::plugin())
        .with(Label);
    assert_eq!(simulation.schedule("p").node(), "b");
    insta::assert_snapshot!(simulation.explain("q"), @r#"
    a: 0 = Label 0
    b: no: Cpu: Insufficient cpu
    "#);
    assert_eq!(simulation.schedule("q").node(), "a");
    insta::assert_snapshot!(simulation.schedule("r").message().unwrap(), @"0/2 nodes are available: 2 Insufficient cpu.");
}

#[test]
fn what_is_not_understood_is_named() {
    let wrong = |text: &str| Simulation::parse(text).unwrap_err().to_string();
    insta::assert_snapshot!(wrong("nod a"), @"simulation: neither a node nor a pod: nod a");
    insta::assert_snapshot!(wrong("node a cpu=x"), @"simulation: quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$': x");
    insta::assert_snapshot!(wrong("pod p likes:cats=1"), @"simulation: not a property of a pod: likes:cats=1");
    insta::assert_snapshot!(wrong("node a taint:x"), @"simulation: an effect is missing: x");
    insta::assert_snapshot!(wrong("pod"), @"simulation: a name is missing: pod");
}

#[test]
fn a_fork_goes_its_own_way() {
    let profile = Profile::empty().with(Cpu::plugin());
    let (state, pending) = ClusterState::parse("node a cpu=2; pod p cpu=2; pod q cpu=2; pod r cpu=2", profile).unwrap();
    let plan = state.fork().schedule_pods(&pending);
    assert_eq!((plan.placed(), plan.failures().len()), (1, 2));
    assert_eq!(state.node("a").unwrap().pods().len(), 0);
    assert_eq!(plan.nodes_needed(state.node("a").unwrap().facts()), 2);
}
