//! The registry of resources: the built-in ones, and those that come and go.

use std::cmp::Ordering;

use k8s_api::GroupVersionResource;
use k8s_api::registry::{Registry, ResourceInfo, Verb, Verbs, compare_versions};

fn widgets(group: &str, version: &str) -> ResourceInfo {
    ResourceInfo {
        gvr: GroupVersionResource::new(group.to_owned(), version.to_owned(), "widgets"),
        kind: "Widget".into(),
        singular: "widget".into(),
        namespaced: true,
        verbs: Verbs::ALL,
        short_names: Box::default(),
        categories: Box::default(),
        storage_version_hash: None,
        delete_returns_object: false,
        subresources: Box::default(),
    }
}

#[test]
fn builtin_resources_are_found_both_ways() {
    let served = Registry::builtin().snapshot();
    assert!(served.resources().len() > 60);
    for info in served.resources() {
        assert_eq!(served.gvr(&info.gvr), Some(info));
        assert_eq!(served.gvk(&info.gvk()), Some(info));
    }
    let pods = served.resource("", "v1", "pods").unwrap();
    assert_eq!(&*pods.short_names, ["po"]);
    assert_eq!(pods.subresource("eviction").unwrap().kind.api_version(), "policy/v1");
    assert!(!served.resource("", "v1", "namespaces").unwrap().verbs.contains(Verb::DeleteCollection));
    assert!(served.resource("apps", "v1", "pods").is_none());
}

#[test]
fn groups_come_in_upstreams_order_and_custom_ones_after() {
    let registry = Registry::builtin();
    registry.insert(widgets("zoo.example", "v1"));
    registry.insert(widgets("ant.example", "v1beta1"));
    registry.insert(widgets("ant.example", "v1"));
    let served = registry.snapshot();
    let names: Vec<&str> = served.groups().iter().map(|group| &*group.name).collect();
    assert_eq!(names[..4], ["", "apiregistration.k8s.io", "apps", "events.k8s.io"]);
    assert_eq!(names[names.len() - 2..], ["ant.example", "zoo.example"]);
    let versions: Vec<&str> = served.group("ant.example").unwrap().versions.iter().map(|v| &*v.name).collect();
    assert_eq!(versions, ["v1", "v1beta1"]);
    let autoscaling: Vec<&str> = served.group("autoscaling").unwrap().versions.iter().map(|v| &*v.name).collect();
    assert_eq!(autoscaling, ["v2", "v1"]);
}

#[test]
fn a_snapshot_stays_as_it_is() {
    let registry = Registry::builtin();
    let before = registry.snapshot();
    registry.insert(widgets("zoo.example", "v1"));
    registry.insert(widgets("zoo.example", "v1"));
    assert!(before.resource("zoo.example", "v1", "widgets").is_none());
    let with = registry.snapshot();
    assert_eq!(with.resources().len(), before.resources().len() + 1);
    registry.remove(&GroupVersionResource::new("zoo.example", "v1", "widgets"));
    assert!(registry.snapshot().group("zoo.example").is_none());
    assert!(with.kind("zoo.example", "v1", "Widget").is_some());
    assert_eq!(Registry::builtin().snapshot().resources().len(), before.resources().len());
}

#[test]
fn versions_are_ordered_by_what_they_promise() {
    let ordered = ["v10", "v2", "v1", "v11beta2", "v10beta3", "v3beta1", "v12alpha1", "v11alpha2", "foo1", "foo10"];
    for pair in ordered.windows(2) {
        assert_eq!(compare_versions(pair[0], pair[1]), Ordering::Less, "{pair:?}");
    }
}

#[test]
fn keys_in_the_store_are_upstreams() {
    let registry = Registry::builtin();
    registry.insert(widgets("zoo.example", "v1"));
    let served = registry.snapshot();
    let prefix = |group: &str, version: &str, resource: &str| {
        served.storage_prefix(served.resource(group, version, resource).unwrap()).into_owned()
    };
    assert_eq!(prefix("", "v1", "pods"), "pods");
    assert_eq!(prefix("", "v1", "nodes"), "minions");
    assert_eq!(prefix("", "v1", "services"), "services/specs");
    assert_eq!(prefix("", "v1", "endpoints"), "services/endpoints");
    assert_eq!(prefix("events.k8s.io", "v1", "events"), prefix("", "v1", "events"));
    assert_eq!(prefix("coordination.k8s.io", "v1", "leases"), "leases");
    assert_eq!(
        prefix("apiextensions.k8s.io", "v1", "customresourcedefinitions"),
        "apiextensions.k8s.io/customresourcedefinitions"
    );
    assert_eq!(prefix("zoo.example", "v1", "widgets"), "zoo.example/widgets");
}
