use std::fmt::Debug;

use async_trait::async_trait;
use k8s_api::Status;

use crate::{Reply, Request};

/// A road to an API server: in process, over HTTPS, or a layer around another road.
///
/// # Contract
/// Every request carries an identity. A transport in process passes it on as it is; one over the network authenticates
/// with its own credentials and impersonates where the identity differs.
///
/// # Ordering
/// A write that was answered is visible to every read that begins later and names no older resourceVersion. A watch
/// delivers every change once, in order, or ends with [`WatchEvent::Error`](crate::WatchEvent::Error).
///
/// # Cancellation
/// Dropping the future of a write does not say whether it happened; read back to learn.
#[async_trait]
pub trait Transport: Send + Sync + Debug + 'static {
    /// Carries one request to the server and its answer back.
    ///
    /// # Errors
    /// What the server answered, or a Status of the transport's own making when no server was reached (reason
    /// `ServiceUnavailable` or `Timeout`).
    async fn call(&self, request: Request) -> Result<Reply, Status>;
}
