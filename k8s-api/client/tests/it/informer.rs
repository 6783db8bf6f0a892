use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use k8s_api::Kind;
use k8s_api_client::informer::{Event, Selection};
use k8s_api_client::{DeleteOptions, Informers, PatchKind};
use k8s_openapi::api::core::v1::ConfigMap;
use parking_lot::Mutex;

use crate::world::{World, value};

fn text(event: &Event<ConfigMap>) -> String {
    match event {
        Event::Added(new) => format!("+{}={}", new.name(), value(new)),
        Event::Updated { old, new } => format!("{}={}>{}", new.name(), value(old), value(new)),
        Event::Deleted(old) => format!("-{}", old.name()),
    }
}

async fn settle() {
    tokio::time::sleep(Duration::from_millis(100)).await;
}

#[tokio::test(start_paused = true)]
async fn a_cache_follows_and_subscribers_see_every_change_in_order() {
    let world = World::new().await;
    world.map("a", "1").await;
    let informers = Informers::new(world.admin.clone(), world.env.clone());
    let maps = informers.select::<ConfigMap>(Selection::namespace("default"));
    let mut early = maps.subscribe();
    assert!(maps.synced().await);
    world.map("b", "1").await;
    world.map("a", "2").await;
    world.admin.namespaced::<ConfigMap>("default").delete("b", DeleteOptions::default()).await.unwrap();
    settle().await;
    let mut seen = Vec::new();
    while seen.len() < 4 {
        seen.extend(early.next_batch().await.unwrap().iter().map(text));
    }
    assert_eq!(seen, ["+a=1", "+b=1", "a=1>2", "-b"]);
    let mut late = maps.subscribe();
    assert_eq!(text(&late.next().await.unwrap()), "+a=2");
    assert_eq!(maps.reader().len(), 1);
    assert_eq!(value(&maps.reader().get("default", "a").unwrap()), "2");
}

#[tokio::test(start_paused = true)]
async fn one_informer_is_shared_and_so_are_the_objects() {
    let world = World::new().await;
    world.map("a", "1").await;
    let one = Informers::new(world.admin.clone(), world.env.clone());
    let other = Informers::new(world.admin.clone(), world.env.clone());
    let informers = [one.get::<ConfigMap>(), one.get::<ConfigMap>(), other.get::<ConfigMap>()];
    for informer in &informers {
        informer.synced().await;
    }
    let found: Vec<_> = informers.iter().map(|i| i.reader().get("default", "a").unwrap()).collect();
    assert!(Arc::ptr_eq(&found[0], &found[1]));
    assert!(Arc::ptr_eq(&found[0], &found[2]), "two caches in one process share the server's own object");
}

#[tokio::test(start_paused = true)]
async fn after_a_410_the_cache_is_what_it_would_be_and_no_change_is_told_twice() {
    let world = World::new().await;
    world.map("a", "1").await;
    world.map("b", "1").await;
    let informers = Informers::new(world.rough.clone(), world.env.clone());
    let maps = informers.select::<ConfigMap>(Selection::namespace("default"));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = seen.clone();
    let _registration = maps.handle(move |events| log.lock().extend(events.iter().map(text)));
    maps.synced().await;
    settle().await;
    world.road.unreachable.store(2, Ordering::SeqCst);
    world.road.expire_watches();
    world.map("a", "2").await;
    world.admin.namespaced::<ConfigMap>("default").delete("b", DeleteOptions::default()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(10)).await;
    let mut told = seen.lock().clone();
    told.sort();
    assert_eq!(told, ["+a=1", "+b=1", "-b", "a=1>2"]);
    assert!(world.road.count("list configmaps") >= 2);
}

#[tokio::test(start_paused = true)]
async fn indexes_follow_their_objects() {
    let world = World::new().await;
    let informers = Informers::new(world.admin.clone(), world.env.clone());
    let maps = informers.select::<ConfigMap>(Selection::namespace("default"));
    maps.add_index("value", |map| vec![value(map).to_owned()]);
    maps.synced().await;
    world.map("a", "1").await;
    world.map("b", "1").await;
    settle().await;
    assert_eq!(maps.reader().count_index("value", "1"), 2);
    world.map("a", "2").await;
    settle().await;
    let names = |v: &str| maps.reader().by_index("value", v).iter().map(|m| m.name().to_owned()).collect::<Vec<_>>();
    assert_eq!(names("1"), ["b"]);
    assert_eq!(names("2"), ["a"]);
}

#[tokio::test(start_paused = true)]
async fn streams_end_with_their_informers() {
    let world = World::new().await;
    let informers = Informers::new(world.admin.clone(), world.env.clone());
    let maps = informers.get::<ConfigMap>();
    maps.synced().await;
    let mut events = maps.subscribe();
    informers.stop().await;
    while events.next().await.is_some() {}
}

#[tokio::test(start_paused = true)]
async fn who_falls_behind_gets_the_sum() {
    let world = World::new().await;
    let informers = Informers::new(world.admin.clone(), world.env.clone());
    let maps = informers.select::<ConfigMap>(Selection::namespace("default"));
    maps.synced().await;
    let mut slow = maps.subscribe();
    world.map("b", "0").await;
    let api = world.admin.namespaced::<ConfigMap>("default");
    world.map("a", "0").await;
    for round in 1..4500 {
        let patch = serde_json::json!({ "data": { "v": round.to_string() } });
        api.patch("a", PatchKind::Merge, &patch).await.unwrap();
        if round % 100 == 0 {
            settle().await;
        }
    }
    settle().await;
    let batch = slow.next_batch().await.unwrap();
    assert!(batch.len() < 4096);
    assert_eq!(text(&batch[0]), "+b=0");
    assert_eq!(value(batch.back().unwrap().object()), "4499");
}
