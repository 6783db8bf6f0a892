//! The road from the API server to the nodes: logs, and later exec, attach and port-forward.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Weak};

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::RwLock;

use crate::RawBody;

/// A node agent's own HTTP API, as the API server calls it: `/containerLogs/NAMESPACE/POD/CONTAINER`.
///
/// # Contract
/// Every request gets an answer; an error is an answer with its status and a plain text. Paths and parameters are those
/// of upstream's kubelet (`pkg/kubelet/server/server.go`). A body that comes as a stream is handed on as it comes, and
/// one that breaks ends with an error, never as if all had been said.
///
/// # Cancellation
/// Dropping the future or the body ends the request: nothing of it is left at the agent.
#[async_trait]
pub trait NodeApi: Send + Sync + Debug + 'static {
    /// Answers one request.
    async fn handle(&self, request: http::Request<Bytes>) -> http::Response<RawBody>;
}

/// Finds the node agents by the names of their nodes: in this process, over HTTPS, through a tunnel.
///
/// Implemented by whoever reaches nodes in a way of their own; called by the API server for each request that a node has
/// to answer. The front page of this crate numbers the promises, and `k8s-api-client-testkit` has a test for each.
///
/// # Contract
/// A name is a node's whole name, compared byte by byte. An unknown node is `None`, at once: `connect` waits for nothing
/// and changes nothing. What it returns may turn out not to be reachable any more; then [`NodeApi::handle`] answers 503.
/// The request reaches the agent as it is, and the agent's answer comes back as it is.
pub trait NodeConnector: Send + Sync + Debug + 'static {
    /// The agent of a node; `None` when there is no road to it.
    fn connect(&self, node: &str) -> Option<Arc<dyn NodeApi>>;
}

/// The node agents of this process. Clones share their content.
///
/// Holds no agent alive: one that was dropped can no longer be reached.
#[derive(Clone, Debug, Default)]
pub struct NodeRegistry(Arc<RwLock<BTreeMap<String, Weak<dyn NodeApi>>>>);

impl NodeRegistry {
    /// An empty registry.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes an agent reachable by its node's name, in place of the one before it.
    pub fn register(&self, node: &str, agent: &Arc<dyn NodeApi>) {
        self.0.write().insert(node.to_owned(), Arc::downgrade(agent));
    }
}

impl NodeConnector for NodeRegistry {
    fn connect(&self, node: &str) -> Option<Arc<dyn NodeApi>> {
        self.0.read().get(node)?.upgrade()
    }
}
