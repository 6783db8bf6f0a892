use std::fmt::Debug;

use async_trait::async_trait;
use k8s_api::Status;

use crate::{Reply, Request};

/// A road to an API server: in process, over HTTPS, or a layer around another road.
///
/// Implemented by whoever reaches a server in a way of their own, or puts something on the way to one; called by
/// [`Client`](crate::Client) and through it by everything else. The front page of this crate numbers the promises, and
/// `k8s-api-client-testkit` has a test for each.
///
/// # Contract
/// A road adds nothing and leaves nothing out: the request reaches the server as it is, and what the server answers is
/// what the caller gets, a refusal with its code, reason, details and warnings no less than a success.
///
/// Every request carries an identity. A transport in process passes it on as it is; one over the network authenticates
/// with its own credentials and impersonates where the identity differs. A road that cannot carry an identity refuses
/// the request; it never sends it as somebody else.
///
/// A request is sent once. What may have reached the server is not sent again: whether to try again is the caller's to
/// decide, by [`Status::retry`].
///
/// A body is taken in every form of [`Body`](crate::Body); what the server makes of it does not depend on the form. Any
/// number of calls may be under way at once, and each gets the answer to its own request.
///
/// # Ordering
/// A write that was answered is visible to every read that begins later and names no older resourceVersion. A watch
/// delivers every change after its revision once, in order, or ends with [`WatchEvent::Error`](crate::WatchEvent::Error),
/// which is its last event. A revision that the server has forgotten is told as 410 (reason `Expired` or `Gone`), by the
/// call or by the first event. A watch that ends without an error has lost nothing: a new one may begin at the last
/// revision that was seen.
///
/// # Cancellation
/// Dropping the future of a write does not say whether it happened; read back to learn. It has happened once or not at
/// all, never in part. Dropping any future or stream, at whatever point, leaves the road usable and the other calls and
/// streams as they are. Dropping the wait for the next event of a stream loses no event.
#[async_trait]
pub trait Transport: Send + Sync + Debug + 'static {
    /// Carries one request to the server and its answer back.
    ///
    /// # Errors
    /// What the server answered, with its warnings, or a Status of the transport's own making when no server was reached
    /// (reason `ServiceUnavailable` or `Timeout`) or when the request cannot be sent as it is (`BadRequest`).
    async fn call(&self, request: Request) -> Result<Reply, Status>;
}
