//! Services lead to pods.

use k8s_cni::Protocol;
use k8s_cni::memory::Resolution;
use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use serde_json::json;

use crate::scene::Scene;

fn slice(ready: bool) -> serde_json::Value {
    json!({
        "metadata": { "name": "web-1", "labels": { "kubernetes.io/service-name": "web" } },
        "addressType": "IPv4",
        "ports": [{ "name": "", "port": 8080, "protocol": "TCP" }],
        "endpoints": [{ "addresses": ["10.244.1.9"], "conditions": { "ready": ready }, "nodeName": "n1" }]
    })
}

#[tokio::test(start_paused = true)]
async fn a_service_leads_to_its_ready_endpoints() {
    let scene = Scene::new().await;
    let spec = json!({ "clusterIP": "10.96.0.30", "ports": [{ "port": 80, "targetPort": 8080 }] });
    scene.create::<Service>(json!({ "metadata": { "name": "web" }, "spec": spec })).await;
    scene.after(1.0).await;
    let (from, to) = ("10.244.1.200".parse().unwrap(), "10.96.0.30:80".parse().unwrap());
    let network = &scene.machine.network;
    assert_eq!(network.resolve(from, to, Protocol::Tcp), Resolution::Refused);
    let made = scene.create::<EndpointSlice>(slice(true)).await;
    scene.after(1.0).await;
    let endpoint = "10.244.1.9:8080".parse().unwrap();
    assert_eq!(network.resolve(from, to, Protocol::Tcp), Resolution::Endpoint(endpoint));
    let mut unready: EndpointSlice = serde_json::from_value(slice(false)).unwrap();
    unready.metadata.resource_version.clone_from(&made.metadata.resource_version);
    scene.client.namespaced::<EndpointSlice>("default").update(unready).await.unwrap();
    scene.after(1.0).await;
    assert_eq!(network.resolve(from, to, Protocol::Tcp), Resolution::Refused);
    scene.client.namespaced::<Service>("default").delete("web", Default::default()).await.unwrap();
    scene.after(1.0).await;
    assert_eq!(network.resolve(from, to, Protocol::Tcp), Resolution::NotAService);
}
