#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use k8s_api::Kind;
use k8s_api_client::ListOptions;
use k8s_ctrl::owner::{claim, controller, recheck};
use k8s_openapi::api::core::v1::ConfigMap;

use crate::world::World;

async fn claimed(world: &World, owner: &ConfigMap, app: &'static str) -> Vec<String> {
    let all = world.admin.namespaced::<ConfigMap>("default").list(ListOptions::default()).await.unwrap().items;
    let candidates: Vec<Arc<ConfigMap>> = all.into_iter().filter(|map| map.name() != owner.name()).collect();
    let matches =
        |map: &ConfigMap| map.metadata.labels.as_ref().is_some_and(|l| l.get("app").is_some_and(|a| a == app));
    let may_adopt = recheck(&world.admin, owner);
    let claimed = claim(&world.admin, owner, candidates, matches, may_adopt).await.unwrap();
    claimed.iter().map(|map| map.name().to_owned()).collect()
}

async fn controller_of(world: &World, name: &str) -> Option<String> {
    let map = world.admin.namespaced::<ConfigMap>("default").get(name).await.unwrap();
    controller(&map.metadata).map(|owner| owner.name.clone())
}

#[tokio::test(start_paused = true)]
async fn what_matches_is_adopted_and_what_no_longer_does_is_released() {
    let world = World::new().await;
    let owner = world.map("owner").await;
    world.map("a1").await;
    world.map("b1").await;
    assert_eq!(claimed(&world, &owner, "a").await, ["a1"]);
    assert_eq!(controller_of(&world, "a1").await.as_deref(), Some("owner"));
    assert_eq!(controller_of(&world, "b1").await, None);
    assert_eq!(claimed(&world, &owner, "b").await, ["b1"]);
    assert_eq!(controller_of(&world, "a1").await, None);
    let rival = world.map("rival").await;
    assert!(claimed(&world, &rival, "b").await.is_empty(), "it has a controller");
}

#[tokio::test(start_paused = true)]
async fn an_owner_of_another_uid_adopts_nothing() {
    let world = World::new().await;
    let mut owner = ConfigMap::clone(&*world.map("owner").await);
    owner.metadata.uid = Some("an older one".to_owned());
    let error = recheck(&world.admin, &owner).await.unwrap_err();
    assert!(error.to_string().starts_with("original ConfigMap default/owner is gone: got uid "));
}
