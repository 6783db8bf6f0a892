//! What a thousand pods cost. Prints times; it fails only when they are far off.

#![expect(clippy::disallowed_methods, reason = "real time is what is measured")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use k8s_api::{Kind, UserInfo};
use k8s_api_client::PatchKind;
use k8s_api_server::ApiServer;
use k8s_env::Env;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Namespace, Pod, ServiceAccount};
use serde_json::json;

use crate::support::object;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement: run it in release mode"]
async fn a_thousand_pods() {
    let env = Env::system();
    let server = ApiServer::builder(Arc::new(k8s_store::Memory::new()), env.clone()).start().await.unwrap();
    let client = server.client_as(UserInfo::admin());
    client.api::<Namespace>().create(object(json!({ "metadata": { "name": "shop" } }))).await.unwrap();
    let account = object::<ServiceAccount>(json!({ "metadata": { "name": "default" } }));
    client.namespaced("shop").create(account).await.unwrap();
    let running = k8s_ctrl_workloads::controllers().start(&client, &env);
    let pods = running.informers().get::<Pod>();
    let mut events = pods.subscribe();
    pods.synced().await;
    let kubelet = {
        let client = client.clone();
        async move {
            let ready = json!({ "type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z" });
            let status = json!({ "status": { "phase": "Running", "conditions": [ready] } });
            while let Some(batch) = events.next_batch().await {
                for pod in batch.iter().filter_map(|event| event.current()) {
                    if !k8s_ctrl::pod::is_ready(pod) {
                        let api = client.namespaced::<Pod>("shop");
                        api.patch_status(pod.name(), PatchKind::Merge, &status).await.unwrap();
                    }
                }
            }
        }
    };
    let tasks = k8s_env::Tasks::new();
    tasks.spawn(kubelet);
    for round in 0..4 {
        let name = format!("web-{round}");
        let started = Instant::now();
        let labels = json!({ "app": name });
        let deployment = object::<Deployment>(json!({
            "metadata": { "name": name },
            "spec": {
                "replicas": 1000,
                "selector": { "matchLabels": labels },
                "template": {
                    "metadata": { "labels": labels },
                    "spec": { "containers": [{ "name": "web", "image": "web:1" }] },
                },
            },
        }));
        client.namespaced("shop").create(deployment).await.unwrap();
        let available = client.until::<Deployment, _>(&env, "shop", &name, |deployment| {
            (deployment?.status.as_ref()?.available_replicas == Some(1000)).then_some(())
        });
        available.await.unwrap();
        println!("round {round}: {:?}", started.elapsed());
        assert!(started.elapsed() < Duration::from_secs(60));
    }
}
