use k8s_api_patch::decode::Strictness;
use k8s_api_patch::patch::PatchKind;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::patch::apply;

fn pod(spec: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec})
}

fn patched(spec: Value, patch: Value) -> Result<Value, String> {
    let patch = json!({"spec": patch}).to_string();
    let applied = apply(PatchKind::Strategic, &pod(spec), &patch, Strictness::Strict);
    applied.map(|applied| applied.tree["spec"].clone()).map_err(|status| format!("{} {status}", status.code))
}

#[test]
fn merges() {
    let two = json!({"containers": [{"name": "a", "image": "1"}, {"name": "b", "image": "2"}]});
    for (spec, patch, want) in [
        // Lists with keys merge by key; what is new goes first.
        (
            two.clone(),
            json!({"containers": [{"name": "b", "image": "3"}]}),
            json!({"containers": [{"name": "a", "image": "1"}, {"name": "b", "image": "3"}]}),
        ),
        (
            two.clone(),
            json!({"containers": [{"name": "c"}]}),
            json!({"containers": [{"name": "c"}, {"name": "a", "image": "1"}, {"name": "b", "image": "2"}]}),
        ),
        (
            two.clone(),
            json!({"containers": [{"name": "a", "$patch": "delete"}]}),
            json!({"containers": [{"name": "b", "image": "2"}]}),
        ),
        (
            two.clone(),
            json!({"containers": [{"name": "c"}, {"$patch": "replace"}]}),
            json!({"containers": [{"name": "c"}]}),
        ),
        (
            two.clone(),
            json!({"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]}),
            json!({"containers": [{"name": "b", "image": "2"}, {"name": "a", "image": "1"}]}),
        ),
        (
            two.clone(),
            json!({"$setElementOrder/containers": [{"name": "c"}, {"name": "b"}], "containers": [{"name": "c"}]}),
            json!({"containers": [{"name": "c"}, {"name": "a", "image": "1"}, {"name": "b", "image": "2"}]}),
        ),
        // Lists without keys are replaced.
        (
            json!({"tolerations": [{"key": "a"}]}),
            json!({"tolerations": [{"key": "b"}]}),
            json!({"tolerations": [{"key": "b"}]}),
        ),
        // Objects.
        (
            json!({"nodeSelector": {"a": "b"}}),
            json!({"nodeSelector": {"c": "d", "a": null}}),
            json!({"nodeSelector": {"c": "d"}}),
        ),
        (
            json!({"nodeSelector": {"a": "b"}}),
            json!({"nodeSelector": {"$patch": "replace", "c": "d"}}),
            json!({"nodeSelector": {"c": "d"}}),
        ),
        (
            json!({"securityContext": {"runAsUser": 1}}),
            json!({"securityContext": {"$patch": "delete"}}),
            json!({"securityContext": {}}),
        ),
        (json!({}), json!({"nodeSelector": {"a": null}}), json!({"nodeSelector": {}})),
        // Retained keys.
        (
            json!({"volumes": [{"name": "v", "emptyDir": {}}]}),
            json!({"volumes": [{"name": "v", "$retainKeys": ["name", "hostPath"], "hostPath": {"path": "/"}}]}),
            json!({"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}),
        ),
    ] {
        assert_eq!(patched(spec, patch.clone()).as_ref(), Ok(&want), "{patch}");
    }
}

#[test]
fn merges_lists_of_scalars() {
    let current = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"finalizers": ["a", "b"]}});
    for (patch, want) in [
        (json!({"finalizers": ["b", "c"]}), json!(["a", "b", "c"])),
        (json!({"$deleteFromPrimitiveList/finalizers": ["a"]}), json!(["b"])),
        (json!({"$setElementOrder/finalizers": ["b", "a"], "finalizers": []}), json!(["b", "a"])),
    ] {
        let patch = json!({"metadata": patch}).to_string();
        let applied = apply(PatchKind::Strategic, &current, &patch, Strictness::Strict).unwrap();
        assert_eq!(applied.tree["metadata"]["finalizers"], want, "{patch}");
    }
}

#[test]
fn refuses() {
    for (patch, error) in [
        (json!({"containers": [{"image": "x"}]}), "500 map: map[image:x] does not contain declared merge key: name"),
        (json!({"containers": [{"$patch": "nope"}]}), "500 unknown patch type: nope in map: map[$patch:nope]"),
        (json!({"securityContext": {"$retainKeys": 5}}), "400 invalid patch format of retainKeys"),
        (json!({"$setElementOrder": []}), "400 invalid patch format of setElementOrder list"),
    ] {
        let spec = json!({"containers": [{"name": "a"}], "securityContext": {}});
        assert_eq!(patched(spec, patch.clone()), Err(error.to_owned()), "{patch}");
    }
}

type Containers = std::collections::BTreeMap<String, String>;

fn containers(named: &Containers) -> Vec<Value> {
    named.iter().map(|(name, image)| json!({"name": name, "image": image})).collect()
}

proptest! {
    #[test]
    fn a_patch_of_the_difference_makes_the_target(
        from in prop::collection::btree_map("[a-d]", "[x-z]", 0..4),
        to in prop::collection::btree_map("[a-d]", "[x-z]", 0..4),
    ) {
        let mut difference = containers(&to);
        difference.extend(from.keys().filter(|name| !to.contains_key(*name)).map(|name| json!({"name": name, "$patch": "delete"})));
        let order: Vec<Value> = to.keys().map(|name| json!({"name": name})).collect();
        let patch = json!({"containers": difference, "$setElementOrder/containers": order});
        let spec = json!({"containers": containers(&from)});
        if difference_is_empty(&patch) {
            return Ok(());
        }
        let merged = patched(spec, patch).unwrap();
        prop_assert_eq!(&merged["containers"], &json!(containers(&to)));
    }

    #[test]
    fn a_patch_applied_twice_changes_nothing_more(
        from in prop::collection::btree_map("[a-d]", "[x-z]", 1..4),
        patch in prop::collection::btree_map("[a-d]", "[x-z]", 1..4),
    ) {
        let patch = json!({"containers": containers(&patch)});
        let once = patched(json!({"containers": containers(&from)}), patch.clone()).unwrap();
        prop_assert_eq!(patched(once.clone(), patch).unwrap(), once);
    }
}

/// Upstream cannot tell the type of no items.
fn difference_is_empty(patch: &Value) -> bool {
    patch["containers"].as_array().is_none_or(Vec::is_empty)
}
