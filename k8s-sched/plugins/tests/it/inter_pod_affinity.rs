use insta::assert_snapshot;
use k8s_sched_plugins::InterPodAffinity;

use crate::check::explain;

const ZONES: &str = "node a label:zone=x; node b label:zone=x; node c label:zone=y; pod q on=a label:app=db";

fn affinity(pods: &str) -> String {
    explain(InterPodAffinity::default().plugin(), &format!("{ZONES}; {pods}"))
}

#[test]
fn near() {
    assert_snapshot!(affinity("pod p near:app=db@zone"), @r#"
    a: 0
    b: 0
    c: no: InterPodAffinity: node(s) didn't match pod affinity rules
    "#);
}

#[test]
fn the_first_of_its_group_may_go_anywhere() {
    assert_snapshot!(affinity("pod p label:app=new near:app=new@zone"), @r#"
    a: 0
    b: 0
    c: 0
    "#);
    assert_snapshot!(affinity("pod p near:app=new@zone"), @r#"
    a: no: InterPodAffinity: node(s) didn't match pod affinity rules
    b: no: InterPodAffinity: node(s) didn't match pod affinity rules
    c: no: InterPodAffinity: node(s) didn't match pod affinity rules
    "#);
}

#[test]
fn apart() {
    assert_snapshot!(affinity("pod p apart:app=db@zone"), @r#"
    a: no: InterPodAffinity: node(s) didn't match pod anti-affinity rules
    b: no: InterPodAffinity: node(s) didn't match pod anti-affinity rules
    c: 0
    "#);
}

#[test]
fn unwelcome() {
    assert_snapshot!(affinity("pod r on=c apart:app=web@host; pod p label:app=web"), @r#"
    a: 0
    b: 0
    c: no: InterPodAffinity: node(s) didn't satisfy existing pods anti-affinity rules
    "#);
}

#[test]
fn preferences() {
    assert_snapshot!(affinity("pod p prefer-near:10:app=db@zone prefer-apart:4:app=db@host"), @r#"
    a: 120 = InterPodAffinity 60×2
    b: 200 = InterPodAffinity 100×2
    c: 0 = InterPodAffinity 0×2
    "#);
}
