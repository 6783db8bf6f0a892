#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use k8s_api::GroupVersionResource;
use k8s_api_client::{DeleteOptions, ListOptions};
use k8s_openapi::api::core::v1::Pod;

use crate::world::World;

/// Everything that two runs must agree on.
async fn history(world: &World) -> Vec<String> {
    let mut all = Vec::new();
    for (group, resource) in
        [("", "pods"), ("", "events"), ("", "nodes"), ("", "endpoints"), ("discovery.k8s.io", "endpointslices")]
    {
        let api = world.admin.dynamic(GroupVersionResource::new(group, "v1", resource), "");
        let list = api.list(ListOptions::default()).await.unwrap();
        all.extend(list.items.iter().map(|item| String::from_utf8_lossy(&item.to_json()).into_owned()));
    }
    all
}

async fn live() -> Vec<String> {
    let world = World::all().await;
    world.node("a").await;
    world.node("b").await;
    world
        .apply(
            "{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {selector: {app: web}, ports: [{port: 80}]}}",
        )
        .await;
    for i in 0..20 {
        world.pod(&format!("p{i}"), "web", if i % 2 == 0 { "a" } else { "b" }, &format!("10.0.0.{i}")).await;
    }
    for _ in 0..30 {
        world.pass(15).await;
        world.heartbeat("a").await;
    }
    world.admin.namespaced::<Pod>("default").delete("p0", DeleteOptions::default().grace(0)).await.unwrap();
    world.pass(15).await;
    history(&world).await
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(future)
}

#[test]
fn the_same_seed_gives_the_same_history() {
    let (one, other) = (run(live()), run(live()));
    assert!(one.len() > 25, "{}", one.len());
    for (one, other) in one.iter().zip(&other) {
        assert_eq!(one, other);
    }
    assert_eq!(one.len(), other.len());
}

#[tokio::test(start_paused = true)]
async fn a_cluster_in_which_nothing_happens_does_nothing() {
    let world = World::all().await;
    world.pass(600).await;
    let metrics = tokio::runtime::Handle::current().metrics();
    let before = metrics.num_alive_tasks();
    let watched = world.list::<Pod>("").await.len();
    assert_eq!(watched, 0);
    // A runtime without timers and without work jumps to the end of the wait at once: an hour costs what a second does.
    let revision = async || world.admin.api::<Pod>().list(ListOptions::default()).await.unwrap().revision;
    let then = revision().await;
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert_eq!(revision().await, then, "nothing was written");
    assert_eq!(metrics.num_alive_tasks(), before, "nothing was started");
}
