use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};

use super::network::{MemoryNetwork, Node};
use super::service::Resolution;
use crate::{AttachmentKey, Protocol};

/// The wire between the nodes of one cluster. Cloning shares it.
#[derive(Clone, Debug, Default)]
pub struct Fabric(Arc<Mutex<Wire>>);

#[derive(Debug, Default)]
pub(super) struct Wire {
    pub(super) nodes: BTreeMap<String, Node>,
    /// Which node every pod address is on, and whose it is.
    pub(super) pods: BTreeMap<IpAddr, (String, AttachmentKey)>,
}

/// Where a connection ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// At a pod.
    Pod {
        /// Name of the pod's node.
        node: String,
        /// The pod's attachment.
        key: AttachmentKey,
        /// The address and port that it is asked at.
        address: SocketAddr,
    },
    /// Outside of the pod network: a node, or the world.
    Outside(SocketAddr),
    /// Nobody takes it, and says so.
    Refused,
    /// Nobody answers.
    Dropped,
}

impl Fabric {
    /// A wire without nodes.
    pub fn new() -> Self {
        Self::default()
    }

    /// The network of the node of this name; the same one each time.
    pub fn node(&self, name: impl Into<String>) -> MemoryNetwork {
        let name = name.into();
        self.lock().nodes.entry(name.clone()).or_default();
        MemoryNetwork::on(self.clone(), name)
    }

    /// Whether policies let `from` connect to a port of `to`, both as they are behind services.
    pub fn allows(&self, from: IpAddr, to: SocketAddr, protocol: Protocol) -> bool {
        self.lock().allows(from, to, protocol)
    }

    /// Follows a connection from an address: through the services of its node, past the policies of both ends.
    ///
    /// An address that is no pod's is taken to be outside of the cluster, and its connections enter at the node whose
    /// address they are sent to, or at the first node.
    pub fn connect(&self, from: IpAddr, to: SocketAddr, protocol: Protocol) -> Reach {
        let mut wire = self.lock();
        let Some(entry) = wire.entry(from, to) else { return Reach::Outside(to) };
        let target = match wire.nodes.get_mut(&entry).map(|node| node.resolve(from, to, protocol)) {
            Some(Resolution::Refused) => return Reach::Refused,
            Some(Resolution::Dropped) => return Reach::Dropped,
            Some(Resolution::Endpoint(endpoint)) => endpoint,
            Some(Resolution::NotAService) | None => to,
        };
        if !wire.allows(from, target, protocol) {
            return Reach::Dropped;
        }
        match wire.pods.get(&target.ip()) {
            Some((node, key)) => Reach::Pod { node: node.clone(), key: key.clone(), address: target },
            None => Reach::Outside(target),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Wire> {
        self.0.lock()
    }
}

impl Wire {
    /// The node whose services a connection meets.
    fn entry(&self, from: IpAddr, to: SocketAddr) -> Option<String> {
        if let Some((node, _)) = self.pods.get(&from) {
            return Some(node.clone());
        }
        let owner = |ip: IpAddr| self.nodes.iter().find(|(_, node)| node.owns(ip)).map(|(name, _)| name.clone());
        owner(from).or_else(|| owner(to.ip())).or_else(|| self.nodes.keys().next().cloned())
    }
}
