use std::time::Duration;

use k8s_api_client::{DeleteOptions, PatchKind};
use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::networking::v1::IPAddress;
use serde_json::{Value, json};

use crate::harness::server;

fn service(spec: Value) -> Service {
    serde_json::from_value(json!({ "metadata": { "name": "web" }, "spec": spec })).unwrap()
}

#[tokio::test(start_paused = true)]
async fn each_address_of_a_service_has_an_object() {
    let (_server, client) = server().await;
    let (services, addresses) = (client.namespaced::<Service>("default"), client.api::<IPAddress>());
    assert!(addresses.get("10.96.0.1").await.is_ok());

    let spec = json!({ "clusterIP": "10.96.0.9", "ports": [{ "port": 80 }] });
    services.create(service(spec)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1)).await;
    let object = addresses.get("10.96.0.9").await.unwrap();
    assert_eq!(object.spec.parent_ref.name, "web");
    assert_eq!(object.metadata.labels.as_ref().unwrap()["ipaddress.kubernetes.io/ip-family"], "IPv4");

    let external =
        json!({ "spec": { "type": "ExternalName", "externalName": "a.b", "clusterIP": null, "clusterIPs": null } });
    services.patch("web", PatchKind::Merge, &external).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert!(addresses.find("10.96.0.9").await.unwrap().is_none());

    let back = json!({ "spec": { "type": "ClusterIP", "externalName": null, "clusterIP": "10.96.0.10" } });
    services.patch("web", PatchKind::Merge, &back).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert!(addresses.get("10.96.0.10").await.is_ok());
    services.delete("web", DeleteOptions::default()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert!(addresses.find("10.96.0.10").await.unwrap().is_none());
}
