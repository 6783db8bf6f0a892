//! Who else is in the cluster: what a controller waits for must be done by somebody.

mod garbage;
mod heartbeats;
mod kubelet;

use async_trait::async_trait;
use k8s_api::Status;

use crate::World;

pub use garbage::GarbageCollector;
pub use heartbeats::Heartbeats;
pub use kubelet::Kubelet;

/// Somebody else in the cluster, such as a kubelet or a person.
///
/// # Contract
/// It is asked every second of simulated time while something happens, and every five seconds else, and does all there
/// is to do then. It looks at the cluster each time and
/// remembers nothing that another run must not know.
///
/// # Cancellation
/// Its future is never dropped half-way.
#[async_trait]
pub trait Role: Send + Sync + 'static {
    /// Does what there is to do, and says whether that changed something that a controller may answer to. What goes on
    /// for ever, as heartbeats do, does not count.
    ///
    /// # Errors
    /// What the server answered; the case fails with it.
    async fn play(&self, world: &World) -> Result<bool, Status>;
}
