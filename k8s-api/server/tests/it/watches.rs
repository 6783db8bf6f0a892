//! Where a watch may begin, and what of the past it may have.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::StreamExt;
use k8s_api::Reason;
use k8s_api_client::{Client, ListOptions, WatchEvent};
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use tokio::time::timeout;

use crate::harness::server;

const FUTURE: &str = "99999999999";
/// Time that is simulated, so it passes at once when nobody has anything to do.
const LONG: Duration = Duration::from_secs(600);

fn config_map(name: &str, value: String) -> ConfigMap {
    ConfigMap {
        metadata: ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() },
        data: Some(BTreeMap::from([("key".to_owned(), value)])),
        ..ConfigMap::default()
    }
}

/// Replaces one config map as often, with values of `size` bytes; returns the revision before each.
async fn replace(client: &Client, size: usize, times: usize) -> Vec<u64> {
    let api = client.namespaced::<ConfigMap>("default");
    let mut map = (*api.create(config_map("large", String::new())).await.unwrap()).clone();
    let mut before = Vec::new();
    for i in 0..times {
        before.push(map.metadata.resource_version.as_deref().unwrap().parse().unwrap());
        map.data = config_map("large", format!("{i}{}", "x".repeat(size))).data;
        map = (*api.update(map).await.unwrap()).clone();
    }
    before
}

/// How many of the changes after the last `n` of `revisions` a watch still has; `None` when it says 410.
async fn replayed(client: &Client, revisions: &[u64], n: usize) -> Option<usize> {
    let api = client.namespaced::<ConfigMap>("default");
    let from = revisions[revisions.len() - n];
    let mut watch = api.watch(ListOptions::default().at(from.to_string())).await.unwrap();
    let mut seen = 0;
    while let Ok(Some(event)) = timeout(LONG, watch.next()).await {
        match event {
            WatchEvent::Modified(_) => seen += 1,
            WatchEvent::Error(status) if status.code == 410 => return None,
            other => panic!("{other:?}"),
        }
    }
    Some(seen)
}

#[tokio::test(start_paused = true)]
async fn a_list_of_the_future_is_refused_with_the_cause_that_clients_look_for() {
    let (_server, client) = server().await;
    let status = client.namespaced::<ConfigMap>("default").list(ListOptions::default().at(FUTURE)).await.unwrap_err();
    assert_eq!((status.code, status.reason), (504, Reason::Timeout));
    assert!(status.message.starts_with("Timeout: Too large resource version: 99999999999, current: "), "{status}");
    let details = status.details.unwrap();
    assert_eq!(details.retry_after_seconds, 1);
    let [cause] = &details.causes[..] else { panic!("{details:?}") };
    assert_eq!((&*cause.reason, &*cause.message), ("ResourceVersionTooLarge", "Too large resource version"));
}

#[tokio::test(start_paused = true)]
async fn a_watch_of_the_future_opens_and_waits() {
    let (_server, client) = server().await;
    let api = client.namespaced::<ConfigMap>("default");
    let now = api.list(ListOptions::default()).await.unwrap().revision;
    let begun = tokio::time::Instant::now();
    let mut far = api.watch(ListOptions::default().at(FUTURE)).await.unwrap();
    let mut near = api.watch(ListOptions::default().at((now + 1).to_string())).await.unwrap();
    assert!(begun.elapsed().is_zero());
    api.create(config_map("one", String::new())).await.unwrap();
    api.create(config_map("two", String::new())).await.unwrap();
    // What came before the revision that was asked for is not told.
    let Some(WatchEvent::Added(object)) = near.next().await else { panic!("no event") };
    assert_eq!((&*object.meta().name, object.revision()), ("two", now + 2));
    assert!(timeout(LONG, far.next()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn the_past_is_bounded_by_its_size() {
    let (_server, client) = server().await;
    let small = replace(&client, 10, 1000).await;
    assert_eq!(replayed(&client, &small, 1000).await, Some(1000));
    client.namespaced::<ConfigMap>("default").delete("large", k8s_api_client::DeleteOptions::default()).await.unwrap();
    let large = replace(&client, 900_000, 60).await;
    // 32 MiB of replaced objects, and never much more.
    assert_eq!(replayed(&client, &large, 36).await, Some(36));
    assert_eq!(replayed(&client, &large, 39).await, None);
}
