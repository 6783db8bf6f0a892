//! Plugins that look at what a node is.

use insta::assert_snapshot;
use k8s_sched_plugins::{ImageLocality, NodeAffinity, NodeName, NodePorts, NodeUnschedulable, TaintToleration};

use crate::check::{explain, schedule};

#[test]
fn taints_keep_pods_away_unless_tolerated() {
    let cluster = "node a; node b taint:gpu=yes:NoSchedule; node c taint:gpu=yes:NoExecute;
        node d taint:slow:PreferNoSchedule";
    assert_snapshot!(explain(TaintToleration.plugin(), &format!("{cluster}; pod p")), @"");
    assert_snapshot!(explain(TaintToleration.plugin(), &format!("{cluster}; pod p tolerate:gpu=yes:NoSchedule")), @"");
    assert_snapshot!(explain(TaintToleration.plugin(), &format!("{cluster}; pod p tolerate:*")), @"");
}

#[test]
fn affinity_to_nodes_rules_out_and_prefers() {
    let cluster = "node a label:disk=ssd; node b label:disk=hdd; node c";
    assert_snapshot!(explain(NodeAffinity::default().plugin(), &format!("{cluster}; pod p select:disk=ssd")), @"");
    let wishes = "pod p prefer:5:disk=ssd prefer:2:disk=hdd";
    assert_snapshot!(explain(NodeAffinity::default().plugin(), &format!("{cluster}; {wishes}")), @"");
}

#[test]
fn cordoned_nodes_are_out_unless_tolerated() {
    assert_snapshot!(explain(NodeUnschedulable.plugin(), "node a cordoned; node b; pod p"), @"");
    let tolerant = "node a cordoned; node b; pod p tolerate:node.kubernetes.io/unschedulable:NoSchedule";
    assert_snapshot!(explain(NodeUnschedulable.plugin(), tolerant), @"");
}

#[test]
fn a_taken_port_is_taken() {
    let cluster = "node a; node b; pod q on=a port=80; pod r on=b port=80/UDP; pod p port=80";
    assert_snapshot!(explain(NodePorts.plugin(), cluster), @"");
}

#[test]
fn images_draw_pods() {
    let cluster = "node a image:big=900Mi; node b image:big=900Mi; node c; node d image:small=10Mi; pod p image=big";
    assert_snapshot!(explain(ImageLocality.plugin(), cluster), @"");
}

#[test]
fn a_named_node_is_the_only_one() {
    assert_snapshot!(explain(NodeName.plugin(), "node a; node b; pod p"), @"");
}

#[test]
fn all_reasons_are_counted() {
    assert_snapshot!(schedule("pod p"), @"");
    assert_snapshot!(schedule("node a cpu=1; node b cpu=8 cordoned; node c cpu=8 taint:x:NoSchedule; pod p cpu=2"), @"");
}
