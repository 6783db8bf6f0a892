#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use k8s_api_client::{Candidate, Election, Leadership};
use k8s_openapi::api::coordination::v1::Lease;
use tokio::time::{Instant, timeout};

use crate::world::World;

fn stand(world: &World, who: &str) -> impl Future<Output = Leadership> + use<> {
    let election = Election::new("default", "crown", who);
    Candidate::new(&world.rough, election, world.env.clone()).lead()
}

async fn holder(world: &World) -> String {
    let lease = world.admin.namespaced::<Lease>("default").get("crown").await.unwrap();
    lease.spec.as_ref().and_then(|spec| spec.holder_identity.clone()).unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn one_leads_and_the_next_waits_until_the_lease_is_given_back() {
    let world = World::new().await;
    let first = stand(&world, "first").await;
    assert_eq!(holder(&world).await, "first");
    let second = stand(&world, "second");
    tokio::pin!(second);
    assert!(timeout(Duration::from_secs(60), &mut second).await.is_err(), "renewed in time all along");
    first.release().await.unwrap();
    assert_eq!(holder(&world).await, "");
    let start = Instant::now();
    let _second = second.await;
    assert!(start.elapsed() < Duration::from_secs(5));
    assert_eq!(holder(&world).await, "second");
}

#[tokio::test(start_paused = true)]
async fn the_lease_of_who_is_gone_runs_out() {
    let world = World::new().await;
    drop(stand(&world, "first").await);
    let start = Instant::now();
    let _second = stand(&world, "second").await;
    assert!(start.elapsed() >= Duration::from_secs(15));
    assert!(start.elapsed() < Duration::from_secs(21));
    let lease = world.admin.namespaced::<Lease>("default").get("crown").await.unwrap();
    assert_eq!(lease.spec.as_ref().unwrap().lease_transitions, Some(1));
}

#[tokio::test(start_paused = true)]
async fn who_cannot_renew_has_lost() {
    let world = World::new().await;
    let mut leadership = stand(&world, "first").await;
    world.road.unreachable.store(usize::MAX, std::sync::atomic::Ordering::SeqCst);
    let start = Instant::now();
    leadership.lost().await;
    assert!(leadership.is_lost());
    assert!(start.elapsed() <= Duration::from_secs(15), "before others may take over");
}
