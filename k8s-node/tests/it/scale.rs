//! Many pods at once.

use k8s_openapi::api::core::v1::Pod;
use serde_json::json;

use crate::scene::Scene;

/// How often each pod was written: made, Pending with its containers being created, Running and ready.
const WRITES: u64 = 3;

#[tokio::test(start_paused = true)]
async fn a_plain_pod_costs_two_writes_of_its_status() {
    let count = 100;
    let scene = Scene::new().await;
    scene.after(1.0).await;
    let mut watch = {
        let pods = scene.client.namespaced::<Pod>("default");
        pods.watch(k8s_api_client::ListOptions::default()).await.unwrap()
    };
    for idx in 0..count {
        scene.pod(&format!("p{idx}"), json!({}), json!({ "automountServiceAccountToken": false })).await;
    }
    scene.after(2.0).await;
    let mut changes = 0;
    while let Ok(Some(event)) =
        tokio::time::timeout(std::time::Duration::from_millis(10), futures_util::StreamExt::next(&mut watch)).await
    {
        changes +=
            u64::from(matches!(event, k8s_api_client::WatchEvent::Added(_) | k8s_api_client::WatchEvent::Modified(_)));
    }
    for idx in 0..count {
        assert_eq!(scene.status(&format!("p{idx}")).await.phase.as_deref(), Some("Running"));
    }
    assert_eq!(changes, count * WRITES);
}
