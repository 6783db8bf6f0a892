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
/// of upstream's kubelet (`pkg/kubelet/server/server.go`).
///
/// # Cancellation
/// Dropping the future or the body ends the request.
#[async_trait]
pub trait NodeApi: Send + Sync + Debug + 'static {
    /// Answers one request.
    async fn handle(&self, request: http::Request<Bytes>) -> http::Response<RawBody>;
}

/// Finds the node agents by the names of their nodes: in this process, over HTTPS, through a tunnel.
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
