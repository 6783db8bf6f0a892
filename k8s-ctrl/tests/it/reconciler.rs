use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use k8s_api_client::ObjectKey;
use k8s_api_client::informer::Selection;
use k8s_ctrl::{Action, Error, Reconcile, Reconciler};
use k8s_env::Tasks;
use k8s_openapi::api::core::v1::ConfigMap;
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::world::{World, pass};

type Answer = fn(&str, usize) -> Result<Action, Error>;

/// Notes when it was called for what, and answers as told by name and number of the call.
struct Diary {
    start: Instant,
    lines: Mutex<Vec<(String, u128)>>,
    answer: Answer,
}

#[async_trait]
impl Reconcile for Diary {
    async fn reconcile(&self, key: &ObjectKey) -> Result<Action, Error> {
        let n = {
            let mut lines = self.lines.lock();
            lines.push((key.name().to_owned(), self.start.elapsed().as_millis()));
            lines.iter().filter(|(name, _)| name == key.name()).count()
        };
        (self.answer)(key.name(), n)
    }
}

async fn run(world: &World, tune: fn(Reconciler) -> Reconciler, answer: Answer) -> (Arc<Diary>, Tasks) {
    let maps = world.informers.select::<ConfigMap>(Selection::namespace("default"));
    maps.synced().await;
    let diary = Arc::new(Diary { start: Instant::now(), lines: Mutex::default(), answer });
    let tasks = Tasks::new();
    tasks.spawn(tune(Reconciler::new("test").watches(&maps)).run(diary.clone()));
    (diary, tasks)
}

impl Diary {
    fn times(&self, name: &str) -> Vec<u128> {
        self.lines.lock().iter().filter(|(n, _)| n == name).map(|(_, at)| *at).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn an_object_is_reconciled_when_it_changes() {
    let world = World::new().await;
    let (diary, _tasks) = run(&world, |r| r, |_, _| Ok(Action::Done)).await;
    world.map("a").await;
    pass(60.0).await;
    assert_eq!(diary.times("a").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn failures_come_again_each_time_later_and_hold_up_nobody() {
    let world = World::new().await;
    let (diary, _tasks) = run(
        &world,
        |r| r.workers(1),
        |name, n| match (name, n) {
            ("a", 1..5) => Err(Error::blocked("not yet")),
            _ => Ok(Action::Done),
        },
    )
    .await;
    world.map("a").await;
    world.map("b").await;
    pass(60.0).await;
    let times = diary.times("a");
    let pauses: Vec<_> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(pauses, [5, 10, 20, 40]);
    assert_eq!(diary.times("b").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_a_failure_of_one_object() {
    let world = World::new().await;
    let (diary, _tasks) = run(
        &world,
        |r| r.workers(1),
        |name, n| {
            assert!(name != "a" || n > 1, "a bug");
            Ok(Action::Done)
        },
    )
    .await;
    world.map("a").await;
    world.map("b").await;
    pass(1.0).await;
    assert_eq!(diary.times("a").len(), 2);
    assert_eq!(diary.times("b").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_delay_is_kept() {
    let world = World::new().await;
    let later =
        |_: &str, n: usize| Ok(if n == 1 { Action::RequeueAfter(Duration::from_secs(30)) } else { Action::Done });
    let (diary, _tasks) = run(&world, |r| r, later).await;
    world.map("a").await;
    pass(60.0).await;
    let times = diary.times("a");
    assert_eq!(times[1] - times[0], 30_000);
}

#[tokio::test(start_paused = true)]
async fn a_burst_costs_few_rounds_and_the_last_change_is_seen() {
    let world = World::new().await;
    let (diary, _tasks) = run(&world, |r| r.throttle(Duration::from_millis(100)), |_, _| Ok(Action::Done)).await;
    world.map("a").await;
    let api = world.admin.namespaced::<ConfigMap>("default");
    for i in 0..50 {
        let patch = serde_json::json!({ "data": { "v": i.to_string() } });
        api.patch("a", k8s_api_client::PatchKind::Merge, &patch).await.unwrap();
        pass(0.005).await;
    }
    let last = diary.start.elapsed().as_millis() - 5;
    pass(1.0).await;
    let times = diary.times("a");
    assert!(times.len() <= 5, "{times:?}");
    assert!(times.last().is_some_and(|at| *at >= last), "{times:?}");
}
