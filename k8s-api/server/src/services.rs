//! Cluster addresses and node ports of services.
//!
//! Upstream: `pkg/registry/core/service/storage/alloc.go` and `pkg/registry/core/service/{ipallocator,portallocator}`.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::ops::RangeInclusive;

use k8s_api::field::{Error, Path};
use k8s_api::{AnyObject, Status};
use k8s_openapi::api::core::v1::{Service, ServiceSpec};
use tokio::sync::{Mutex, MutexGuard};

use crate::core::{Core, Scope};

/// The ports that services of type NodePort are given.
const NODE_PORTS: RangeInclusive<i32> = 30000..=32767;
const NONE: &str = "None";

/// Gives services their addresses and ports.
///
/// What is taken is read from the services themselves, so nothing can leak or disagree. One service is written at a
/// time: whoever holds the guard has the addresses to itself until its service is stored.
#[derive(Debug)]
pub(crate) struct ServiceAllocator {
    /// The first address of the range and how many it has: `10.96.0.0/12`.
    first: u32,
    size: u32,
    one_at_a_time: Mutex<()>,
}

#[derive(Default)]
struct Taken {
    addresses: BTreeSet<String>,
    ports: BTreeSet<i32>,
}

impl ServiceAllocator {
    /// Addresses of `network/bits`.
    pub(crate) fn new(network: Ipv4Addr, bits: u32) -> Self {
        Self { first: u32::from(network), size: 1 << (32 - bits.min(30)), one_at_a_time: Mutex::new(()) }
    }

    /// The address of the API server's own service: the first of the range.
    pub(crate) fn api_server(&self) -> Ipv4Addr {
        Ipv4Addr::from(self.first + 1)
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
        if let Some(spec) = &mut service.spec {
            let old = old.and_then(|old| old.spec.as_ref());
            self.give_addresses(core, spec, old, &taken, &mut errors);
            give_ports(core, spec, old, &taken, &mut errors);
        }
        if errors.is_empty() {
            return Ok(Some(guard));
        }
        let name = service.metadata.name.clone().unwrap_or_default();
        Err(Status::invalid(&scope.resource.group_kind(), &name, &errors))
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
            let range = format!("{}/{}", Ipv4Addr::from(self.first), 32 - self.size.trailing_zeros());
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
}

fn give_ports(core: &Core, spec: &mut ServiceSpec, old: Option<&ServiceSpec>, taken: &Taken, errors: &mut Vec<Error>) {
    let kind = spec.type_.as_deref().unwrap_or_default();
    let balanced = kind == "LoadBalancer" && spec.allocate_load_balancer_node_ports != Some(false);
    let wanted = kind == "NodePort" || balanced;
    let mut mine = BTreeSet::new();
    let before =
        |port: i32| old.and_then(|o| o.ports.as_ref()).into_iter().flatten().any(|p| p.node_port == Some(port));
    for (i, port) in spec.ports.iter_mut().flatten().enumerate() {
        match port.node_port.unwrap_or_default() {
            0 if wanted => match free_port(core, taken, &mine) {
                Some(free) => port.node_port = Some(free),
                None => {
                    errors.push(Error::internal(&Path::new("spec"), "failed to allocate a nodePort: range is full"))
                }
            },
            0 => {}
            given if before(given) || mine.contains(&given) => {}
            given => {
                if let Some(why) = refuse_port(given, taken) {
                    let path = Path::new("spec");
                    let path = path.child("ports");
                    let path = path.index(i);
                    errors.push(Error::invalid(&path.child("nodePort"), given, why));
                }
            }
        }
        mine.extend(port.node_port);
    }
    let local = kind == "LoadBalancer" && spec.external_traffic_policy.as_deref() == Some("Local");
    if local && spec.health_check_node_port.unwrap_or_default() == 0 {
        spec.health_check_node_port = free_port(core, taken, &mine);
    }
}

fn refuse_port(port: i32, taken: &Taken) -> Option<String> {
    if !NODE_PORTS.contains(&port) {
        let (first, last) = (NODE_PORTS.start(), NODE_PORTS.end());
        return Some(format!("provided port is not in the valid range. The range of valid ports is {first}-{last}"));
    }
    taken.ports.contains(&port).then(|| "provided port is already allocated".to_owned())
}

fn free_port(core: &Core, taken: &Taken, mine: &BTreeSet<i32>) -> Option<i32> {
    let size = NODE_PORTS.end() - NODE_PORTS.start() + 1;
    let start = core.env.random.below(size as u64) as i32;
    let ports = (0..size).map(|i| NODE_PORTS.start() + (start + i) % size);
    ports.into_iter().find(|port| !taken.ports.contains(port) && !mine.contains(port))
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
