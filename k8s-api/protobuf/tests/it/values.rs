//! Single values, there and back.

use bytes::BytesMut;
use k8s_api::GroupVersionKind;
use k8s_api_protobuf::{Codec, Envelope, Error, frame};
use serde_json::{Value, json};

/// The object after both ways, without `apiVersion` and `kind`.
fn back(group: &str, version: &str, kind: &'static str, tree: &Value) -> Value {
    let gvk = GroupVersionKind::new(group.to_owned(), version.to_owned(), kind);
    let bytes = Codec::builtin().encode(&gvk, tree).unwrap();
    let (found, mut tree) = Codec::builtin().decode(&bytes).unwrap();
    assert_eq!(found, gvk);
    let entries = tree.as_object_mut().unwrap();
    entries.remove("apiVersion");
    entries.remove("kind");
    tree
}

#[test]
fn every_shape_of_a_schema_survives() {
    let schema = json!({
        "type": "object",
        "minimum": -1.5,
        "maximum": 3,
        "default": { "a": [1, null] },
        "enum": ["x", 1],
        "items": { "type": "string" },
        "additionalProperties": false,
        "additionalItems": { "type": "integer" },
        "dependencies": { "a": ["b", "c"], "d": { "type": "string" } },
        "properties": { "p": { "items": [{ "type": "string" }, { "type": "number" }] } },
        "x-kubernetes-preserve-unknown-fields": true,
    });
    let crd = json!({
        "metadata": { "name": "a" },
        "spec": {
            "group": "g", "scope": "Namespaced",
            "names": { "plural": "as", "kind": "A" },
            "versions": [{ "name": "v1", "served": true, "storage": true, "schema": { "openAPIV3Schema": schema } }],
        },
        "status": {
            "conditions": null, "acceptedNames": { "plural": "", "kind": "" }, "storedVersions": ["v1"],
        },
    });
    assert_eq!(back("apiextensions.k8s.io", "v1", "CustomResourceDefinition", &crd), crd);
}

#[test]
fn times_are_to_the_second_or_microsecond() {
    let lease = json!({
        "metadata": { "creationTimestamp": "1969-12-31T23:59:58Z" },
        "spec": { "renewTime": "1969-12-31T23:59:58.500001Z", "acquireTime": "2024-01-01T00:00:00.000000Z" },
    });
    assert_eq!(back("coordination.k8s.io", "v1", "Lease", &lease), lease);
}

#[test]
fn zero_times_are_null() {
    let event = json!({
        "metadata": { "name": "a", "creationTimestamp": "0001-01-01T00:00:00Z" },
        "lastTimestamp": "2024-01-01T00:00:00+01:00",
    });
    let event = back("", "v1", "Event", &event);
    assert_eq!(event["metadata"], json!({ "name": "a" }));
    assert_eq!(event["eventTime"], Value::Null);
    assert_eq!(event["firstTimestamp"], Value::Null);
    assert_eq!(event["lastTimestamp"], "2023-12-31T23:00:00Z");
}

#[test]
fn lists_of_strings_in_maps_survive() {
    let review =
        json!({ "metadata": {}, "spec": { "extra": { "a": ["b", "c"], "d": [] } }, "status": { "allowed": false } });
    let found = back("authorization.k8s.io", "v1", "SubjectAccessReview", &review);
    assert_eq!(found["spec"], json!({ "extra": { "a": ["b", "c"], "d": [] } }));
    let resources = json!({
        "groupVersion": "v1",
        "resources": [{ "name": "pods", "singularName": "pod", "namespaced": true, "kind": "Pod", "verbs": ["get"] }],
    });
    assert_eq!(back("", "v1", "APIResourceList", &resources), resources);
}

#[test]
fn negative_numbers_and_empty_bytes_survive() {
    let secret = json!({ "metadata": {}, "data": { "a": "", "b": "AAE=" } });
    assert_eq!(back("", "v1", "Secret", &secret), secret);
    let class = json!({ "metadata": {}, "value": -5 });
    assert_eq!(back("scheduling.k8s.io", "v1", "PriorityClass", &class), class);
}

#[test]
fn raw_values_survive() {
    let revision = json!({ "metadata": {}, "data": { "spec": { "a": 1.5 } }, "revision": 1 });
    assert_eq!(back("apps", "v1", "ControllerRevision", &revision), revision);
    let empty = back("apps", "v1", "ControllerRevision", &json!({}));
    assert_eq!(empty, json!({ "metadata": {}, "data": null, "revision": 0 }));
}

#[test]
fn delete_options_are_of_every_group() {
    for group in ["", "apps", "meta.k8s.io"] {
        let options = json!({ "gracePeriodSeconds": 0, "preconditions": { "uid": "u" }, "dryRun": ["All"] });
        assert_eq!(back(group, "v1", "DeleteOptions", &options), options);
    }
}

#[test]
fn kinds_without_an_encoding_are_refused() {
    for (group, kind) in [("meta.k8s.io", "Table"), ("example.com", "Thing")] {
        let gvk = GroupVersionKind::new(group, "v1", kind);
        assert!(!Codec::builtin().knows(&gvk));
        assert!(matches!(Codec::builtin().encode(&gvk, &json!({})), Err(Error::Kind(found)) if found == gvk));
    }
}

#[test]
fn values_that_do_not_fit_are_refused() {
    let gvk = GroupVersionKind::new("", "v1", "ConfigMap");
    let found = Codec::builtin().encode(&gvk, &json!({ "metadata": { "name": 1 } })).unwrap_err();
    assert_eq!(found.to_string(), "field name has a value of another type");
}

#[test]
fn a_list_is_written_as_if_it_were_one_tree() {
    let gvk = GroupVersionKind::new("", "v1", "ConfigMapList");
    let metadata = json!({ "resourceVersion": "7" });
    let items = [json!({ "metadata": { "name": "a" } }), json!({ "metadata": { "name": "b" } })];
    let whole = json!({ "metadata": metadata, "items": items });
    let codec = Codec::builtin();
    let listed = codec.encode_list(&gvk, &metadata, items.into_iter().map(Ok::<_, Error>), 0).unwrap();
    assert_eq!(listed, codec.encode(&gvk, &whole).unwrap());
}

#[test]
fn partial_objects_have_metadata_alone() {
    let gvk = GroupVersionKind::new("meta.k8s.io", "v1", "PartialObjectMetadataList");
    let whole = json!({ "metadata": {}, "items": [{ "metadata": { "name": "a" }, "spec": {} }] });
    let (_, found) = Codec::builtin().decode(&Codec::builtin().encode(&gvk, &whole).unwrap()).unwrap();
    assert_eq!(found["items"], json!([{ "metadata": { "name": "a" } }]));
}

#[test]
fn an_event_is_framed() {
    let mut out = BytesMut::from(&b"before"[..]);
    frame("ADDED", b"k8s\0obj", &mut out);
    assert_eq!(&out[..], b"before\0\0\0\x12\x0a\x05ADDED\x12\x09\x0a\x07k8s\0obj");
}

#[test]
fn an_envelope_names_its_kind() {
    let gvk = GroupVersionKind::new("apps", "v1", "Deployment");
    let bytes = Codec::builtin().encode(&gvk, &json!({})).unwrap();
    assert_eq!(Envelope::read(&bytes).unwrap().gvk, gvk);
}
