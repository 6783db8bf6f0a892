use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use k8s_api::status::Retry;
use k8s_api_client::{ObjectKey, Queue};

use super::throttle::Throttle;
use crate::{Action, Error, Reconcile};

/// One worker of a reconciler.
pub(super) struct Worker {
    pub(super) name: &'static str,
    pub(super) queue: Queue<ObjectKey>,
    pub(super) throttle: Throttle,
    pub(super) reconcile: Arc<dyn Reconcile>,
}

impl Worker {
    pub(super) async fn run(self) {
        while let Some(key) = self.queue.take().await {
            if let Err(pause) = self.throttle.enter(&key) {
                self.queue.add_after(key.clone(), pause);
                continue;
            }
            // A panic is a bug of one controller and about one object: the others go on.
            match AssertUnwindSafe(self.reconcile.reconcile(&key)).catch_unwind().await {
                Ok(Ok(action)) => self.follow(action, &key),
                Ok(Err(error)) => self.failed(&error, &key),
                Err(_) => {
                    tracing::error!(controller = self.name, %key, "panicked");
                    self.queue.add_rate_limited(key.clone());
                }
            }
        }
    }

    fn follow(&self, action: Action, key: &ObjectKey) {
        match action {
            Action::Done => self.queue.forget(key),
            Action::RequeueAfter(delay) => {
                self.queue.forget(key);
                self.queue.add_after(key.clone(), delay);
            }
            Action::Requeue => self.queue.add_rate_limited(key.clone()),
        }
    }

    fn failed(&self, error: &Error, key: &ObjectKey) {
        match error.retry() {
            Retry::Now => tracing::debug!(controller = self.name, %key, %error, "trying again"),
            Retry::Never | Retry::Backoff => tracing::warn!(controller = self.name, %key, %error, "failed"),
        }
        self.queue.add_rate_limited(key.clone());
    }
}
