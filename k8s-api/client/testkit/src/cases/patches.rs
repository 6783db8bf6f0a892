//! Promise 4: patches.

use bytes::Bytes;
use k8s_api::{Reason, Status};
use k8s_api_client::{Call, PatchKind, Reply, WriteOptions};
use k8s_openapi::api::core::v1::ServiceAccount;
use serde_json::{Value, json};

use super::support::{object, refused, tree, value};
use crate::Subject;

async fn patch(subject: &Subject, name: &str, kind: PatchKind, patch: &Value) -> Result<Reply, Status> {
    let call = Call::Patch(kind, Bytes::from(patch.to_string()), WriteOptions::default());
    subject.client().call(subject.map_target(name), call).await
}

/// The same patch in two languages is two things.
pub async fn each_language_is_understood(subject: Subject) {
    subject.write("a", "1").await;
    let steps = [
        (
            PatchKind::Json,
            json!([{"op": "test", "path": "/data/v", "value": "1"},
            {"op": "add", "path": "/data/w", "value": "2"}]),
            json!({"v": "1", "w": "2"}),
        ),
        (PatchKind::Merge, json!({"data": {"v": null, "x": "3"}}), json!({"w": "2", "x": "3"})),
        (PatchKind::Strategic, json!({"data": {"x": null, "v": "4"}}), json!({"v": "4", "w": "2"})),
    ];
    for (kind, change, expected) in steps {
        let (patched, created) = object(patch(&subject, "a", kind, &change).await.unwrap());
        assert!(!created);
        assert_eq!(tree(&patched)["data"], expected, "{kind:?}");
        assert_eq!(tree(&subject.maps().dynamic().get("a").await.unwrap())["data"], expected, "{kind:?}");
    }
}

/// A strategic patch merges a list of objects by their key, a merge patch replaces it.
pub async fn strategic_patches_merge_lists(subject: Subject) {
    let accounts = subject.api::<ServiceAccount>();
    let mut account = ServiceAccount::default();
    account.metadata.name = Some("kit".to_owned());
    accounts.create(account).await.unwrap();
    for (kind, name, expected) in [
        (PatchKind::Strategic, "a", &["a"][..]),
        (PatchKind::Strategic, "b", &["a", "b"]),
        (PatchKind::Merge, "c", &["c"]),
    ] {
        let patched = accounts.patch("kit", kind, &json!({"secrets": [{"name": name}]})).await.unwrap();
        let mut names: Vec<_> = patched.secrets.iter().flatten().map(|s| s.name.clone().unwrap_or_default()).collect();
        names.sort_unstable();
        assert_eq!(names, expected, "{kind:?} {name}");
    }
}

/// An apply patch is answered with the object that it describes, or with 415 by a server that knows none.
pub async fn an_apply_is_understood_as_one(subject: Subject) {
    subject.write("a", "1").await;
    let wanted = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {v: '2'}\n";
    let options = WriteOptions { field_manager: "kit".to_owned(), force: true, ..WriteOptions::default() };
    let call = Call::Patch(PatchKind::Apply, Bytes::from_static(wanted.as_bytes()), options);
    match subject.client().call(subject.map_target("a"), call).await {
        Ok(reply) => assert_eq!(value(&object(reply).0), "2"),
        Err(status) => assert_eq!((status.code, status.reason), (415, Reason::UnsupportedMediaType), "{status:?}"),
    }
}

/// What cannot be done is not done in part.
pub async fn a_patch_that_does_not_fit_changes_nothing(subject: Subject) {
    let before = subject.write("a", "1").await;
    let half = json!([{"op": "add", "path": "/data/w", "value": "2"}, {"op": "test", "path": "/data/v", "value": "9"}]);
    let status = refused(patch(&subject, "a", PatchKind::Json, &half).await);
    assert_eq!((status.code, status.reason), (422, Reason::Invalid), "{status:?}");
    let stale = json!({"metadata": {"resourceVersion": "1"}, "data": {"v": "2"}});
    let status = refused(patch(&subject, "a", PatchKind::Merge, &stale).await);
    assert!(status.code == 409 && status.is_conflict(), "{status:?}");
    let status = refused(patch(&subject, "a", PatchKind::Merge, &json!("nothing")).await);
    assert!(matches!(status.code, 400 | 422), "{status:?}");
    let after = subject.maps().dynamic().get("a").await.unwrap();
    assert_eq!((after.revision(), value(&after).as_str()), (before.revision(), "1"));
}
