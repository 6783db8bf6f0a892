//! The test server's own promises.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use futures_util::StreamExt;
use http_body_util::{BodyExt, Full};
use k8s_api::{Status, UserInfo};
use k8s_api_client::{ListOptions, PatchKind, WatchEvent};
use k8s_api_testkit::TestServer;
use k8s_openapi::api::core::v1::ConfigMap;
use serde_json::json;
use tower::Service;

fn map(name: &str) -> ConfigMap {
    serde_json::from_value(json!({"metadata": {"name": name}})).unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_history() {
    let mut histories = Vec::new();
    for _ in 0..2 {
        let api = TestServer::new().await;
        histories.push(api.client().namespaced::<ConfigMap>("default").create(map("m")).await.unwrap());
    }
    assert_eq!(histories[0], histories[1]);
}

#[tokio::test(start_paused = true)]
async fn faults_strike_as_often_as_asked() {
    let api = TestServer::new().await;
    let maps = api.client().namespaced::<ConfigMap>("default");
    maps.create(map("m")).await.unwrap();
    api.fault().conflict_once("configmaps", "m").fail_next(1, &Status::unavailable("down"));
    assert_eq!(maps.get("m").await.unwrap_err().code, 503);
    let patch = json!({"data": {"a": "b"}});
    assert!(maps.patch("m", PatchKind::Merge, &patch).await.unwrap_err().is_conflict());
    assert!(maps.patch("m", PatchKind::Merge, &patch).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn watches_end_when_they_are_cut() {
    let api = TestServer::new().await;
    let maps = api.client().namespaced::<ConfigMap>("default");
    let mut quiet = maps.watch(ListOptions::default()).await.unwrap();
    let (next, ()) = tokio::join!(quiet.next(), async {
        api.fault().cut_watches();
    });
    assert!(next.is_none());
    let mut told = maps.watch(ListOptions::default()).await.unwrap();
    api.fault().expire_watches();
    assert!(matches!(told.next().await, Some(WatchEvent::Error(status)) if status.code == 410));
    assert!(told.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn settling_waits_for_work_that_is_due_soon() {
    let api = TestServer::new().await;
    let maps = api.client().namespaced::<ConfigMap>("default");
    let writer = maps.clone();
    let tasks = k8s_env::Tasks::new();
    tasks.spawn(async move {
        for i in 0..3 {
            tokio::time::sleep(Duration::from_millis(500)).await;
            writer.create(map(&format!("m{i}"))).await.unwrap();
        }
    });
    api.settled(Duration::from_secs(1)).await;
    assert_eq!(maps.list(ListOptions::default()).await.unwrap().items.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn http_speaks_in_the_name_of_its_token() {
    let api = TestServer::new().await;
    let request = http::Request::builder().uri("/api/v1/namespaces").header("authorization", "Bearer alice");
    let answer = api.http().call(request.body(Full::<&[u8]>::default()).unwrap()).await.unwrap();
    assert_eq!(answer.status(), 200);
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    assert!(body.starts_with(b"{\"kind\":\"NamespaceList\""));
    let _ = api.client_as(UserInfo::new("alice", &[]));
}

#[tokio::test(start_paused = true)]
async fn faults_strike_over_http_too() {
    let api = TestServer::new().await;
    api.client().namespaced::<ConfigMap>("default").create(map("m")).await.unwrap();
    let ask = async |method: &str, uri: &str| {
        let request = http::Request::builder().method(method).uri(uri).header("authorization", "Bearer admin");
        api.http().call(request.body(Full::<&[u8]>::default()).unwrap()).await.unwrap()
    };
    let path = "/api/v1/namespaces/default/configmaps/m";
    api.fault().conflict_once("configmaps", "m").fail_next(1, &Status::unavailable("down"));
    assert_eq!(ask("GET", path).await.status(), 503);
    let conflict = ask("DELETE", path).await;
    assert_eq!(conflict.status(), 409);
    let body = conflict.into_body().collect().await.unwrap().to_bytes();
    let said: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((&said["kind"], &said["reason"]), (&json!("Status"), &json!("Conflict")));

    let watch = "/api/v1/namespaces/default/configmaps?watch=true&resourceVersion=0";
    for expires in [false, true] {
        let mut events = ask("GET", watch).await.into_body();
        let first = events.frame().await.unwrap().unwrap().into_data().unwrap();
        assert!(first.starts_with(b"{\"type\":\"ADDED\""), "{first:?}");
        if expires {
            api.fault().expire_watches()
        } else {
            api.fault().cut_watches()
        };
        let last = events.collect().await.unwrap().to_bytes();
        assert_eq!(last.starts_with(b"{\"type\":\"ERROR\""), expires, "{last:?}");
        assert_eq!(last.is_empty(), !expires, "{last:?}");
    }

    let before = api.fault().requests();
    assert_eq!(ask("DELETE", path).await.status(), 200);
    assert_eq!(api.fault().requests(), before + 1);
}
