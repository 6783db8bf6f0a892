#![expect(clippy::unwrap_used, reason = "tests")]

use k8s_api_client::PatchKind;
use k8s_api_client::apply::Outcome;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::ConfigMap;
use serde_json::json;

use crate::world::World;

const SHOP: &str = "
apiVersion: v1
kind: ConfigMap
metadata: {name: prices}
data: {apple: '1', pear: '2'}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: 'web:1'}
      - {name: side, image: 'side:1'}
";

async fn outcomes(world: &World, manifest: &str) -> Vec<Outcome> {
    world.admin.apply(manifest).await.unwrap().iter().map(|applied| applied.outcome).collect()
}

#[tokio::test(start_paused = true)]
async fn what_is_new_is_made_and_what_is_so_stays() {
    let world = World::new().await;
    assert_eq!(outcomes(&world, SHOP).await, [Outcome::Created, Outcome::Created]);
    assert_eq!(outcomes(&world, SHOP).await, [Outcome::Unchanged, Outcome::Unchanged]);
}

#[tokio::test(start_paused = true)]
async fn what_is_gone_from_the_manifest_goes_and_what_others_set_stays() {
    let world = World::new().await;
    world.admin.apply(SHOP).await.unwrap();
    let theirs = json!({ "data": { "plum": "3" } });
    world.admin.namespaced::<ConfigMap>("default").patch("prices", PatchKind::Merge, &theirs).await.unwrap();
    let changed = SHOP.replace(", pear: '2'", "").replace("      - {name: side, image: 'side:1'}\n", "");
    assert_eq!(outcomes(&world, &changed).await, [Outcome::Configured, Outcome::Configured]);
    let map = world.admin.namespaced::<ConfigMap>("default").get("prices").await.unwrap();
    let keys: Vec<_> = map.data.as_ref().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["apple", "plum"]);
    let web = world.admin.namespaced::<Deployment>("default").get("web").await.unwrap();
    let containers = &web.spec.as_ref().unwrap().template.spec.as_ref().unwrap().containers;
    assert_eq!(containers.len(), 1);
    assert_eq!(containers[0].name, "web");
}

#[tokio::test(start_paused = true)]
async fn an_unknown_kind_is_refused_in_kubectls_words() {
    let world = World::new().await;
    let status =
        world.admin.apply("{apiVersion: example.com/v1, kind: Widget, metadata: {name: w}}").await.unwrap_err();
    assert_eq!(status.message, "no matches for kind \"Widget\" in version \"example.com/v1\"");
}
