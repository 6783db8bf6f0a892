use std::error::Error;
use std::fmt::Debug;

use async_trait::async_trait;
use k8s_api_client::{Client, NodeRegistry};
use k8s_env::Env;

/// A node that a cluster starts: one in memory, one on this machine, or an embedder's own.
///
/// # Contract
/// `start` returns once the node has begun to work; that it is ready shows in its status. It uses the client it is
/// given, which is `system:node:NAME`.
#[async_trait]
pub trait ClusterNode: Send + 'static {
    /// The node's name.
    fn name(&self) -> &str;

    /// Starts the node.
    ///
    /// # Errors
    /// When it cannot work at all.
    async fn start(self: Box<Self>, context: NodeContext)
    -> Result<Box<dyn NodeHandle>, Box<dyn Error + Send + Sync>>;
}

/// What a cluster gives to a node.
#[derive(Clone, Debug)]
pub struct NodeContext {
    /// The API, as the node's own user.
    pub client: Client,
    /// Time and randomness.
    pub env: Env,
    /// Where the node makes itself reachable for logs.
    pub registry: NodeRegistry,
}

/// A running node.
///
/// # Contract
/// Dropping the handle cancels everything the node does, at once.
#[async_trait]
pub trait NodeHandle: Send + Sync + Debug {
    /// Ends the node gracefully: nothing of it is left on the machine.
    async fn stop(self: Box<Self>);

    /// Ends the node as a power failure does: its containers are gone and nobody is told.
    async fn crash(self: Box<Self>);
}
