#![expect(clippy::unwrap_used, reason = "tests")]

use k8s_api::Kind;
use k8s_api_client::{DeleteOptions, Propagation};
use k8s_ctrl::owner::controller_reference;
use k8s_openapi::api::core::v1::ConfigMap;

use crate::world::World;

async fn map(world: &World, name: &str, owner: Option<&str>) {
    let mut map = ConfigMap::default();
    map.metadata.name = Some(name.to_owned());
    if let Some(owner) = owner {
        let owner = world.admin.namespaced::<ConfigMap>("default").get(owner).await.unwrap();
        map.metadata.owner_references = Some(vec![controller_reference(&*owner)]);
    }
    world.admin.namespaced::<ConfigMap>("default").create(map).await.unwrap();
}

/// Grandparent, parent and child.
async fn family() -> World {
    let world = World::all().await;
    map(&world, "a", None).await;
    map(&world, "b", Some("a")).await;
    map(&world, "c", Some("b")).await;
    world.pass(1).await;
    world
}

async fn left(world: &World) -> Vec<String> {
    let maps = world.list::<ConfigMap>("default").await;
    maps.iter().map(|map| map.name().to_owned()).filter(|name| name.len() == 1).collect()
}

async fn delete(world: &World, name: &str, policy: Propagation) {
    let options = DeleteOptions::default().propagation(policy);
    world.admin.namespaced::<ConfigMap>("default").delete(name, options).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn dependents_go_after_their_owner() {
    let world = family().await;
    delete(&world, "a", Propagation::Background).await;
    world.pass(1).await;
    assert!(left(&world).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn dependents_go_before_their_owner() {
    let world = family().await;
    delete(&world, "a", Propagation::Foreground).await;
    assert_eq!(left(&world).await, ["a", "b", "c"]);
    world.pass(1).await;
    assert!(left(&world).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn orphans_stay() {
    let world = family().await;
    delete(&world, "a", Propagation::Orphan).await;
    world.pass(1).await;
    assert_eq!(left(&world).await, ["b", "c"]);
    let orphan = world.admin.namespaced::<ConfigMap>("default").get("b").await.unwrap();
    assert!(orphan.metadata.owner_references.as_deref().unwrap_or_default().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_object_of_an_owner_that_never_was_goes() {
    let world = family().await;
    let mut lost = ConfigMap::default();
    lost.metadata.name = Some("d".to_owned());
    let mut owner = ConfigMap::default();
    owner.metadata.name = Some("nobody".to_owned());
    owner.metadata.uid = Some("5a2b1c1e-0000-4000-8000-000000000000".to_owned());
    lost.metadata.owner_references = Some(vec![controller_reference(&owner)]);
    world.admin.namespaced::<ConfigMap>("default").create(lost).await.unwrap();
    world.pass(1).await;
    assert_eq!(left(&world).await, ["a", "b", "c"]);
}
