use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::fabric::{Fabric, Wire};
use super::policy::Policies;
use super::pool::Pool;
use super::service::{Resolution, Table};
use crate::{
    AddressSet, Attached, Attachment, AttachmentKey, Error, Interface, NodeAddresses, NodeNetwork, PodNetwork, Policy,
    PortMapping, Protocol, Readiness, Result, Route, Service,
};

/// The network of one node. Cloning shares it.
#[derive(Clone, Debug)]
pub struct MemoryNetwork {
    pub(super) fabric: Fabric,
    pub(super) name: String,
}

/// What one node knows.
#[derive(Debug, Default)]
pub(super) struct Node {
    pub(super) config: NodeNetwork,
    pools: Vec<Pool>,
    attachments: BTreeMap<AttachmentKey, Row>,
    /// What a test said over all else.
    readiness: Option<Readiness>,
    failures: Option<(u32, String)>,
    pub(super) table: Table,
    pub(super) node_addresses: BTreeSet<IpAddr>,
    pub(super) policies: Policies,
}

#[derive(Debug)]
struct Row {
    attached: Attached,
    ports: Vec<PortMapping>,
}

impl MemoryNetwork {
    /// A node on a wire of its own that has these ranges already.
    ///
    /// # Errors
    /// As [`PodNetwork::configure`].
    pub fn alone(pod_cidrs: impl IntoIterator<Item = IpNet>) -> Result<Self> {
        let network = Fabric::new().node("node");
        network.set(NodeNetwork { pod_cidrs: pod_cidrs.into_iter().collect(), ..NodeNetwork::default() })?;
        Ok(network)
    }

    /// The wire that it is on.
    pub fn fabric(&self) -> &Fabric {
        &self.fabric
    }

    /// Where this node's services lead a connection.
    pub fn resolve(&self, from: IpAddr, to: SocketAddr, protocol: Protocol) -> Resolution {
        self.with(|node| node.resolve(from, to, protocol))
    }

    /// Makes the network say that it is ready, or why not, whatever it knows; `None` goes back to the truth.
    pub fn set_readiness(&self, readiness: Option<Readiness>) {
        self.with(|node| node.readiness = readiness);
    }

    /// Lets the next few calls to `setup` fail.
    pub fn fail_setups(&self, times: u32, message: impl Into<String>) {
        self.with(|node| node.failures = Some((times, message.into())));
    }

    /// What is attached, sorted by key.
    pub fn attachments(&self) -> Vec<(AttachmentKey, Attached)> {
        self.with(|node| node.attachments.iter().map(|(key, row)| (key.clone(), row.attached.clone())).collect())
    }

    /// The services in force, sorted by name.
    pub fn services(&self) -> Vec<Arc<Service>> {
        self.with(|node| node.table.all().cloned().collect())
    }

    /// The policies and address sets in force, sorted by name.
    pub fn policies(&self) -> (Vec<Arc<Policy>>, Vec<AddressSet>) {
        self.with(|node| node.policies.all())
    }

    /// The addresses on which node ports are open.
    pub fn node_addresses(&self) -> NodeAddresses {
        self.with(|node| NodeAddresses(node.node_addresses.iter().copied().collect()))
    }

    pub(super) fn on(fabric: Fabric, name: String) -> Self {
        Self { fabric, name }
    }

    pub(super) fn with<R>(&self, act: impl FnOnce(&mut Node) -> R) -> R {
        self.with_wire(|wire, name| act(wire.nodes.entry(name.to_owned()).or_default()))
    }

    fn with_wire<R>(&self, act: impl FnOnce(&mut Wire, &str) -> R) -> R {
        act(&mut self.fabric.lock(), &self.name)
    }

    fn set(&self, config: NodeNetwork) -> Result<()> {
        self.with(|node| node.configure(config))
    }

    fn detach(wire: &mut Wire, name: &str, key: &AttachmentKey) {
        let Some(node) = wire.nodes.get_mut(name) else { return };
        let Some(row) = node.attachments.remove(key) else { return };
        for ip in row.attached.ips() {
            node.pools.iter_mut().for_each(|pool| pool.free(ip));
            wire.pods.remove(&ip);
        }
    }
}

impl Node {
    pub(super) fn owns(&self, ip: IpAddr) -> bool {
        self.config.node_ips.contains(&ip) || self.node_addresses.contains(&ip)
    }

    /// Whether a client is this node or one of its pods.
    pub(super) fn is_home_of(&self, ip: IpAddr) -> bool {
        self.owns(ip) || self.attachments.values().any(|row| row.attached.ips().any(|own| own == ip))
    }

    fn configure(&mut self, config: NodeNetwork) -> Result<()> {
        let families: BTreeSet<_> = config.pod_cidrs.iter().map(|range| range.addr().is_ipv4()).collect();
        if families.len() != config.pod_cidrs.len() {
            return Err(Error::Invalid { message: "pod ranges must be of different families".into() });
        }
        let known = self.pools.iter().map(Pool::range);
        if !known.eq(config.pod_cidrs.iter().map(IpNet::trunc)) {
            let mut pools = config.pod_cidrs.iter().map(|range| Pool::new(*range)).collect::<Result<Vec<_>>>()?;
            for ip in self.attachments.values().flat_map(|row| row.attached.ips()) {
                for pool in &mut pools {
                    pool.keep(ip);
                }
            }
            self.pools = pools;
        }
        self.config = config;
        Ok(())
    }

