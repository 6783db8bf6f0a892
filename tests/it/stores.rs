//! A cluster that owns its store closes it.

use k8s_kit::Cluster;
use k8s_kit::env::Env;
use k8s_kit::store::{Error, Maintenance, Memory, Store, StoreExt};
use k8s_kit::store_durable::Durable;
use k8s_openapi::api::core::v1::ConfigMap;

use crate::around::Scratch;

const MAP: &str = "{apiVersion: v1, kind: ConfigMap, metadata: {name: kept}}";

#[tokio::test]
async fn an_owned_store_is_closed_by_stop_and_opens_again() {
    let scratch = Scratch::new("owned-store");
    for round in 0..3 {
        let store = std::sync::Arc::new(Durable::open(scratch.path()).await.unwrap());
        let cluster = Cluster::builder().owned_store(store.clone()).start().await.unwrap();
        let admin = cluster.client_as(k8s_kit::api::UserInfo::admin());
        let kept = admin.namespaced::<ConfigMap>("default").find("kept").await.unwrap();
        assert_eq!(kept.is_some(), round > 0);
        admin.apply(MAP).await.unwrap();
        cluster.stop().await;
        assert!(matches!(store.status().await, Err(Error::Closed)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_shared_store_stays_open() {
    let store = std::sync::Arc::new(Memory::new());
    let cluster = Cluster::builder().env(Env::simulated(1)).store(store.clone()).start().await.unwrap();
    cluster.stop().await;
    store.put("still".into(), "there".into()).await.unwrap();
    store.close().await.unwrap();
}
