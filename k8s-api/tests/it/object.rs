//! Objects: bytes, and typed forms that are shared.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use bytes::Bytes;
use k8s_api::Object;
use k8s_openapi::api::core::v1::ConfigMap;

const BODY: &[u8] =
    br#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"b"},"data":{"k":"v"}}"#;

fn stored(revision: u64) -> Object {
    Object::stored(Bytes::from_static(BODY), revision).unwrap()
}

fn committed(revision: u64) -> Object {
    let typed: ConfigMap = serde_json::from_slice(BODY).unwrap();
    Object::committed(Box::new(typed), Bytes::from_static(BODY), revision).unwrap()
}

#[test]
fn a_typed_form_is_decoded_once_and_has_the_revision() {
    let object = stored(7);
    let (one, other) = (object.typed::<ConfigMap>().unwrap(), object.clone().typed::<ConfigMap>().unwrap());
    assert!(Arc::ptr_eq(&one, &other));
    assert_eq!(one.metadata.resource_version.as_deref(), Some("7"));
    assert_eq!(one, committed(7).typed::<ConfigMap>().unwrap());
}

#[test]
fn a_typed_form_is_taken_over_from_the_same_object_only() {
    let (read, written) = (stored(7), committed(7));
    read.share_typed(&written);
    assert!(Arc::ptr_eq(&read.typed::<ConfigMap>().unwrap(), &written.typed::<ConfigMap>().unwrap()));

    let (older, before) = (stored(6), stored(7));
    older.share_typed(&written);
    assert_eq!(older.typed::<ConfigMap>().unwrap().metadata.resource_version.as_deref(), Some("6"));

    // Nobody who holds one sees another in its place.
    let held = before.typed::<ConfigMap>().unwrap();
    before.share_typed(&written);
    assert!(Arc::ptr_eq(&before.typed::<ConfigMap>().unwrap(), &held));

    let other = Object::stored(Bytes::from_static(br#"{"metadata":{"name":"a","namespace":"b"}}"#), 7).unwrap();
    other.share_typed(&written);
    assert_eq!(other.typed::<ConfigMap>().unwrap().data, None);
}
