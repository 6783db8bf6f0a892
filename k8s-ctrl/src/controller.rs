use std::fmt::Debug;

use async_trait::async_trait;

use crate::Context;

/// A loop that makes something so.
///
/// # Contract
/// [`Controller::run`] works until its future is dropped; a [`Controllers`](crate::Controllers) set runs each
/// controller as a task of its own. It waits for changes and for timers and polls nothing. Most controllers are a
/// [`Reconciler`](crate::Reconciler) around a [`Reconcile`](crate::Reconcile).
///
/// # Cancellation
/// Dropping the future ends the controller at once, with all that it started; what it has written stays. It must be
/// able to go on from there in a new run.
#[async_trait]
pub trait Controller: Send + Sync + Debug + 'static {
    /// Its name as upstream's `--controllers` knows it, `deployment-controller`: it is chosen by it.
    fn name(&self) -> &'static str;

    /// The service account in `kube-system` that it acts as: mostly of the same name.
    fn account(&self) -> &'static str {
        self.name()
    }

    /// Works until the future is dropped.
    async fn run(&self, context: Context);
}
