use k8s_api::GroupVersionResource;
use k8s_api::registry::{Registry, ResourceInfo, Snapshot, Verbs};
use k8s_api_openapi::discovery;
use serde_json::Value;

use crate::golden::shared;

fn legacy(served: &Snapshot, path: &str) -> Option<Value> {
    let words: Vec<&str> = path.trim_matches('/').split('/').collect();
    match words.as_slice() {
        ["api"] => Some(discovery::api_versions(served, "192.0.2.10:16443")),
        ["api", version] => discovery::resource_list(served, "", version),
        ["apis"] => Some(discovery::group_list(served)),
        ["apis", group] => discovery::group(served, group),
        ["apis", group, version] => discovery::resource_list(served, group, version),
        _ => None,
    }
}

#[test]
fn legacy_documents_are_upstreams() {
    let Some(recorded) = shared("golden/api/discovery_legacy.json") else { return };
    let served = Registry::builtin().snapshot();
    let mut n_compared = 0;
    for one in recorded.as_array().unwrap() {
        let path = one["request"]["path"].as_str().unwrap();
        let theirs = &one["response"]["body"];
        let is_get = one["request"]["method"] == "GET";
        if !is_get || one["response"]["headers"]["content-type"] != "application/json" {
            continue;
        }
        match one["response"]["status"].as_u64() {
            Some(200) => {
                assert_eq!(&legacy(&served, path).unwrap(), theirs, "{path}");
                n_compared += 1;
            }
            Some(404) => assert_eq!(legacy(&served, path), None, "{path}"),
            _ => {}
        }
    }
    assert!(n_compared > 40, "{n_compared}");
}

#[test]
fn aggregated_documents_are_upstreams() {
    let Some(recorded) = shared("golden/api/discovery_aggregated.json") else { return };
    let served = Registry::builtin().snapshot();
    let theirs = |name: &str| {
        let mut recorded = recorded.as_array().unwrap().iter();
        recorded.find(|one| one["name"] == name).unwrap()["response"]["body"].clone()
    };
    assert_eq!(discovery::aggregated_core(&served), theirs("aggregated /api"));
    assert_eq!(discovery::aggregated_groups(&served), theirs("aggregated /apis"));
}

#[test]
fn paths_are_upstreams() {
    let Some(recorded) = shared("golden/api/discovery_roots.json") else { return };
    let theirs = &recorded[0]["response"]["body"];
    let all = theirs["paths"].as_array().unwrap().iter().filter_map(Value::as_str);
    let others = all.filter(|path| !path.starts_with("/api"));
    assert_eq!(&discovery::paths(&Registry::builtin().snapshot(), others), theirs);
}

#[test]
fn a_custom_resource_names_its_own_group() {
    let registry = Registry::builtin();
    registry.insert(ResourceInfo {
        gvr: GroupVersionResource::new("zoo.example", "v1", "widgets"),
        kind: "Widget".into(),
        singular: "widget".into(),
        namespaced: true,
        verbs: Verbs::ALL,
        short_names: Box::default(),
        categories: Box::default(),
        storage_version_hash: None,
        delete_returns_object: false,
        subresources: Box::default(),
    });
    let document = discovery::aggregated_groups(&registry.snapshot());
    let last = document["items"].as_array().unwrap().last().unwrap();
    assert_eq!(last["metadata"]["name"], "zoo.example");
    assert_eq!(last["versions"][0]["resources"][0]["responseKind"]["group"], "zoo.example");
}