    fn readiness(&self) -> Readiness {
        match &self.readiness {
            Some(said) => said.clone(),
            None if self.pools.is_empty() => {
                Readiness::NotReady { message: "the node has no range of pod addresses yet".into() }
            }
            None => Readiness::Ready,
        }
    }

    /// An address of each family, or none at all.
    fn take(&mut self) -> Result<Attached> {
        let mut attached = Attached::default();
        for i in 0..self.pools.len() {
            let pool = &mut self.pools[i];
            match pool.take() {
                Ok(ip) => {
                    let prefix = pool.range().prefix_len();
                    attached.addresses.extend(IpNet::new(ip, prefix));
                    attached.routes.push(Route { to: everything(ip), via: Some(pool.gateway()) });
                }
                Err(error) => {
                    for ip in attached.ips() {
                        self.pools[..i].iter_mut().for_each(|pool| pool.free(ip));
                    }
                    return Err(error);
                }
            }
        }
        Ok(attached)
    }

    fn check_ports(&self, attachment: &Attachment) -> Result<()> {
        for wanted in &attachment.port_mappings {
            let taken = self.attachments.iter().find(|(_, row)| row.ports.iter().any(|port| clash(port, wanted)));
            if let Some((owner, _)) = taken {
                let address = wanted.host_ip.unwrap_or(IpAddr::from([0, 0, 0, 0]));
                let owner = format!("sandbox {}", owner.sandbox);
                return Err(Error::PortTaken { address, port: wanted.host_port, owner });
            }
        }
        Ok(())
    }

    fn attach(&mut self, attachment: &Attachment) -> Result<Attached> {
        let key = attachment.key();
        if let Some(row) = self.attachments.get(&key) {
            return Ok(row.attached.clone());
        }
        if let Some((times, message)) = &mut self.failures
            && *times > 0
        {
            *times -= 1;
            return Err(Error::failed(message.clone()));
        }
        if let Readiness::NotReady { message } = self.readiness() {
            return Err(Error::NotReady { message });
        }
        self.check_ports(attachment)?;
        let mut attached = self.take()?;
        attached.interfaces = vec![interface(attachment, &attached)];
        self.attachments.insert(key, Row { attached: attached.clone(), ports: attachment.port_mappings.clone() });
        Ok(attached)
    }
}

fn clash(a: &PortMapping, b: &PortMapping) -> bool {
    let same_address = a.host_ip.is_none() || b.host_ip.is_none() || a.host_ip == b.host_ip;
    a.protocol == b.protocol && a.host_port == b.host_port && same_address
}

fn everything(like: IpAddr) -> IpNet {
    match like {
        IpAddr::V4(_) => IpNet::V4(Ipv4Net::default()),
        IpAddr::V6(_) => IpNet::V6(Ipv6Net::default()),
    }
}

/// The interface inside, with a hardware address that follows from the first address.
fn interface(attachment: &Attachment, attached: &Attached) -> Interface {
    let octets = match attached.ips().next() {
        Some(IpAddr::V4(ip)) => ip.octets(),
        Some(IpAddr::V6(ip)) => (ip.to_bits() as u32).to_be_bytes(),
        None => [0; 4],
    };
    let [a, b, c, d] = octets;
    Interface {
        name: attachment.interface.clone(),
        mac: format!("0a:58:{a:02x}:{b:02x}:{c:02x}:{d:02x}"),
        namespace: attachment.namespace.clone(),
    }
}

#[async_trait]
impl PodNetwork for MemoryNetwork {
    async fn configure(&self, node: NodeNetwork) -> Result<()> {
        self.set(node)
    }

    async fn status(&self) -> Readiness {
        self.with(|node| node.readiness())
    }

    async fn setup(&self, attachment: &Attachment) -> Result<Attached> {
        self.with_wire(|wire, name| {
            let attached = wire.nodes.entry(name.to_owned()).or_default().attach(attachment)?;
            for ip in attached.ips() {
                wire.pods.insert(ip, (name.to_owned(), attachment.key()));
            }
            Ok(attached)
        })
    }

    async fn teardown(&self, attachment: &Attachment) -> Result<()> {
        self.with_wire(|wire, name| Self::detach(wire, name, &attachment.key()));
        Ok(())
    }

    async fn check(&self, attachment: &Attachment, attached: &Attached) -> Result<()> {
        let message = self.with(|node| match node.attachments.get(&attachment.key()) {
            None => Some("is not attached"),
            Some(row) if row.attached.addresses != attached.addresses => Some("has other addresses"),
            Some(_) => None,
        });
        match message {
            Some(message) => Err(Error::Detached { sandbox: attachment.sandbox.clone(), message: message.into() }),
            None => Ok(()),
        }
    }

    async fn collect(&self, valid: &[AttachmentKey]) -> Result<()> {
        let valid: BTreeSet<_> = valid.iter().collect();
        self.with_wire(|wire, name| {
            let Some(node) = wire.nodes.get(name) else { return };
            let stale: Vec<_> = node.attachments.keys().filter(|key| !valid.contains(key)).cloned().collect();
            for key in stale {
                Self::detach(wire, name, &key);
            }
        });
        Ok(())
    }
}
