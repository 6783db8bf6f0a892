use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;

use super::fabric::Wire;
use super::network::MemoryNetwork;
use crate::{
    AddressSet, Error, NetworkPolicy, Peer, Policy, PolicyDelta, PolicySnapshot, PortRange, Protocol, Result, Rule,
};

/// The policies of one node.
#[derive(Debug, Default)]
pub(super) struct Policies {
    sets: BTreeMap<String, AddressSet>,
    policies: BTreeMap<String, Arc<Policy>>,
}

#[derive(Clone, Copy)]
enum Direction {
    Ingress,
    Egress,
}

impl Policies {
    pub(super) fn all(&self) -> (Vec<Arc<Policy>>, Vec<AddressSet>) {
        (self.policies.values().cloned().collect(), self.sets.values().cloned().collect())
    }

    fn from_snapshot(snapshot: PolicySnapshot) -> Result<Self> {
        let mut policies = Self::default();
        let PolicySnapshot { sets: upsert_sets, policies: upsert } = snapshot;
        policies.apply(PolicyDelta { upsert_sets, upsert, ..PolicyDelta::default() })?;
        Ok(policies)
    }

    fn apply(&mut self, delta: PolicyDelta) -> Result<()> {
        self.check(&delta)?;
        for name in &delta.remove {
            self.policies.remove(name);
        }
        for name in &delta.remove_sets {
            self.sets.remove(name);
        }
        self.sets.extend(delta.upsert_sets.into_iter().map(|set| (set.name.clone(), set)));
        self.policies.extend(delta.upsert.into_iter().map(|policy| (policy.name.clone(), policy)));
        Ok(())
    }

    /// Whether every set that is named after the change exists then.
    fn check(&self, delta: &PolicyDelta) -> Result<()> {
        let new: BTreeSet<_> = delta.upsert_sets.iter().map(|set| set.name.as_str()).collect();
        let gone: BTreeSet<_> = delta.remove_sets.iter().map(String::as_str).collect();
        let exists = |name: &str| new.contains(name) || (self.sets.contains_key(name) && !gone.contains(name));
        // Old policies named existing sets before; only a removal can change that.
        let replaced = |name: &String| delta.remove.contains(name) || delta.upsert.iter().any(|new| new.name == *name);
        let old = self.policies.values().filter(|old| !gone.is_empty() && !replaced(&old.name));
        for policy in delta.upsert.iter().chain(old) {
            if let Some(name) = named_sets(policy).find(|name| !exists(name)) {
                let message = format!("policy {} names the set {name}, which does not exist", policy.name);
                return Err(Error::Invalid { message });
            }
        }
        Ok(())
    }

    /// Whether `pod` may take from, or make to, `other` a connection to `port`.
    fn allow(&self, direction: Direction, pod: IpAddr, other: IpAddr, port: u16, protocol: Protocol) -> bool {
        let mut covered = false;
        for policy in self.policies.values().filter(|policy| self.has(&policy.pods, pod)) {
            let rules = match direction {
                Direction::Ingress => &policy.ingress,
                Direction::Egress => &policy.egress,
            };
            let Some(rules) = rules else { continue };
            covered = true;
            if rules.iter().any(|rule| self.fits(rule, other, port, protocol)) {
                return true;
            }
        }
        !covered
    }

    fn fits(&self, rule: &Rule, other: IpAddr, port: u16, protocol: Protocol) -> bool {
        let peer = rule.peers.as_ref().is_none_or(|peers| peers.iter().any(|peer| self.is_peer(peer, other)));
        let covers = |range: &PortRange| range.protocol == protocol && (range.first..=range.last).contains(&port);
        peer && rule.ports.as_ref().is_none_or(|ports| ports.iter().any(covers))
    }

    fn is_peer(&self, peer: &Peer, ip: IpAddr) -> bool {
        match peer {
            Peer::Set(name) => self.has(name, ip),
            Peer::Block { range, except } => range.contains(&ip) && !except.iter().any(|hole| hole.contains(&ip)),
        }
    }

    fn has(&self, set: &str, ip: IpAddr) -> bool {
        self.sets.get(set).is_some_and(|set| set.members.contains(&ip))
    }
}

fn named_sets(policy: &Policy) -> impl Iterator<Item = &str> {
    let rules = policy.ingress.iter().chain(&policy.egress).flatten();
    let peers = rules.flat_map(|rule| rule.peers.iter().flatten());
    let sets = peers.filter_map(|peer| match peer {
        Peer::Set(name) => Some(name.as_str()),
        Peer::Block { .. } => None,
    });
    sets.chain([policy.pods.as_str()])
}

impl Wire {
    pub(super) fn allows(&self, from: IpAddr, to: SocketAddr, protocol: Protocol) -> bool {
        let home = |ip: IpAddr| self.pods.get(&ip).and_then(|(name, _)| self.nodes.get(name));
        let (ip, port) = (to.ip(), to.port());
        let leaves = home(from).is_none_or(|node| node.policies.allow(Direction::Egress, from, ip, port, protocol));
        let enters = home(ip)
            .is_none_or(|node| node.owns(from) || node.policies.allow(Direction::Ingress, ip, from, port, protocol));
        leaves && enters
    }
}

#[async_trait]
impl NetworkPolicy for MemoryNetwork {
    async fn replace_policies(&self, snapshot: PolicySnapshot) -> Result<()> {
        let policies = Policies::from_snapshot(snapshot)?;
        self.with(|node| node.policies = policies);
        Ok(())
    }

    async fn apply_policies(&self, delta: PolicyDelta) -> Result<()> {
        self.with(|node| node.policies.apply(delta))
    }
}
