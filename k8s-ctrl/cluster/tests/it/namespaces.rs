use k8s_api_client::{DeleteOptions, PatchKind};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, ServiceAccount};
use serde_json::json;

use crate::world::World;

#[tokio::test(start_paused = true)]
async fn a_namespace_begins_with_an_account_and_certificates() {
    let world = World::all().await;
    world.apply("{apiVersion: v1, kind: Namespace, metadata: {name: shop}}").await;
    world.until::<ServiceAccount, _>("shop", "default", |account| account.map(|_| ())).await;
    let bundle =
        world.until::<ConfigMap, _>("shop", "kube-root-ca.crt", |map| map.and_then(|map| map.data.clone())).await;
    assert_eq!(bundle["ca.crt"], "CERTIFICATE");
}

#[tokio::test(start_paused = true)]
async fn certificates_that_were_changed_are_put_right() {
    let world = World::all().await;
    world.until::<ConfigMap, _>("default", "kube-root-ca.crt", |map| map.map(|_| ())).await;
    let patch = json!({ "data": { "ca.crt": "FORGED", "more": "x" } });
    world.admin.namespaced::<ConfigMap>("default").patch("kube-root-ca.crt", PatchKind::Merge, &patch).await.unwrap();
    let data = world
        .until::<ConfigMap, _>("default", "kube-root-ca.crt", |map| {
            map.and_then(|map| map.data.clone()).filter(|data| data["ca.crt"] == "CERTIFICATE")
        })
        .await;
    assert_eq!(data.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_deleted_namespace_goes_with_its_content() {
    let world = World::all().await;
    world.apply("{apiVersion: v1, kind: Namespace, metadata: {name: shop}}").await;
    world.apply("{apiVersion: v1, kind: ConfigMap, metadata: {name: prices, namespace: shop}}").await;
    world.admin.api::<Namespace>().delete("shop", DeleteOptions::default()).await.unwrap();
    world.until::<Namespace, _>("", "shop", |namespace| namespace.is_none().then_some(())).await;
    assert!(world.list::<ConfigMap>("shop").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_keeps_a_namespace_stands_in_its_conditions() {
    let world = World::all().await;
    world.apply("{apiVersion: v1, kind: Namespace, metadata: {name: shop}}").await;
    world
        .apply("{apiVersion: v1, kind: ConfigMap, metadata: {name: kept, namespace: shop, finalizers: [example.com/keep]}}")
        .await;
    world.admin.api::<Namespace>().delete("shop", DeleteOptions::default()).await.unwrap();
    let messages = world
        .until::<Namespace, _>("", "shop", |namespace| {
            let conditions = namespace?.status.as_ref()?.conditions.clone()?;
            let held: Vec<_> = conditions.iter().filter(|c| c.status == "True").cloned().collect();
            (held.len() == 2).then(|| held.into_iter().filter_map(|c| c.message).collect::<Vec<_>>())
        })
        .await;
    assert_eq!(messages[0], "Some resources are remaining: configmaps. has 1 resource instances");
    assert_eq!(
        messages[1],
        "Some content in the namespace has finalizers remaining: example.com/keep in 1 resource instances"
    );
    let patch = json!({ "metadata": { "finalizers": null } });
    world.admin.namespaced::<ConfigMap>("shop").patch("kept", PatchKind::Merge, &patch).await.unwrap();
    world.until::<Namespace, _>("", "shop", |namespace| namespace.is_none().then_some(())).await;
}
