//! Cluster addresses and node ports of services.
//!
//! Upstream: `pkg/registry/core/service/storage/alloc.go` and `pkg/registry/core/service/{ipallocator,portallocator}`.

pub(crate) mod addresses;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::ops::RangeInclusive;

use k8s_api::field::{Error, Path};
use k8s_api::{AnyObject, Status};
use k8s_api_kinds_cluster::service::validate_cluster_ips;
use k8s_openapi::api::core::v1::{Service, ServiceSpec};
use tokio::sync::{Mutex, MutexGuard};

use crate::core::{Core, Scope};

/// The ports that services of type NodePort are given unless the embedder chooses others.
pub(crate) const NODE_PORTS: RangeInclusive<i32> = 30000..=32767;
const NONE: &str = "None";
const IPV4: &str = "IPv4";
const IPV6: &str = "IPv6";
const SINGLE: &str = "SingleStack";
const REQUIRE_DUAL: &str = "RequireDualStack";

/// Gives services their addresses and ports.
///
/// What is taken is read from the services themselves, so nothing can leak or disagree. One service is written at a
/// time: whoever holds the guard has the addresses to itself until its service is stored.
#[derive(Debug)]
pub(crate) struct ServiceAllocator {
    /// The first address of the range and how many it has: `10.96.0.0/12`.
    first: u32,
    size: u32,
    node_ports: RangeInclusive<i32>,
    one_at_a_time: Mutex<()>,
}

#[derive(Default)]
struct Taken {
    addresses: BTreeSet<String>,
    ports: BTreeSet<i32>,
}

impl ServiceAllocator {
    /// Addresses of `network/bits`, and ports of `node_ports`.
    pub(crate) fn new(network: Ipv4Addr, bits: u32, node_ports: RangeInclusive<i32>) -> Self {
        let size = 1 << (32 - bits.min(30));
        Self { first: u32::from(network), size, node_ports, one_at_a_time: Mutex::new(()) }
    }

    /// The address of the API server's own service: the first of the range.
    pub(crate) fn api_server(&self) -> Ipv4Addr {
        Ipv4Addr::from(self.first + 1)
    }

    /// The range of addresses, `10.96.0.0/12`.
    pub(crate) fn network(&self) -> String {
        format!("{}/{}", Ipv4Addr::from(self.first), 32 - self.size.trailing_zeros())
    }

