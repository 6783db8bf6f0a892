//! Promise 7: options of writes do what they say.

use k8s_api::Reason;
use k8s_api_client::{Body, DeleteOptions, FieldValidation, ListOptions, MediaType, PatchKind, WriteOptions};
use serde_json::json;

use super::support::{object, refused, value};
use crate::Subject;
use crate::subject::map;

/// It answers as if, and nothing has happened.
pub async fn a_dry_run_stores_nothing(subject: Subject) {
    let dry = WriteOptions { dry_run: true, ..WriteOptions::default() };
    let maps = subject.maps();
    let before = subject.write("a", "1").await;
    let (made, created) = object(subject.post(Body::Object(Box::new(map("b", "2"))), dry.clone()).await.unwrap());
    assert!(created && value(&made) == "2" && !made.meta().uid.is_empty(), "{made:?}");
    let updated = maps.dynamic().update(Box::new(map("a", "2")), "", dry.clone()).await.unwrap();
    assert_eq!(value(&updated), "2");
    let patch = json!({"data": {"v": "3"}});
    let patched = maps.dynamic().patch("a", "", PatchKind::Merge, &patch, dry.clone()).await.unwrap();
    assert_eq!(value(&patched), "3");
    let gone = DeleteOptions { dry_run: true, ..DeleteOptions::default() };
    maps.delete("a", gone.clone()).await.unwrap();
    maps.delete_collection(gone, ListOptions::default()).await.unwrap();
    let taken = refused(subject.post(Body::Object(Box::new(map("a", "2"))), dry).await);
    assert!(taken.is_already_exists(), "{taken:?}");
    let left = maps.dynamic().list(ListOptions::default()).await.unwrap();
    let left: Vec<_> = left.items.iter().map(|object| (object.meta().name.clone(), object.revision())).collect();
    assert_eq!(left, [("a".to_owned(), before.revision())]);
}

/// A field that nobody knows ends a strict request.
pub async fn strictness_refuses_unknown_fields(subject: Subject) {
    let strict = WriteOptions { field_validation: FieldValidation::Strict, ..WriteOptions::default() };
    let odd = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "dta": {}}).to_string();
    let status = refused(subject.post(Body::Encoded(MediaType::Json, odd.into()), strict.clone()).await);
    assert_eq!((status.code, status.reason), (400, Reason::BadRequest), "{status:?}");
    assert!(status.message.contains("dta"), "{status:?}");
    let patch = json!({"dta": {}});
    subject.write("b", "1").await;
    let status = refused(subject.maps().dynamic().patch("b", "", PatchKind::Merge, &patch, strict).await);
    assert!(matches!(status.code, 400 | 422), "{status:?}");
    assert!(subject.maps().find("a").await.unwrap().is_none());
}

/// A generated name begins as it was asked to, and each is another.
pub async fn names_are_generated(subject: Subject) {
    let mut names = Vec::new();
    for _ in 0..3 {
        let mut map = map("", "1");
        map.metadata.name = None;
        map.metadata.generate_name = Some("kit-".to_owned());
        names.push(subject.maps().create(map).await.unwrap().metadata.name.clone().unwrap());
    }
    names.sort_unstable();
    names.dedup();
    assert!(names.len() == 3 && names.iter().all(|name| name.starts_with("kit-") && name.len() > 4), "{names:?}");
}
