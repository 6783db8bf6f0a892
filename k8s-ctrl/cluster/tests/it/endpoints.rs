use k8s_api_client::DeleteOptions;
use k8s_openapi::api::core::v1::{Endpoints, Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;

use crate::world::World;

const WEB: &str = "
apiVersion: v1
kind: Service
metadata: {name: web, labels: {tier: front}}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: 8080}]}
";

async fn ready_in_slices(world: &World) -> Vec<String> {
    let slices = world.list::<EndpointSlice>("default").await;
    let ours = slices.iter().filter(|slice| slice.metadata.generate_name.as_deref() == Some("web-"));
    let endpoints = ours.flat_map(|slice| slice.endpoints.clone().unwrap_or_default());
    let ready = endpoints.filter(|e| e.conditions.as_ref().is_some_and(|c| c.ready == Some(true)));
    ready.map(|endpoint| endpoint.addresses.join(",")).collect()
}

fn ready_in(endpoints: &Endpoints) -> Vec<String> {
    let subsets = endpoints.subsets.as_deref().unwrap_or_default();
    subsets.iter().flat_map(|subset| subset.addresses.iter().flatten()).map(|address| address.ip.clone()).collect()
}

#[tokio::test(start_paused = true)]
async fn ready_pods_are_endpoints() {
    let world = World::all().await;
    world.node("n1").await;
    world.apply(WEB).await;
    world.pod("a", "web", "n1", "10.0.0.1").await;
    world.pod("b", "web", "n1", "10.0.0.2").await;
    world.pod("c", "other", "n1", "10.0.0.3").await;
    world.pass(2).await;
    assert_eq!(ready_in_slices(&world).await, ["10.0.0.1", "10.0.0.2"]);
    let object = world.admin.namespaced::<Endpoints>("default").get("web").await.unwrap();
    assert_eq!(ready_in(&object), ["10.0.0.1", "10.0.0.2"]);
    assert_eq!(object.metadata.labels.as_ref().unwrap()["tier"], "front");

    world.set_ready("a", "10.0.0.1", false).await;
    world.pass(2).await;
    assert_eq!(ready_in_slices(&world).await, ["10.0.0.2"]);
    let object = world.admin.namespaced::<Endpoints>("default").get("web").await.unwrap();
    assert_eq!(ready_in(&object), ["10.0.0.2"]);

    world.admin.namespaced::<Pod>("default").delete("b", DeleteOptions::default().grace(0)).await.unwrap();
    world.pass(2).await;
    assert!(ready_in_slices(&world).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_service_without_pods_has_one_empty_slice() {
    let world = World::all().await;
    world.apply(WEB).await;
    world.pass(2).await;
    let slices = world.list::<EndpointSlice>("default").await;
    let ours: Vec<_> = slices.iter().filter(|s| s.metadata.generate_name.as_deref() == Some("web-")).collect();
    assert_eq!(ours.len(), 1);
    assert!(ours[0].endpoints.as_deref().unwrap_or_default().is_empty());
}

#[tokio::test(start_paused = true)]
async fn endpoints_go_with_their_service() {
    let world = World::all().await;
    world.apply(WEB).await;
    world.pass(2).await;
    assert!(world.exists::<Endpoints>("default", "web").await);
    world.admin.namespaced::<Service>("default").delete("web", DeleteOptions::default()).await.unwrap();
    world.pass(2).await;
    assert!(!world.exists::<Endpoints>("default", "web").await);
    assert!(ready_in_slices(&world).await.is_empty());
    let slices = world.list::<EndpointSlice>("default").await;
    assert!(!slices.iter().any(|slice| slice.metadata.generate_name.as_deref() == Some("web-")));
}

#[tokio::test(start_paused = true)]
async fn a_slice_holds_a_hundred() {
    let world = World::all().await;
    world.node("n1").await;
    world.apply(WEB).await;
    for i in 0..250 {
        world.pod(&format!("p{i}"), "web", "n1", &format!("10.0.1.{i}")).await;
    }
    world.pass(2).await;
    assert_eq!(ready_in_slices(&world).await.len(), 250);
    let slices = world.list::<EndpointSlice>("default").await;
    let ours = slices.iter().filter(|slice| slice.metadata.generate_name.as_deref() == Some("web-"));
    assert!(ours.clone().all(|slice| slice.endpoints.as_ref().unwrap().len() <= 100));
    assert!(ours.count() <= 5);
}

#[tokio::test(start_paused = true)]
async fn endpoints_written_by_hand_are_mirrored() {
    let world = World::all().await;
    world.apply("{apiVersion: v1, kind: Service, metadata: {name: db}, spec: {ports: [{port: 5432}]}}").await;
    let by_hand = "
apiVersion: v1
kind: Endpoints
metadata: {name: db}
subsets:
- {addresses: [{ip: 192.0.2.1}, {ip: 192.0.2.2}], ports: [{port: 5432}]}
";
    let mirrored = async || {
        world.pass(2).await;
        let slices = world.list::<EndpointSlice>("default").await;
        let ours = slices.iter().filter(|slice| slice.metadata.generate_name.as_deref() == Some("db-"));
        let endpoints = ours.flat_map(|slice| slice.endpoints.clone().unwrap_or_default());
        endpoints.flat_map(|endpoint| endpoint.addresses).collect::<Vec<_>>()
    };
    world.apply(by_hand).await;
    assert_eq!(mirrored().await, ["192.0.2.1", "192.0.2.2"]);
    world.apply(&by_hand.replace(", {ip: 192.0.2.2}", "")).await;
    assert_eq!(mirrored().await, ["192.0.2.1"]);
    world.admin.namespaced::<Endpoints>("default").delete("db", DeleteOptions::default()).await.unwrap();
    assert!(mirrored().await.is_empty());
}