    /// Gives the object what it needs if it is a service; hold the guard until it is stored.
    pub(crate) async fn allocate(
        &self,
        core: &Core,
        scope: &Scope<'_>,
        object: &mut dyn AnyObject,
        old: Option<&dyn AnyObject>,
    ) -> Result<Option<MutexGuard<'_, ()>>, Status> {
        if !scope.subresource.is_empty() {
            return Ok(None);
        }
        let Some(service) = object.as_any_mut().downcast_mut::<Service>() else { return Ok(None) };
        let old = old.and_then(|old| old.as_any().downcast_ref::<Service>());
        let guard = self.one_at_a_time.lock().await;
        let uid = service.metadata.uid.clone().unwrap_or_default();
        let cache = core.resources.cache(scope.resource).await?;
        cache.fresh().await?;
        let mut taken = Taken::default();
        cache.for_each(|object| {
            if object.meta().uid != uid
                && let Ok(other) = object.typed::<Service>()
            {
                taken.add(&other);
            }
        });
        let mut errors = Vec::new();
        Self::give_families(service, old, &mut errors);
        if let Some(spec) = service.spec.as_mut().filter(|_| errors.is_empty()) {
            let old = old.and_then(|old| old.spec.as_ref());
            self.give_addresses(core, spec, old, &taken, &mut errors);
            self.give_ports(core, spec, old, &taken, &mut errors);
        }
        if errors.is_empty() {
            return Ok(Some(guard));
        }
        let name = service.metadata.name.clone().unwrap_or_default();
        Err(Status::invalid(&scope.resource.group_kind(), &name, &errors))
    }

    /// Settles which families a service has addresses of; this cluster has IPv4 alone.
    fn give_families(service: &mut Service, old: Option<&Service>, errors: &mut Vec<Error>) {
        let old_policy = old.and_then(|old| old.spec.as_ref()).and_then(|spec| spec.ip_family_policy.clone());
        let Some(spec) = &mut service.spec else { return };
        if spec.type_.as_deref() == Some("ExternalName") {
            return;
        }
        let free = spec.cluster_ip.as_deref() == Some(NONE) && spec.selector.as_ref().is_none_or(BTreeMap::is_empty);
        let default = || if free { REQUIRE_DUAL } else { SINGLE }.to_owned();
        let policy = spec.ip_family_policy.get_or_insert_with(|| old_policy.unwrap_or_else(default)).clone();
        errors.extend(validate_cluster_ips(service, old));
        let Some(spec) = service.spec.as_mut().filter(|_| errors.is_empty()) else { return };
        fit_policy(spec, old.and_then(|old| old.spec.as_ref()), &policy, errors);
        infer_families(spec, errors);
        if !errors.is_empty() {
            return;
        }
        let families = spec.ip_families.get_or_insert_default();
        if free {
            if families.is_empty() {
                families.push(IPV4.to_owned());
            }
            if families.len() == 1 && policy != SINGLE {
                families.push(if families[0] == IPV4 { IPV6 } else { IPV4 }.to_owned());
            }
            return;
        }
        let path = Path::new("spec");
        if policy == REQUIRE_DUAL {
            let why = "this cluster is not configured for dual-stack services";
            errors.push(Error::invalid(&path.child("ipFamilyPolicy"), policy, why));
        }
        let list = path.child("ipFamilies");
        for (i, family) in families.iter().enumerate().filter(|(_, family)| *family != IPV4) {
            errors.push(Error::invalid(&list.index(i), family.clone(), "not configured on this cluster"));
        }
        if families.is_empty() {
            families.push(IPV4.to_owned());
        }
    }

    fn give_addresses(
        &self,
        core: &Core,
        spec: &mut ServiceSpec,
        old: Option<&ServiceSpec>,
        taken: &Taken,
        errors: &mut Vec<Error>,
    ) {
        if spec.type_.as_deref() == Some("ExternalName") {
            return;
        }
        let path = Path::new("spec");
        match spec.cluster_ip.as_deref() {
            Some(NONE) => return,
            None | Some("") => match self.free_address(core, taken) {
                Some(address) => spec.cluster_ip = Some(address.to_string()),
                None => return errors.push(Error::internal(&path, "failed to allocate IP: range is full")),
            },
            Some(given) if old.is_some_and(|old| old.cluster_ip.as_deref() == Some(given)) => {}
            Some(given) => {
                let given = given.to_owned();
                if let Some(why) = self.refuse(&given, taken) {
                    return errors.push(Error::invalid(&path.child("clusterIPs"), shown(&given), why));
                }
            }
        }
        spec.cluster_ips = spec.cluster_ip.clone().map(|address| vec![address]);
    }

    fn refuse(&self, given: &str, taken: &Taken) -> Option<String> {
        let Ok(IpAddr::V4(address)) = given.parse() else {
            return Some(format!(
                "failed to allocate IP {given}: the provided IP is not of an IP family of this cluster"
            ));
        };
        let offset = u32::from(address).wrapping_sub(self.first);
        if offset == 0 || offset >= self.size - 1 {
            let range = self.network();
            return Some(format!(
                "failed to allocate IP {given}: the provided IP ({given}) is not in the valid range. The range of valid IPs is {range}"
            ));
        }
        let is_taken = taken.addresses.contains(given);
        is_taken.then(|| format!("failed to allocate IP {given}: provided IP is already allocated"))
    }

    /// A free address from the upper part of the range, and only when that is full from the lower: the lower is for
    /// those who choose their own.
    fn free_address(&self, core: &Core, taken: &Taken) -> Option<Ipv4Addr> {
        let last = self.size - 2;
        let reserved = (self.size / 16).clamp(16, 256).min(last);
        let upper = last - reserved;
        let start = if upper == 0 { 0 } else { core.env.random.below(u64::from(upper)) as u32 };
        let upper_first = (0..upper).map(|i| reserved + 1 + (start + i) % upper);
        let free = |offset: &u32| !taken.addresses.contains(&Ipv4Addr::from(self.first + offset).to_string());
        upper_first.chain(1..=reserved).find(free).map(|offset| Ipv4Addr::from(self.first + offset))
    }

    fn give_ports(
        &self,
        core: &Core,
        spec: &mut ServiceSpec,
        old: Option<&ServiceSpec>,
        taken: &Taken,
        errors: &mut Vec<Error>,
    ) {
        let kind = spec.type_.clone().unwrap_or_default();
        let balanced = kind == "LoadBalancer" && spec.allocate_load_balancer_node_ports != Some(false);
        let wanted = kind == "NodePort" || balanced;
        let mut mine = BTreeSet::new();
        let before =
            |port: i32| old.and_then(|o| o.ports.as_ref()).into_iter().flatten().any(|p| p.node_port == Some(port));
        let ports = if wanted || kind == "LoadBalancer" { spec.ports.as_deref_mut() } else { None };
        // One port number of several protocols gets one node port.
        let mut by_port = BTreeMap::new();
        for (i, port) in ports.into_iter().flatten().enumerate() {
            match port.node_port.unwrap_or_default() {
                0 if !wanted => {}
                0 => match by_port.get(&port.port).copied().or_else(|| self.free_port(core, taken, &mine)) {
                    Some(free) => port.node_port = Some(free),
                    None => {
                        errors
                            .push(Error::internal(&Path::new("spec"), "failed to allocate a nodePort: range is full"));
                    }
                },
                given if before(given) || by_port.get(&port.port) == Some(&given) => {}
                given => {
                    if let Some(why) = self.refuse_port(given, taken, &mine) {
                        let path = Path::new("spec");
                        let path = path.child("ports");
                        let path = path.index(i);
                        errors.push(Error::invalid(&path.child("nodePort"), given, why));
                    }
                }
            }
            if let Some(given) = port.node_port {
                mine.insert(given);
                by_port.insert(port.port, given);
            }
        }
        let local = kind == "LoadBalancer" && spec.external_traffic_policy.as_deref() == Some("Local");
        if local && spec.health_check_node_port.unwrap_or_default() == 0 {
            spec.health_check_node_port = self.free_port(core, taken, &mine);
        }
    }

    fn refuse_port(&self, port: i32, taken: &Taken, mine: &BTreeSet<i32>) -> Option<String> {
        if !self.node_ports.contains(&port) {
            let (first, last) = (self.node_ports.start(), self.node_ports.end());
            return Some(format!(
                "provided port is not in the valid range. The range of valid ports is {first}-{last}"
            ));
        }
        (taken.ports.contains(&port) || mine.contains(&port)).then(|| "provided port is already allocated".to_owned())
    }

    fn free_port(&self, core: &Core, taken: &Taken, mine: &BTreeSet<i32>) -> Option<i32> {
        let size = self.node_ports.end() - self.node_ports.start() + 1;
        let start = core.env.random.below(u64::from(size.unsigned_abs())) as i32;
        let ports = (0..size).map(|i| self.node_ports.start() + (start + i) % size);
        ports.into_iter().find(|port| !taken.ports.contains(port) && !mine.contains(port))
    }
}

