//! A member that hears nothing of the others while clients reach it, and one that wakes up and does not know that time has
//! passed: neither must pass for the store.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use k8s_env::Tasks;
use k8s_store::{
    Error, KeyRange, LeaseId, Leases, Page, RangeOptions, Revision, Status, Store, Txn, TxnOutcome, Watch, WatchOptions,
};
use k8s_store_etcd::Etcd;
use k8s_store_testkit::history::{Recorder, Request, check};
use k8s_store_testkit::traffic::{self, Plan};
use tokio::time::{sleep, timeout};

use crate::members::Members;
use crate::peer::program;

/// How long a member is parted from the others: some elections.
const APART: Duration = Duration::from_secs(4);
/// Shorter than that, so that who asks the parted member is refused.
const PATIENCE: Duration = Duration::from_secs(2);
const LIFE: Duration = Duration::from_secs(3);

/// Clients each of which knows one member only. Each call is of another.
#[derive(Debug)]
struct Each {
    clients: Vec<Etcd>,
    next: AtomicUsize,
}

impl Each {
    async fn of(members: &Members) -> Self {
        let mut clients = Vec::new();
        for endpoint in members.endpoints() {
            let connect = |patience| Etcd::builder([endpoint.clone()]).patience(patience).connect();
            connect(Duration::from_secs(30)).await.unwrap();
            clients.push(connect(PATIENCE).await.unwrap());
        }
        Self { clients, next: AtomicUsize::new(0) }
    }

    fn next(&self) -> &Etcd {
        &self.clients[self.next.fetch_add(1, Ordering::Relaxed) % self.clients.len()]
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait::async_trait]
impl Store for Each {
    async fn range(&self, range: KeyRange, options: RangeOptions) -> Result<Page, Error> {
        self.next().range(range, options).await
    }

    async fn txn(&self, txn: Txn) -> Result<TxnOutcome, Error> {
        self.next().txn(txn).await
    }

    async fn watch(&self, range: KeyRange, options: WatchOptions) -> Result<Watch, Error> {
        self.next().watch(range, options).await
    }

    async fn compact(&self, revision: Revision) -> Result<(), Error> {
        self.next().compact(revision).await
    }

    async fn status(&self) -> Result<Status, Error> {
        self.next().status().await
    }
}

/// The revision that a member tells who does not mind if it is old.
fn own_revision(members: &Members, n: usize) -> Option<Revision> {
    let endpoint = &members.endpoints()[n];
    let arguments = ["--endpoints", endpoint, "get", "x", "--consistency=s", "--write-out=json"];
    let output = Command::new(program("etcdctl")?).args(arguments).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let (_, number) = text.split_once("\"revision\":").unwrap_or_else(|| panic!("{text}"));
    number.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().ok().map(Revision)
}

/// Keeps a lease alive through one member.
async fn keep(client: Etcd, lease: LeaseId) {
    loop {
        let _may_fail = timeout(PATIENCE / 2, client.keep_alive(lease)).await;
        sleep(PATIENCE / 8).await;
    }
}

/// Calls through all members at once while one has a misfortune.
async fn live_through(store: &Arc<dyn Store>, seed: u64, misfortune: impl Future<Output = ()>) {
    let plan = Plan { seed, clients: 6, calls: 60, watches: 6, ..Plan::default() };
    let (ran, ()) = tokio::join!(traffic::run(Arc::clone(store), plan), async {
        sleep(PATIENCE / 4).await;
        misfortune.await;
    });
    ran.unwrap();
    sleep(PATIENCE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_parted_or_pauses_says_nothing_that_is_not_so() {
    let Some(members) = Members::start().await else { return };
    let each = Each::of(&members).await;
    let (all, tasks) = (each.clients[0].clone(), Tasks::new());
    // Shorter than a misfortune: a leader of old might think that it is over.
    let lease = all.grant(LIFE, None).await.unwrap().id;
    each.clients.iter().for_each(|client| tasks.spawn(keep(client.clone(), lease)));
    let recorder = Recorder::new(each.status().await.unwrap().revision);
    let store: Arc<dyn Store> = Arc::new(recorder.record(each));
    for n in 0..members.members.len() {
        live_through(&store, 2 * n as u64, async {
            members.part(n, true);
            sleep(APART).await;
            let (own, others) = (own_revision(&members, n), own_revision(&members, (n + 1) % 3));
            assert!(own < others, "the parted member is at {own:?}, another at {others:?}");
            members.part(n, false);
        })
        .await;
        live_through(&store, 2 * n as u64 + 1, async {
            members.signal(n, "-STOP");
            sleep(APART).await;
            members.signal(n, "-CONT");
        })
        .await;
    }
    store.range(KeyRange::all(), RangeOptions::latest()).await.unwrap();
    assert!(all.time_to_live(lease).await.is_ok(), "a lease ended though it was kept alive");

    let history = recorder.history();
    let verdict = check(&history);
    verdict.assert_none();
    let ends = || history.calls.iter().filter_map(|call| call.answer.as_ref());
    let uncertain = ends().filter(|(_, end)| matches!(end, Err(Error::Uncertain { .. }))).count();
    let refused = ends().filter(|(_, end)| matches!(end, Err(Error::Unavailable { .. }))).count();
    let asked = history.calls.iter().filter(|call| matches!(call.request, Request::Txn(_))).count();
    println!(
        "each of three members parted from the others, and paused: {} answers and {} batches of watches compared, all \
         equal; {} of {asked} transactions wrote, {uncertain} are uncertain; {refused} calls were refused",
        verdict.answers, verdict.batches, verdict.transactions,
    );
    assert!(refused + uncertain >= 6 && verdict.transactions > 500, "too little happened");
}
