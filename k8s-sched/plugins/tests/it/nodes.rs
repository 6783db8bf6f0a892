//! Plugins that look at what a node is.

use insta::assert_snapshot;
use k8s_sched_plugins::{ImageLocality, NodeAffinity, NodeName, NodePorts, NodeUnschedulable, TaintToleration};

use crate::check::{explain, schedule};

#[test]
fn taints_keep_pods_away_unless_tolerated() {
    let cluster = "node a; node b taint:gpu=yes:NoSchedule; node c taint:gpu=yes:NoExecute;
        node d taint:slow:PreferNoSchedule";
    assert_snapshot!(explain(TaintToleration.plugin(), &format!("{cluster}; pod p")), @r#"
    a: 100 = TaintToleration 100
    b: no: TaintToleration: node(s) had untolerated taint(s)
    c: no: TaintToleration: node(s) had untolerated taint(s)
    d: 0 = TaintToleration 0
    "#);
    assert_snapshot!(explain(TaintToleration.plugin(), &format!("{cluster}; pod p tolerate:gpu=yes:NoSchedule")), @r#"
    a: 100 = TaintToleration 100
    b: 100 = TaintToleration 100
    c: no: TaintToleration: node(s) had untolerated taint(s)
    d: 0 = TaintToleration 0
    "#);
    assert_snapshot!(explain(TaintToleration.plugin(), &format!("{cluster}; pod p tolerate:*")), @r#"
    a: 100 = TaintToleration 100
    b: 100 = TaintToleration 100
    c: 100 = TaintToleration 100
    d: 100 = TaintToleration 100
    "#);
}

#[test]
fn affinity_to_nodes_rules_out_and_prefers() {
    let cluster = "node a label:disk=ssd; node b label:disk=hdd; node c";
    assert_snapshot!(explain(NodeAffinity::default().plugin(), &format!("{cluster}; pod p select:disk=ssd")), @r#"
    a: 0
    b: no: NodeAffinity: node(s) didn't match Pod's node affinity/selector
    c: no: NodeAffinity: node(s) didn't match Pod's node affinity/selector
    "#);
    let wishes = "pod p prefer:5:disk=ssd prefer:2:disk=hdd";
    assert_snapshot!(explain(NodeAffinity::default().plugin(), &format!("{cluster}; {wishes}")), @r#"
    a: 200 = NodeAffinity 100×2
    b: 80 = NodeAffinity 40×2
    c: 0 = NodeAffinity 0×2
    "#);
}

#[test]
fn cordoned_nodes_are_out_unless_tolerated() {
    assert_snapshot!(explain(NodeUnschedulable.plugin(), "node a cordoned; node b; pod p"), @r#"
    a: no: NodeUnschedulable: node(s) were unschedulable
    b: 0
    "#);
    let tolerant = "node a cordoned; node b; pod p tolerate:node.kubernetes.io/unschedulable:NoSchedule";
    assert_snapshot!(explain(NodeUnschedulable.plugin(), tolerant), @r#"
    a: 0
    b: 0
    "#);
}

#[test]
fn a_taken_port_is_taken() {
    let cluster = "node a; node b; pod q on=a port=80; pod r on=b port=80/UDP; pod p port=80";
    assert_snapshot!(explain(NodePorts.plugin(), cluster), @r#"
    a: no: NodePorts: node(s) didn't have free ports for the requested pod ports
    b: 0
    "#);
}

#[test]
fn images_draw_pods() {
    let cluster = "node a image:big=900Mi; node b image:big=900Mi; node c; node d image:small=10Mi; pod p image=big";
    assert_snapshot!(explain(ImageLocality.plugin(), cluster), @r#"
    a: 43 = ImageLocality 43
    b: 43 = ImageLocality 43
    c: 0 = ImageLocality 0
    d: 0 = ImageLocality 0
    "#);
}

#[test]
fn a_named_node_is_the_only_one() {
    assert_snapshot!(explain(NodeName.plugin(), "node a; node b; pod p"), @r#"
    a: 0
    b: 0
    "#);
}

#[test]
fn all_reasons_are_counted() {
    assert_snapshot!(schedule("pod p"), @"no nodes available to schedule pods");
    assert_snapshot!(schedule("node a cpu=1; node b cpu=8 cordoned; node c cpu=8 taint:x:NoSchedule; pod p cpu=2"), @"0/3 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable. no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.");
}