/// Brings the addresses and families that an update left into line with its policy, or says why they cannot be.
fn fit_policy(spec: &mut ServiceSpec, old: Option<&ServiceSpec>, policy: &str, errors: &mut Vec<Error>) {
    let path = Path::new("spec");
    let path = path.child("ipFamilyPolicy");
    let mut refuse = |why: &str| errors.push(Error::invalid(&path, policy, why));
    if let Some(old) = old {
        let (same_addresses, same_families) =
            (old.cluster_ips == spec.cluster_ips, old.ip_families == spec.ip_families);
        if policy == SINGLE {
            spec.cluster_ips.iter_mut().filter(|_| same_addresses).for_each(|ips| ips.truncate(1));
            spec.ip_families.iter_mut().filter(|_| same_families).for_each(|families| families.truncate(1));
        } else {
            let reduced = |old: &Option<Vec<String>>, new: &Option<Vec<String>>| {
                let kept = len(new.as_ref());
                kept != 0 && kept < len(old.as_ref()) && old.as_ref().map(|o| &o[..kept]) == new.as_deref()
            };
            if reduced(&old.cluster_ips, &spec.cluster_ips) {
                refuse("must be 'SingleStack' to release the secondary cluster IP");
            }
            if reduced(&old.ip_families, &spec.ip_families) {
                refuse("must be 'SingleStack' to release the secondary IP family");
            }
        }
    }
    if policy == SINGLE {
        if len(spec.cluster_ips.as_ref()) == 2 {
            refuse("must be 'RequireDualStack' or 'PreferDualStack' when multiple cluster IPs are specified");
        }
        if len(spec.ip_families.as_ref()) == 2 {
            refuse("must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified");
        }
    }
}

fn len(list: Option<&Vec<String>>) -> usize {
    list.map_or(0, Vec::len)
}

/// Adds the families of the addresses that came without.
fn infer_families(spec: &mut ServiceSpec, errors: &mut Vec<Error>) {
    let given = spec.cluster_ips.clone().unwrap_or_default();
    let families = spec.ip_families.get_or_insert_default();
    for (i, address) in given.iter().enumerate().take_while(|(_, address)| *address != NONE) {
        if i < families.len() {
            continue;
        }
        if matches!(address.parse(), Ok(IpAddr::V4(_))) {
            families.push(IPV4.to_owned());
        } else {
            let path = Path::new("spec");
            let path = path.child("clusterIPs");
            let why = "IPv6 is not configured on this cluster";
            errors.push(Error::invalid(&path.index(i), serde_json::json!(given), why));
        }
    }
}

fn shown(address: &str) -> serde_json::Value {
    serde_json::json!([address])
}

impl Taken {
    fn add(&mut self, service: &Service) {
        let Some(spec) = &service.spec else { return };
        self.addresses.extend(spec.cluster_ips.iter().flatten().cloned());
        self.ports.extend(spec.ports.iter().flatten().filter_map(|port| port.node_port));
        self.ports.extend(spec.health_check_node_port);
    }
}
