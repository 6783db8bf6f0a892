use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::Status;

/// The pods that wait for permission to be bound. Cloning shares.
#[derive(Clone, Debug, Default)]
pub struct WaitingPods(Arc<Mutex<BTreeMap<Arc<str>, Answer>>>);

type Answer = oneshot::Sender<Result<(), Status>>;

impl WaitingPods {
    /// The uids of the pods that wait.
    pub fn uids(&self) -> Vec<Arc<str>> {
        self.0.lock().keys().cloned().collect()
    }

    /// Lets the pod with this uid be bound; false when it does not wait.
    pub fn allow(&self, uid: &str) -> bool {
        self.tell(uid, Ok(()))
    }

    /// Takes back the decision for the pod with this uid; false when it does not wait.
    pub fn reject(&self, uid: &str, status: Status) -> bool {
        self.tell(uid, Err(status))
    }

    fn tell(&self, uid: &str, answer: Result<(), Status>) -> bool {
        let waiting = self.0.lock().remove(uid);
        waiting.is_some_and(|waiting| waiting.send(answer).is_ok())
    }

    /// Makes a pod wait; what is returned is answered once, or dropped when the pod is to wait anew.
    pub(super) fn wait(&self, uid: Arc<str>) -> oneshot::Receiver<Result<(), Status>> {
        let (sender, receiver) = oneshot::channel();
        self.0.lock().insert(uid, sender);
        receiver
    }

    pub(super) fn give_up(&self, uid: &str) {
        self.0.lock().remove(uid);
    }
}
