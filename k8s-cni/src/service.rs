use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ipnet::IpNet;

use crate::{Protocol, Result};

/// Makes virtual addresses lead to endpoints, on one node.
///
/// # Contract
/// The node agent's service compiler calls it with resolved rules: which endpoints are usable is decided already,
/// terminating ones, topology hints and traffic distribution included. Rules survive the caller; the first call
/// after a start is [`Self::replace`]. A virtual port without endpoints refuses connections rather than ignoring them;
/// one with [`TrafficPolicy::Local`] and only remote endpoints ignores them.
///
/// # Ordering
/// Each call is one step: new connections see all of it or nothing, and a call that returned is in force. Calls are
/// made one at a time.
///
/// # Cancellation
/// A dropped call took effect or not; the next [`Self::replace`] makes it certain.
#[async_trait]
pub trait ServiceProxy: Send + Sync {
    /// Puts exactly these rules in force.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) when two rules have one name,
    /// [`Error::PortTaken`](crate::Error::PortTaken) when two claim one port of an address, and
    /// [`Error::Failed`](crate::Error::Failed); the old rules stay in force.
    async fn replace(&self, services: Vec<Arc<Service>>) -> Result<()>;

    /// Changes some rules and leaves the others.
    ///
    /// # Errors
    /// As [`Self::replace`].
    async fn apply(&self, delta: ServiceDelta) -> Result<()>;

    /// Says on which addresses of this node ports of [`Service::node_port`] are open; replaces what was said before.
    ///
    /// # Errors
    /// [`Error::Failed`](crate::Error::Failed).
    async fn set_node_addresses(&self, addresses: NodeAddresses) -> Result<()>;
}

/// One port of one service and where it leads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Service {
    /// Names the rule: `namespace/name:port-name`.
    pub name: String,
    /// Transport protocol of all its ports.
    pub protocol: Protocol,
    /// Port of the virtual addresses.
    pub port: u16,
    /// Virtual addresses inside the cluster; empty for none.
    pub cluster_ips: Vec<IpAddr>,
    /// Further addresses under which traffic arrives from outside.
    pub external_ips: Vec<IpAddr>,
    /// Addresses of load balancers whose traffic arrives unchanged.
    pub load_balancer_ips: Vec<IpAddr>,
    /// Who may use `load_balancer_ips`; empty for everybody.
    pub load_balancer_sources: Vec<IpNet>,
    /// Port of the node's own addresses.
    pub node_port: Option<u16>,
    /// Whether a client stays with its endpoint.
    pub affinity: Affinity,
    /// Which endpoints serve `cluster_ips`.
    pub internal: TrafficPolicy,
    /// Which endpoints serve all other addresses.
    pub external: TrafficPolicy,
    /// Port on which the node tells load balancers whether it has local endpoints.
    pub health_check_port: Option<u16>,
    /// Endpoints for [`TrafficPolicy::Cluster`], on any node.
    pub endpoints: Vec<SocketAddr>,
    /// Endpoints for [`TrafficPolicy::Local`], on this node.
    pub local_endpoints: Vec<SocketAddr>,
}

/// Whether a client stays with its endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Affinity {
    /// Every connection chooses anew.
    #[default]
    None,
    /// Connections from one address go to one endpoint until it did not connect for this long.
    ClientIp(Duration),
}

/// Which endpoints serve traffic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TrafficPolicy {
    /// Those on any node; the client's address may be lost on the way.
    #[default]
    Cluster,
    /// Only those on this node; the client's address is kept.
    Local,
}

/// Changes to a set of services. Removals are done first.
#[derive(Clone, Debug, Default)]
pub struct ServiceDelta {
    /// Rules to add, or to replace by name.
    pub upsert: Vec<Arc<Service>>,
    /// Names of rules to take away; fine when missing.
    pub remove: Vec<String>,
}

/// Addresses of a node under which node ports are open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeAddresses(pub Vec<IpAddr>);
