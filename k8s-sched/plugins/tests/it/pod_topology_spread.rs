use insta::assert_snapshot;
use k8s_sched_plugins::PodTopologySpread;

use crate::check::explain;

const ZONES: &str = "node a label:zone=x; node b label:zone=x; node c label:zone=y; node d;
    pod q on=a label:app=web; pod r on=b label:app=web; pod s on=c label:app=web";

fn spread() -> k8s_sched::Plugin {
    PodTopologySpread::new(&Default::default()).unwrap().plugin()
}

#[test]
fn hard_constraints_rule_out() {
    assert_snapshot!(explain(spread(), &format!("{ZONES}; pod p label:app=web spread:zone=1")), @r#"
    a: no: PodTopologySpread: node(s) didn't match pod topology spread constraints
    b: no: PodTopologySpread: node(s) didn't match pod topology spread constraints
    c: 0
    d: no: PodTopologySpread: node(s) didn't match pod topology spread constraints (missing required label)
    "#);
}

#[test]
fn soft_constraints_rank() {
    assert_snapshot!(explain(spread(), &format!("{ZONES}; pod p label:app=web prefer-spread:zone=1")), @r#"
    a: 66 = PodTopologySpread 33×2
    b: 66 = PodTopologySpread 33×2
    c: 200 = PodTopologySpread 100×2
    d: 0 = PodTopologySpread 0×2
    "#);
}

#[test]
fn pods_without_constraints_are_left_alone() {
    assert_snapshot!(explain(spread(), "node a; pod p"), @"a: 0");
}
