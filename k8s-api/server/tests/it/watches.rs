//! Where a watch may begin.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::StreamExt;
use k8s_api::Reason;
use k8s_api_client::{ListOptions, WatchEvent};
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
