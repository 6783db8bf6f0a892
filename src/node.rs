use std::error::Error;
use std::fmt::Debug;
use std::net::Ipv4Addr;

use async_trait::async_trait;
use k8s_api_client::{Client, NodeRegistry};
use k8s_cni::memory::Fabric;
use k8s_env::Env;
use k8s_node::{HollowMachine, HollowNode, Node};

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
    async fn start(self: Box<Self>, context: NodeContext) -> Result<Box<dyn NodeHandle>, Box<dyn Error + Send + Sync>>;
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
    /// The network in memory that hollow nodes of this cluster share.
    pub fabric: Fabric,
    /// How many nodes the cluster has started before: for addresses that no other node has.
    pub index: u32,
}

/// A running node.
///
/// # Contract
/// Dropping the handle cancels everything the node does, at once.
#[async_trait]
pub trait NodeHandle: Send + Sync + Debug {
    /// The machine in memory, when the node is a hollow one.
    fn machine(&self) -> Option<&HollowMachine>;

    /// Ends the node gracefully: nothing of it is left on the machine.
    async fn stop(self: Box<Self>);

    /// Ends the node as a power failure does: its containers are gone and nobody is told.
    async fn crash(self: Box<Self>);
}

/// Where the addresses of hollow nodes begin: 172.18.0.2.
const FIRST_NODE: u32 = u32::from_be_bytes([172, 18, 0, 2]);
/// Where their pods' addresses begin: 10.244.0.0/24 for the first, and so on.
const FIRST_POD_NETWORK: u32 = u32::from_be_bytes([10, 244, 0, 0]);

/// A running hollow node, with its machine for tests to script.
#[derive(Debug)]
struct Hollow {
    node: Node,
    machine: HollowMachine,
}

#[async_trait]
impl ClusterNode for HollowNode {
    fn name(&self) -> &str {
        self.name()
    }

    async fn start(self: Box<Self>, context: NodeContext) -> Result<Box<dyn NodeHandle>, Box<dyn Error + Send + Sync>> {
        let NodeContext { client, env, registry, fabric, index } = context;
        let mut hollow = *self;
        if !hollow.has_ip() {
            hollow = hollow.ip(Ipv4Addr::from(FIRST_NODE + index));
        }
        if !hollow.has_pod_cidr() {
            hollow = hollow.pod_cidr(format!("{}/24", Ipv4Addr::from(FIRST_POD_NETWORK + (index << 8))));
        }
        let (node, machine) = hollow.start(client, env, &fabric, &registry).await?;
        Ok(Box::new(Hollow { node, machine }))
    }
}

#[async_trait]
impl NodeHandle for Hollow {
    fn machine(&self) -> Option<&HollowMachine> {
        Some(&self.machine)
    }

    async fn stop(self: Box<Self>) {
        self.node.stop().await;
    }

    async fn crash(self: Box<Self>) {
        self.node.crash();
    }
}
