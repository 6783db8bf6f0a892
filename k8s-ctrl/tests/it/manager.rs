use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use k8s_api_client::Election;
use k8s_ctrl::{Context, Controller, Controllers};
use k8s_env::Tasks;
use k8s_openapi::api::core::v1::ConfigMap;

use crate::world::{World, pass};

/// Counts how many of it are at work.
#[derive(Clone, Debug, Default)]
struct Counter {
    at_work: Arc<AtomicUsize>,
    users: Arc<parking_lot::Mutex<Vec<String>>>,
}

struct AtWork(Arc<AtomicUsize>);

impl Drop for AtWork {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl Controller for Counter {
    fn name(&self) -> &'static str {
        "counter-controller"
    }

    async fn run(&self, ctx: Context) {
        self.at_work.fetch_add(1, Ordering::SeqCst);
        self.users.lock().push(ctx.client().identity().name.clone());
        let _at_work = AtWork(self.at_work.clone());
        ctx.informers().get::<ConfigMap>().synced().await;
        std::future::pending::<()>().await;
    }
}

#[tokio::test(start_paused = true)]
async fn controllers_run_as_their_own_account_until_stopped() {
    let world = World::new().await;
    let counter = Counter::default();
    let running = Controllers::none().with(counter.clone()).start(&world.admin, &world.env);
    pass(1.0).await;
    assert_eq!(counter.at_work.load(Ordering::SeqCst), 1);
    assert_eq!(*counter.users.lock(), ["system:serviceaccount:kube-system:counter-controller"]);
    running.stop().await;
    assert_eq!(counter.at_work.load(Ordering::SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn controllers_are_chosen_by_name() {
    let all = Controllers::none().with(Counter::default());
    assert_eq!(all.clone().except("counter").unwrap().names().count(), 0);
    assert_eq!(all.clone().only("counter-controller").unwrap().names().count(), 1);
    // What upstream has and this set has not needs no leaving out.
    for absent in ["cronjob", "podgc", "resourcequota-controller"] {
        assert_eq!(all.clone().except(absent).unwrap().names().count(), 1, "{absent}");
        assert!(all.clone().only(absent).is_err(), "{absent}");
    }
    let unknown = all.clone().except("countre").unwrap_err();
    assert_eq!(unknown.to_string(), "there is no controller countre; there are counter-controller");
    assert_eq!(all.with(Counter::default()).names().count(), 1, "one of a name");
}

#[tokio::test(start_paused = true)]
async fn of_two_managers_one_works() {
    let world = World::new().await;
    let counter = Counter::default();
    let stand = |who: &str| {
        let controllers = Controllers::none().with(counter.clone());
        let (client, env) = (world.admin.clone(), world.env.clone());
        let election = Election::new("kube-system", "kube-controller-manager", who);
        let tasks = Tasks::new();
        tasks.spawn(async move { controllers.run_elected(&client, &env, election).await });
        tasks
    };
    let first = stand("first");
    pass(1.0).await;
    let _second = stand("second");
    pass(60.0).await;
    assert_eq!(counter.users.lock().len(), 1);
    drop(first);
    pass(30.0).await;
    assert_eq!(counter.users.lock().len(), 2);
    assert_eq!(counter.at_work.load(Ordering::SeqCst), 1);
}
