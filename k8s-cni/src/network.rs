use async_trait::async_trait;

use crate::{Attached, Attachment, AttachmentKey, NodeNetwork, Readiness, Result};

/// Joins pod sandboxes to a network in which every pod reaches every other without translation.
///
/// # Contract
/// The node agent calls it, after a sandbox was made and after it was stopped. One object is the network of one
/// node. Attachments survive the caller: an agent that starts anew sets up what it has again and collects the rest.
/// A plugin behind the Container Network Interface is called with the same verbs: ADD, DEL, CHECK, STATUS and GC.
///
/// # Ordering
/// Calls about different sandboxes are independent. The caller makes one call about a sandbox at a time; a network
/// that sees two finishes them one after the other.
///
/// # Cancellation
/// A dropped `setup` may have attached or not: set up again or tear down, both are fine. A dropped `teardown` must be
/// called again.
#[async_trait]
pub trait PodNetwork: Send + Sync {
    /// Takes what the node learned about itself; replaces what was said before. Attachments keep their addresses
    /// even when those lie outside of new ranges.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid), as for two ranges of one family.
    async fn configure(&self, node: NodeNetwork) -> Result<()>;

    /// Says whether sandboxes can be attached.
    async fn status(&self) -> Readiness;

    /// Attaches a sandbox. Doing so again answers what was answered first.
    ///
    /// # Errors
    /// [`Error::NotReady`](crate::Error::NotReady), [`Error::Exhausted`](crate::Error::Exhausted),
    /// [`Error::PortTaken`](crate::Error::PortTaken) and [`Error::Failed`](crate::Error::Failed); nothing is
    /// attached then.
    async fn setup(&self, attachment: &Attachment) -> Result<Attached>;

    /// Detaches a sandbox and frees its addresses. Fine when it is not attached or its namespace is gone.
    ///
    /// # Errors
    /// [`Error::Failed`](crate::Error::Failed): call again.
    async fn teardown(&self, attachment: &Attachment) -> Result<()>;

    /// Compares an attachment with what `setup` answered.
    ///
    /// # Errors
    /// [`Error::Detached`](crate::Error::Detached) when they differ.
    async fn check(&self, attachment: &Attachment, attached: &Attached) -> Result<()>;

    /// Detaches everything but `valid` and frees its addresses.
    ///
    /// # Errors
    /// [`Error::Failed`](crate::Error::Failed): some may be left, call again.
    async fn collect(&self, valid: &[AttachmentKey]) -> Result<()>;
}
