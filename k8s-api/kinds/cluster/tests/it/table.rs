//! The table of strategies.

use std::collections::BTreeSet;

use k8s_api::registry::{Registry, Verb};
use k8s_api_kinds_cluster::strategies;

/// Those that pods and workloads bring themselves.
const ELSEWHERE: [&str; 10] = [
    "pods",
    "podtemplates",
    "replicationcontrollers",
    "replicasets",
    "deployments",
    "statefulsets",
    "daemonsets",
    "jobs",
    "cronjobs",
    "poddisruptionbudgets",
];

#[test]
fn every_stored_kind_has_one_strategy() {
    let all = strategies();
    let known: BTreeSet<_> = all.iter().map(|(gvr, _)| gvr.clone()).collect();
    assert_eq!(known.len(), all.len(), "a kind stands twice");
    let snapshot = Registry::builtin().snapshot();
    let stored = snapshot.resources().iter().filter(|r| r.verbs.contains(Verb::List) && r.verbs.contains(Verb::Create));
    for resource in stored.filter(|resource| !ELSEWHERE.contains(&&*resource.gvr.resource)) {
        assert!(known.contains(&resource.gvr), "no strategy for {:?}", resource.gvr);
    }
}

#[test]
fn labels_are_those_that_the_facts_name() {
    for (gvr, strategy) in strategies() {
        let tree = serde_json::json!({"spec": {}, "involvedObject": {}});
        let Ok(mut object) = strategy.decode(tree) else { continue };
        strategy.default(object.as_mut());
        let given: BTreeSet<&str> = strategy.field_labels(object.as_ref()).iter().map(|(label, _)| *label).collect();
        let named: BTreeSet<&str> = strategy.facts().field_labels.iter().copied().collect();
        assert_eq!(given, named, "{gvr:?}");
    }
}
