use std::sync::Arc;

use k8s_openapi::api::core::v1::Pod;
use parking_lot::Mutex;
use tokio::sync::Notify;

/// What a pod's task shall know of. The newest of each kind of news replaces the older, so it never fills up.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    mail: Mutex<Mail>,
    arrived: Notify,
}

/// News for one pod.
#[derive(Debug, Default)]
pub(crate) struct Mail {
    /// The pod as the API has it now.
    pub(crate) pod: Option<Arc<Pod>>,
    /// The API has it no more.
    pub(crate) gone: bool,
    /// Something in its sandbox changed.
    pub(crate) runtime: bool,
    /// A config map or secret that it uses changed.
    pub(crate) objects: bool,
}

impl Mailbox {
    pub(crate) fn pod_changed(&self, pod: Arc<Pod>) {
        self.put(|mail| mail.pod = Some(pod));
    }

    pub(crate) fn pod_gone(&self) {
        self.put(|mail| mail.gone = true);
    }

    pub(crate) fn runtime_changed(&self) {
        self.put(|mail| mail.runtime = true);
    }

    pub(crate) fn objects_changed(&self) {
        self.put(|mail| mail.objects = true);
    }

    /// Waits for news and takes them.
    ///
    /// # Cancellation
    /// Nothing is lost when the future is dropped.
    pub(crate) async fn take(&self) -> Mail {
        self.arrived.notified().await;
        std::mem::take(&mut *self.mail.lock())
    }

    fn put(&self, change: impl FnOnce(&mut Mail)) {
        change(&mut self.mail.lock());
        self.arrived.notify_one();
    }
}
