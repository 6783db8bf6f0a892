mod builder;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::future::join_all;
use k8s_api::UserInfo;
use k8s_api_client::{Client, NodeRegistry};
use k8s_api_server::ApiServer;
use k8s_cni::memory::Fabric;
use k8s_ctrl::Running;
use k8s_env::{Env, Tasks};
use k8s_node::HollowMachine;
use k8s_store::Maintenance;
use parking_lot::Mutex;

pub use builder::{ClusterBuilder, controllers};

use crate::{ClusterNode, Condition, Error, NodeContext, NodeHandle};

/// A running Kubernetes cluster: an API server over a store, a scheduler, controllers and nodes.
///
/// Dropping it cancels every task at once; [`Cluster::stop`] ends it gracefully.
#[derive(Debug)]
pub struct Cluster {
    pub(crate) env: Env,
    pub(crate) server: ApiServer,
    scheduler: Tasks,
    controllers: Option<Running>,
    registry: NodeRegistry,
    fabric: Fabric,
    /// The store, where it ends with the cluster.
    store: Option<Arc<dyn Maintenance>>,
    started: AtomicU32,
    #[cfg(feature = "https")]
    pub(crate) pki: Option<k8s_api_https::Pki>,
    nodes: Mutex<BTreeMap<String, Box<dyn NodeHandle>>>,
}

impl Cluster {
    /// A cluster in memory, every part of which can be replaced.
    pub fn builder() -> ClusterBuilder {
        ClusterBuilder::new()
    }

    /// The API server.
    pub fn server(&self) -> &ApiServer {
        &self.server
    }

    /// Time and randomness of the cluster.
    pub fn env(&self) -> &Env {
        &self.env
    }

    /// A client that is `user`. A client always is somebody.
    pub fn client_as(&self, user: UserInfo) -> Client {
        self.server.client_as(user)
    }

    /// Waits until a condition holds. Wrap it in `tokio::time::timeout` for a limit.
    ///
    /// # Errors
    /// When the API server fails.
    pub async fn until(&self, condition: Condition) -> Result<(), Error> {
        Ok(condition.wait(self.client_as(UserInfo::admin()), self.env.clone()).await?)
    }

    /// Starts one more node.
    ///
    /// # Errors
    /// When the node cannot start.
    pub async fn add_node(&self, node: impl ClusterNode) -> Result<(), Error> {
        self.start_node(Box::new(node)).await
    }

    /// The network that the hollow nodes share: to see how traffic would flow.
    pub fn fabric(&self) -> &Fabric {
        &self.fabric
    }

    /// The machine of a hollow node: to script its containers. `None` when there is no such node, or it is another kind.
    pub fn machine(&self, node: &str) -> Option<HollowMachine> {
        self.nodes.lock().get(node).and_then(|handle| handle.machine().cloned())
    }

    /// Ends a node as a power failure does.
    ///
    /// # Errors
    /// When there is no such node.
    pub async fn crash_node(&self, name: &str) -> Result<(), Error> {
        self.take(name)?.crash().await;
        Ok(())
    }

    /// Ends a node gracefully; its Node object stays.
    ///
    /// # Errors
    /// When there is no such node.
    pub async fn stop_node(&self, name: &str) -> Result<(), Error> {
        self.take(name)?.stop().await;
        Ok(())
    }

    /// Ends the cluster: first those who would replace what ends, then the nodes, then the API server, and last the store,
    /// where the cluster owns it ([`ClusterBuilder::owned_store`]).
    pub async fn stop(mut self) {
        if let Some(controllers) = self.controllers.take() {
            controllers.stop().await;
        }
        self.scheduler.stop().await;
        let nodes = std::mem::take(&mut *self.nodes.lock());
        // Each gives its containers a moment to end.
        join_all(nodes.into_values().map(NodeHandle::stop)).await;
        self.server.stop().await;
        if let Some(store) = self.store.take()
            && let Err(error) = store.close().await
        {
            tracing::error!(%error, "the store was closed with an error: look what it holds before it is used again");
        }
    }

    fn take(&self, name: &str) -> Result<Box<dyn NodeHandle>, Error> {
        self.nodes.lock().remove(name).ok_or_else(|| Error::NoSuchNode { name: name.to_owned() })
    }

    async fn start_node(&self, node: Box<dyn ClusterNode>) -> Result<(), Error> {
        let name = node.name().to_owned();
        let context = NodeContext {
            client: self.client_as(UserInfo::node(&name)),
            env: self.env.clone(),
            registry: self.registry.clone(),
            fabric: self.fabric.clone(),
            index: self.started.fetch_add(1, Ordering::Relaxed),
        };
        let handle = node.start(context).await.map_err(|source| Error::Node { name: name.clone(), source })?;
        self.nodes.lock().insert(name, handle);
        Ok(())
    }
}
