use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use super::network::{MemoryNetwork, Node};
use crate::{Affinity, Error, NodeAddresses, Protocol, Result, Service, ServiceDelta, ServiceProxy, TrafficPolicy};

/// How many clients are remembered for all services of a node together.
const CLIENTS: usize = 1 << 16;

/// Where services lead a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// No service has this address and port: it goes where it was sent.
    NotAService,
    /// To this endpoint.
    Endpoint(SocketAddr),
    /// The service has no endpoints.
    Refused,
    /// The service has none on this node, or not for this client.
    Dropped,
}

/// The services of one node.
#[derive(Debug, Default)]
pub(super) struct Table {
    rules: BTreeMap<String, Rule>,
    doors: HashMap<(Protocol, Door, u16), String>,
    clients: HashMap<(String, IpAddr), (SocketAddr, Instant)>,
}

#[derive(Debug)]
struct Rule {
    service: Arc<Service>,
    /// Connections so far, which take turns among the endpoints.
    turn: usize,
}

/// What a connection was sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Door {
    Address(IpAddr),
    /// Any of the node's own.
    Node,
}

impl Table {
    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Service>> {
        self.rules.values().map(|rule| &rule.service)
    }

    fn replace(&mut self, services: Vec<Arc<Service>>) -> Result<()> {
        let kept: BTreeSet<_> = services.iter().map(|service| service.name.clone()).collect();
        let remove = self.rules.keys().filter(|name| !kept.contains(*name)).cloned().collect();
        self.apply(ServiceDelta { upsert: services, remove })
    }

    fn apply(&mut self, delta: ServiceDelta) -> Result<()> {
        self.check(&delta)?;
        for name in &delta.remove {
            self.remove(name);
        }
        for service in &delta.upsert {
            let turn = self.remove(&service.name);
            self.rules.insert(service.name.clone(), Rule { service: service.clone(), turn });
        }
        for service in &delta.upsert {
            self.doors.extend(doors(service).map(|door| (door, service.name.clone())));
        }
        Ok(())
    }

    fn check(&self, delta: &ServiceDelta) -> Result<()> {
        let mut changed: BTreeSet<&str> = delta.remove.iter().map(String::as_str).collect();
        let mut new = BTreeSet::new();
        for service in &delta.upsert {
            if !new.insert(service.name.as_str()) {
                return Err(Error::Invalid { message: format!("two services are named {}", service.name) });
            }
        }
        changed.extend(new);
        let mut claimed: HashMap<_, &str> = HashMap::new();
        for service in &delta.upsert {
            for door in doors(service) {
                let old = self.doors.get(&door).map(String::as_str).filter(|owner| !changed.contains(owner));
                let other = claimed.insert(door, &service.name).filter(|owner| *owner != service.name);
                if let Some(owner) = old.or(other) {
                    let address = match door.1 {
                        Door::Address(address) => address,
                        Door::Node => IpAddr::from([0, 0, 0, 0]),
                    };
                    return Err(Error::PortTaken { address, port: door.2, owner: owner.to_owned() });
                }
            }
        }
        Ok(())
    }

    /// Takes a rule away and answers whose turn it was.
    fn remove(&mut self, name: &str) -> usize {
        let Some(rule) = self.rules.remove(name) else { return 0 };
        for door in doors(&rule.service) {
            // Another service of the same change may have moved in already.
            if self.doors.get(&door).is_some_and(|owner| owner == name) {
                self.doors.remove(&door);
            }
        }
        rule.turn
    }

    fn choose(&mut self, name: &str, from: IpAddr, local: bool) -> Option<SocketAddr> {
        let rule = self.rules.get_mut(name)?;
        let service = &rule.service;
        let endpoints = if local { &service.local_endpoints } else { &service.endpoints };
        let Affinity::ClientIp(timeout) = service.affinity else {
            return take_turn(&mut rule.turn, endpoints);
        };
        let now = Instant::now();
        let client = (name.to_owned(), from);
        let known = self.clients.get(&client).filter(|(_, last)| now.duration_since(*last) < timeout);
        let endpoint = match known {
            Some((endpoint, _)) if endpoints.contains(endpoint) => *endpoint,
            _ => take_turn(&mut rule.turn, endpoints)?,
        };
        self.remember(client, endpoint, now, timeout);
        Some(endpoint)
    }

    fn remember(&mut self, client: (String, IpAddr), endpoint: SocketAddr, now: Instant, timeout: Duration) {
        if self.clients.len() >= CLIENTS {
            self.clients.retain(|_, (_, last)| now.duration_since(*last) < timeout);
        }
        if self.clients.len() < CLIENTS || self.clients.contains_key(&client) {
            self.clients.insert(client, (endpoint, now));
        }
    }
}

fn take_turn(turn: &mut usize, endpoints: &[SocketAddr]) -> Option<SocketAddr> {
    let endpoint = *endpoints.get(turn.checked_rem(endpoints.len())?)?;
    *turn = turn.wrapping_add(1);
    Some(endpoint)
}

/// All addresses and ports under which a service is met.
fn doors(service: &Service) -> impl Iterator<Item = (Protocol, Door, u16)> + '_ {
    let addresses = service.cluster_ips.iter().chain(&service.external_ips).chain(&service.load_balancer_ips);
    addresses
        .map(|ip| (service.protocol, Door::Address(*ip), service.port))
        .chain(service.node_port.map(|port| (service.protocol, Door::Node, port)))
}

impl Node {
    pub(super) fn resolve(&mut self, from: IpAddr, to: SocketAddr, protocol: Protocol) -> Resolution {
        let door = |door| self.table.doors.get(&(protocol, door, to.port()));
        let own = self.node_addresses.contains(&to.ip());
        let name = door(Door::Address(to.ip())).or_else(|| if own { door(Door::Node) } else { None }).cloned();
        let Some((name, service)) = name.and_then(|name| {
            let service = self.table.rules.get(&name)?.service.clone();
            Some((name, service))
        }) else {
            return Resolution::NotAService;
        };
        let internal = service.cluster_ips.contains(&to.ip());
        let guarded = service.load_balancer_ips.contains(&to.ip()) && !service.load_balancer_sources.is_empty();
        if guarded && !service.load_balancer_sources.iter().any(|range| range.contains(&from)) {
            return Resolution::Dropped;
        }
        let policy = match (internal, service.external) {
            (true, _) => service.internal,
            // Who is inside already need not stay on the node that the outside chose.
            (false, TrafficPolicy::Local) if self.is_home_of(from) => TrafficPolicy::Cluster,
            (false, policy) => policy,
        };
        let local = policy == TrafficPolicy::Local;
        match self.table.choose(&name, from, local) {
            Some(endpoint) => Resolution::Endpoint(endpoint),
            None if local && !service.endpoints.is_empty() => Resolution::Dropped,
            None => Resolution::Refused,
        }
    }
}

#[async_trait]
impl ServiceProxy for MemoryNetwork {
    async fn replace(&self, services: Vec<Arc<Service>>) -> Result<()> {
        self.with(|node| node.table.replace(services))
    }

    async fn apply(&self, delta: ServiceDelta) -> Result<()> {
        self.with(|node| node.table.apply(delta))
    }

    async fn set_node_addresses(&self, addresses: NodeAddresses) -> Result<()> {
        self.with(|node| node.node_addresses = addresses.0.into_iter().collect());
        Ok(())
    }
}
