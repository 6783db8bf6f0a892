mod throttle;
mod worker;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use k8s_api::Kind;
use k8s_api_client::informer::{Event, Registration};
use k8s_api_client::queue::Limits;
use k8s_api_client::{Informer, ObjectKey, Queue};
use k8s_env::Tasks;

use crate::{Action, Error, owner};
use throttle::Throttle;

/// Makes one object so, from whatever state.
///
/// # Contract
/// It is told a key, never what happened: it reads the caches and writes what is missing. One key is never worked on
/// twice at once. An error makes it come again, each time later.
///
/// # Cancellation
/// It may be dropped at any await point when the controller ends.
#[async_trait]
pub trait Reconcile: Send + Sync + 'static {
    /// Makes the object of `key` so, or deals with its absence.
    ///
    /// # Errors
    /// What kept it from that; the key comes again.
    async fn reconcile(&self, key: &ObjectKey) -> Result<Action, Error>;
}

/// Feeds keys to a [`Reconcile`]: from what changes in caches, through a queue, to a number of workers.
pub struct Reconciler {
    name: &'static str,
    queue: Queue<ObjectKey>,
    n_workers: usize,
    throttle: Throttle,
    registrations: Vec<Registration>,
    synced: Vec<BoxFuture<'static, bool>>,
}

impl Reconciler {
    /// A reconciler with upstream's default limits on retries and five workers.
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            queue: Queue::new(Limits::default()),
            n_workers: 5,
            throttle: Throttle::new(Duration::ZERO),
            registrations: Vec::new(),
            synced: Vec::new(),
        }
    }

    /// With other limits on retries. Set them first: what has been queued is lost.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.queue = Queue::new(limits);
        self
    }

    /// With so many keys at once.
    pub fn workers(mut self, n: usize) -> Self {
        self.n_workers = n.max(1);
        self
    }

    /// Lets at least this time pass between two rounds of one key, so that a burst of changes costs a few rounds; the
    /// first change is answered at once.
    pub fn throttle(mut self, pause: Duration) -> Self {
        self.throttle = Throttle::new(pause);
        self
    }

    /// The queue, to add keys from elsewhere.
    pub fn queue(&self) -> &Queue<ObjectKey> {
        &self.queue
    }

    /// Reconciles an object whenever it changes.
    pub fn watches<K: Kind>(self, informer: &Informer<K>) -> Self {
        self.maps(informer, |event, keys| keys.push(ObjectKey::of(&**event.object())))
    }

    /// Reconciles the controlling owner of kind `O` of an object whenever the object changes.
    pub fn owns<O: Kind, K: Kind>(self, informer: &Informer<K>) -> Self {
        self.maps(informer, |event, keys| {
            let new = event.object();
            let owner = owner::key_of_controller::<O, K>(new);
            if let Event::Updated { old, .. } = event {
                let before = owner::key_of_controller::<O, K>(old);
                keys.extend(before.filter(|before| Some(before) != owner.as_ref()));
            }
            keys.extend(owner);
        })
    }

    /// Reconciles the keys that `map` finds for each change. It is called from the informer's task and must be short.
    pub fn maps<K: Kind>(
        self,
        informer: &Informer<K>,
        map: impl Fn(&Event<K>, &mut Vec<ObjectKey>) + Send + Sync + 'static,
    ) -> Self {
        let queue = self.queue.clone();
        self.handles(informer, move |events| {
            let mut keys = Vec::with_capacity(events.len());
            for event in events {
                map(event, &mut keys);
                // A burst mostly is about one owner.
                if let [.., a, b] = &keys[..]
                    && a == b
                {
                    keys.pop();
                }
            }
            queue.extend(keys);
        })
    }

    /// Calls `handler` with each batch of changes, for what a mapping to keys cannot express; the reconciler waits for
    /// this informer as well. It is called from the informer's task and must be short.
    pub fn handles<K: Kind>(
        mut self,
        informer: &Informer<K>,
        handler: impl Fn(&[Event<K>]) + Send + Sync + 'static,
    ) -> Self {
        self.registrations.push(informer.handle(handler));
        self.needs(informer)
    }

    /// Waits for this informer, too, before the first round.
    pub fn needs<K: Kind>(mut self, informer: &Informer<K>) -> Self {
        let informer = informer.clone();
        self.synced.push(Box::pin(async move { informer.synced().await }));
        self
    }

    /// Waits for the caches, then works until the future is dropped or the caches end.
    pub async fn run(mut self, reconcile: Arc<dyn Reconcile>) {
        for synced in std::mem::take(&mut self.synced) {
            if !synced.await {
                return;
            }
        }
        tracing::debug!(controller = self.name, "caches are filled");
        let tasks = Tasks::new();
        let workers: Vec<_> = (0..self.n_workers)
            .map(|_| {
                let (done, ended) = tokio::sync::oneshot::channel::<()>();
                let worker = worker::Worker {
                    name: self.name,
                    queue: self.queue.clone(),
                    throttle: self.throttle.clone(),
                    reconcile: reconcile.clone(),
                };
                tasks.spawn(async move {
                    worker.run().await;
                    drop(done);
                });
                ended
            })
            .collect();
        for ended in workers {
            // It is closed, not sent to, when the worker ends.
            let _ = ended.await;
        }
    }
}

impl fmt::Debug for Reconciler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reconciler({}, {:?})", self.name, self.queue)
    }
}
