use std::collections::BTreeMap;

use futures_util::StreamExt;
use k8s_api::Reason;
use k8s_api_client::{DeleteOptions, ListOptions, PatchKind, WatchEvent};
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::json;

use crate::harness::server;

fn config_map(name: &str, value: &str) -> ConfigMap {
    ConfigMap {
        metadata: ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() },
        data: Some(BTreeMap::from([("key".to_owned(), value.to_owned())])),
        ..ConfigMap::default()
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_created_can_be_read_listed_changed_and_deleted() {
    let (_server, client) = server().await;
    let api = client.namespaced::<ConfigMap>("default");
    let created = api.create(config_map("one", "a")).await.unwrap();
    assert!(created.metadata.uid.is_some() && created.metadata.resource_version.is_some());
    assert_eq!(*api.get("one").await.unwrap(), *created);

    let patched = api.patch("one", PatchKind::Merge, &json!({"data": {"other": "b"}})).await.unwrap();
    assert_eq!(patched.data.as_ref().unwrap().len(), 2);
    assert_eq!(api.list(ListOptions::default()).await.unwrap().items, [patched]);

    let stale = api.update((*created).clone()).await.unwrap_err();
    assert_eq!(stale.reason, Reason::Conflict);
    assert!(api.delete("one", DeleteOptions::default()).await.unwrap().is_none());
    assert!(api.get("one").await.unwrap_err().is_not_found());
}

#[tokio::test(start_paused = true)]
async fn a_watch_sees_every_change_in_order() {
    let (_server, client) = server().await;
    let api = client.namespaced::<ConfigMap>("default");
    let from = api.list(ListOptions::default()).await.unwrap().revision;
    let mut watch = api.watch(ListOptions::default().at(from.to_string())).await.unwrap();
    api.create(config_map("one", "a")).await.unwrap();
    api.patch("one", PatchKind::Merge, &json!({"data": {"key": "b"}})).await.unwrap();
    api.delete("one", DeleteOptions::default()).await.unwrap();
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(match watch.next().await.unwrap() {
            WatchEvent::Added(o) => ("added", o.revision()),
            WatchEvent::Modified(o) => ("modified", o.revision()),
            WatchEvent::Deleted(o) => ("deleted", o.revision()),
            other => panic!("{other:?}"),
        });
    }
    let names: Vec<_> = seen.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["added", "modified", "deleted"]);
    assert!(seen.is_sorted_by_key(|(_, revision)| *revision));
}

#[tokio::test(start_paused = true)]
async fn a_list_is_paged_at_one_revision() {
    let (_server, client) = server().await;
    let api = client.namespaced::<ConfigMap>("default");
    for i in 0..5 {
        api.create(config_map(&format!("c{i}"), "a")).await.unwrap();
    }
    let first = api.list(ListOptions::default().limit(2)).await.unwrap();
    api.delete("c4", DeleteOptions::default()).await.unwrap();
    let mut names: Vec<_> = first.items.iter().map(|c| c.metadata.name.clone().unwrap()).collect();
    let mut token = first.continue_token;
    while !token.is_empty() {
        let page = api.list(ListOptions { continue_token: token, limit: 2, ..ListOptions::default() }).await.unwrap();
        names.extend(page.items.iter().map(|c| c.metadata.name.clone().unwrap()));
        token = page.continue_token;
    }
    assert_eq!(names, ["c0", "c1", "c2", "c3", "c4"]);
}
