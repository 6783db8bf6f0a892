//! Promise 5: refusals are the server's own, whole.

use k8s_api::status::Retry;
use k8s_api::{GroupVersionResource, Reason, Status};
use k8s_api_client::{Call, DeleteOptions, ListOptions, PatchKind, ResourceTarget, WriteOptions};
use k8s_openapi::api::core::v1::ConfigMap;
use serde_json::json;

use super::support::{refused, value};
use crate::Subject;
use crate::subject::map;

/// The details name one config map.
fn assert_about(status: &Status, name: &str) {
    let details = status.details.as_ref().unwrap_or_else(|| panic!("there are details: {status:?}"));
    assert_eq!((details.name.as_str(), details.kind.as_str(), details.group.as_str()), (name, "configmaps", ""));
    assert!(status.message.contains(name), "{status:?}");
}

/// By every verb.
pub async fn what_is_missing_is_not_found(subject: Subject) {
    let maps = subject.maps();
    let mut versioned = map("none", "1");
    versioned.metadata.resource_version = Some("1".to_owned());
    let refusals = [
        refused(maps.get("none").await),
        refused(maps.update(versioned).await),
        refused(maps.patch("none", PatchKind::Merge, &json!({})).await),
        refused(maps.delete("none", DeleteOptions::default()).await),
    ];
    for status in refusals {
        assert_eq!((status.code, status.reason), (404, Reason::NotFound), "{status:?}");
        assert!(status.is_not_found() && status.retry() == Retry::Never);
        assert_about(&status, "none");
    }
}

/// The one that was there stays as it was.
pub async fn a_name_is_taken_once(subject: Subject) {
    subject.write("a", "1").await;
    let status = refused(subject.maps().create(map("a", "2")).await);
    assert_eq!((status.code, status.reason), (409, Reason::AlreadyExists), "{status:?}");
    assert_about(&status, "a");
    assert_eq!(value(&subject.maps().dynamic().get("a").await.unwrap()), "1");
}

/// Of two who change the same version the second is refused.
pub async fn a_stale_update_is_a_conflict(subject: Subject) {
    let (maps, first) = (subject.maps(), subject.write("a", "1").await.typed::<ConfigMap>().unwrap());
    let changed = |value: &str| ConfigMap { data: map("a", value).data, ..(*first).clone() };
    maps.update(changed("2")).await.unwrap();
    let status = refused(maps.update(changed("3")).await);
    assert_eq!((status.code, status.reason), (409, Reason::Conflict), "{status:?}");
    assert!(status.is_conflict() && status.retry() == Retry::Now);
    assert_about(&status, "a");
    assert_eq!(value(&maps.dynamic().get("a").await.unwrap()), "2");
}

/// Each broken rule is a cause, with its field.
pub async fn broken_rules_are_told_by_field(subject: Subject) {
    let mut bad = map("a", "1");
    bad.data.get_or_insert_default().insert("no good".to_owned(), String::new());
    bad.metadata.labels = Some([("a".to_owned(), "not a value".to_owned())].into());
    let status = refused(subject.maps().create(bad).await);
    assert_eq!((status.code, status.reason), (422, Reason::Invalid), "{status:?}");
    let details = status.details.as_ref().unwrap();
    assert_eq!((details.name.as_str(), details.kind.as_str()), ("a", "ConfigMap"));
    let mut fields: Vec<_> = details.causes.iter().map(|cause| cause.field.as_str()).collect();
    fields.sort_unstable();
    assert_eq!(fields, ["data[no good]", "metadata.labels"], "{status:?}");
    for cause in &details.causes {
        assert_eq!(cause.reason, "FieldValueInvalid");
        assert!(!cause.message.is_empty());
    }
    assert!(subject.maps().find("a").await.unwrap().is_none());
}

/// What nobody serves is not found; what is served but not so is not allowed.
pub async fn unknown_resources_and_verbs_are_told_apart(subject: Subject) {
    let widgets = GroupVersionResource::new("kit.example.org", "v1", "widgets");
    let status = refused(subject.client().dynamic(widgets, &subject.namespace).list(ListOptions::default()).await);
    assert_eq!((status.code, status.reason), (404, Reason::NotFound), "{status:?}");
    let reviews = GroupVersionResource::new("authentication.k8s.io", "v1", "selfsubjectreviews");
    let list = Call::List(ListOptions::default());
    let status = refused(subject.client().call(ResourceTarget::collection(reviews, ""), list).await);
    assert_eq!((status.code, status.reason), (405, Reason::MethodNotAllowed), "{status:?}");
}

/// An object whose name is not the one in its address, and one of another namespace.
pub async fn addresses_and_objects_must_agree(subject: Subject) {
    subject.write("a", "1").await;
    let body = k8s_api_client::Body::Object(Box::new(map("b", "1")));
    let call = Call::Update(body, WriteOptions::default());
    let status = refused(subject.client().call(subject.map_target("a"), call).await);
    assert_eq!((status.code, status.reason), (400, Reason::BadRequest), "{status:?}");
    let mut elsewhere = map("c", "1");
    elsewhere.metadata.namespace = Some("elsewhere".to_owned());
    let status = refused(subject.maps().create(elsewhere).await);
    assert_eq!((status.code, status.reason), (400, Reason::BadRequest), "{status:?}");
}
