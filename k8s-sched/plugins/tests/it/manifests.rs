//! What would happen in a cluster that manifests describe.

use k8s_sched::{ClusterState, Profile};

const MANIFESTS: &str = "
apiVersion: v1
kind: Node
metadata: {name: a, labels: {kubernetes.io/hostname: a}}
status: {capacity: {cpu: '2', memory: 4Gi, pods: '10'}}
---
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Pod, metadata: {name: runs}, spec: {nodeName: a, containers: [{name: c, image: i, resources: {requests: {cpu: '1'}}}]}}
- {apiVersion: v1, kind: Pod, metadata: {name: fits}, spec: {containers: [{name: c, image: i, resources: {limits: {cpu: 900m}}}]}}
- {apiVersion: v1, kind: Pod, metadata: {name: waits}, spec: {containers: [{name: c, image: i, resources: {limits: {cpu: 900m}}}]}}
";

#[test]
fn pods_of_manifests_find_their_nodes() {
    let profile = k8s_sched_plugins::default_profile();
    let (state, pending) = ClusterState::from_manifests(MANIFESTS, profile).unwrap();
    assert_eq!(pending.len(), 2);
    let plan = state.fork().schedule_pods(&pending);
    assert_eq!(plan.placed(), 1);
}

#[test]
fn manifests_of_other_kinds_are_refused_and_named() {
    let read = |text| ClusterState::from_manifests(text, Profile::empty()).unwrap_err().to_string();
    assert_eq!(read("{kind: Service, metadata: {name: s}}"), "a \"Service\": only Nodes and Pods are understood");
    assert!(read("{kind: Pod, metadata: {name: p}, spec: {containers: 7}}").starts_with("Pod p: "));
    assert!(read("{kind: Pod").starts_with("the manifests: "));
}
