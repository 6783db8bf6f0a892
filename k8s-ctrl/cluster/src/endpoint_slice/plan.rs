use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_api::Kind;
use k8s_api_client::informer::Reader;
use k8s_ctrl::{owner, pod};
use k8s_openapi::api::core::v1::{Node, Pod, Service};
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointPort, EndpointSlice};

use super::endpoint;
use crate::service::{TRIGGER_TIME, has_endpoint};

/// How many endpoints a slice holds. Upstream: `--max-endpoints-per-slice`.
const PER_SLICE: usize = 100;

/// What must be written for the slices of a service to be right.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) create: Vec<Slice>,
    /// By name.
    pub(super) update: Vec<(String, Slice)>,
    /// Name and uid.
    pub(super) delete: Vec<(String, String)>,
}

/// The content of a slice.
#[derive(Clone, Debug)]
pub(super) struct Slice {
    pub(super) address_type: String,
    pub(super) ports: Vec<EndpointPort>,
    pub(super) endpoints: Vec<Endpoint>,
    pub(super) labels: BTreeMap<String, String>,
}

/// Endpoints by what they are found again by; in order of the pods' names.
type Set = BTreeMap<(String, Vec<String>, String), Endpoint>;

/// Endpoints that share their ports.
#[derive(Default)]
struct Group {
    ports: Vec<EndpointPort>,
    wanted: Set,
}

impl Plan {
    /// Compares what is with what should be. The second part says which pod was left out because its node is not known
    /// yet.
    pub(super) fn of(
        service: &Service,
        pods: &[Arc<Pod>],
        existing: &[Arc<EndpointSlice>],
        nodes: &Reader<Node>,
    ) -> (Self, Option<String>) {
        let Some(spec) = service.spec.as_ref() else { return (Self::default(), None) };
        let types = endpoint::address_types(spec);
        let mut plan = Self::default();
        let mut missing = None;
        for slice in existing.iter().filter(|slice| !types.contains(&slice.address_type.as_str())) {
            plan.delete(slice);
        }
        for address_type in types {
            let groups = groups(service, pods, nodes, address_type, &mut missing);
            let existing: Vec<_> = existing.iter().filter(|slice| slice.address_type == address_type).collect();
            plan.add_type(service, address_type, groups, &existing);
        }
        (plan, missing)
    }

    fn add_type(
        &mut self,
        service: &Service,
        address_type: &str,
        groups: BTreeMap<String, Group>,
        existing: &[&Arc<EndpointSlice>],
    ) {
        let labels = endpoint::labels(service);
        let mut part = Self::default();
        let mut by_ports: BTreeMap<String, Vec<&Arc<EndpointSlice>>> = BTreeMap::new();
        for slice in existing {
            if is_owned(slice, service) {
                by_ports.entry(endpoint::port_key(slice.ports.as_deref().unwrap_or_default())).or_default().push(slice);
            } else {
                part.delete(slice);
            }
        }
        for (key, group) in groups {
            let slices = by_ports.remove(&key).unwrap_or_default();
            part.add_group(group, &slices, address_type, &labels);
        }
        by_ports.values().flatten().for_each(|slice| part.delete(slice));
        // A service without endpoints has one empty slice, to tell that from not having been looked at.
        if part.create.is_empty() && part.delete.len() == existing.len() {
            let is_placeholder = |slice: &EndpointSlice| {
                slice.endpoints.as_deref().unwrap_or_default().is_empty()
                    && slice.ports.as_deref().unwrap_or_default().is_empty()
                    && slice.metadata.labels.as_ref() == Some(&labels)
                    && is_owned(slice, service)
            };
            if existing.len() == 1 && is_placeholder(existing[0]) {
                part.delete.clear();
            } else {
                let address_type = address_type.to_owned();
                part.create.push(Slice { address_type, ports: Vec::new(), endpoints: Vec::new(), labels });
            }
        }
        part.reuse(service, existing);
        self.create.append(&mut part.create);
        self.update.append(&mut part.update);
        self.delete.append(&mut part.delete);
    }

    /// Spreads the endpoints of a group over its slices with as few writes as possible.
    fn add_group(
        &mut self,
        mut group: Group,
        slices: &[&Arc<EndpointSlice>],
        address_type: &str,
        labels: &BTreeMap<String, String>,
    ) {
        let new = |endpoints| Slice {
            address_type: address_type.to_owned(),
            ports: group.ports.clone(),
            endpoints,
            labels: labels.clone(),
        };
        let (mut changed, mut unchanged) = (Vec::new(), Vec::new());
        for slice in slices {
            let old = slice.endpoints.as_deref().unwrap_or_default();
            let kept: Vec<_> = old.iter().filter_map(|e| group.wanted.remove(&endpoint::identity(e))).collect();
            if kept.is_empty() && !old.is_empty() {
                self.delete(slice);
            } else if kept != old || !endpoint::has_labels(slice, labels) {
                changed.push((slice.name().to_owned(), new(kept)));
            } else {
                unchanged.push((slice.name().to_owned(), kept));
            }
        }
        let mut rest = group.wanted.into_values().collect::<Vec<_>>().into_iter();
        changed.sort_by_key(|(_, slice)| std::cmp::Reverse(slice.endpoints.len()));
        for (_, slice) in &mut changed {
            let room = PER_SLICE.saturating_sub(slice.endpoints.len());
            slice.endpoints.extend(rest.by_ref().take(room));
        }
        while rest.len() > 0 {
            let fullest = unchanged
                .iter()
                .enumerate()
                .filter(|(_, (_, kept))| kept.len() + rest.len() <= PER_SLICE)
                .max_by_key(|(_, (_, kept))| kept.len())
                .map(|(at, _)| at);
            match fullest {
                Some(at) => {
                    let (name, mut endpoints) = unchanged.swap_remove(at);
                    endpoints.extend(rest.by_ref());
                    changed.push((name, new(endpoints)));
                }
                None => self.create.push(new(rest.by_ref().take(PER_SLICE).collect())),
            }
        }
        self.update.append(&mut changed);
    }

    /// Writes new content over slices that would be deleted, where there are both.
    fn reuse(&mut self, service: &Service, existing: &[&Arc<EndpointSlice>]) {
        let mut at = 0;
        while at < self.delete.len() && !self.create.is_empty() {
            let owned = existing.iter().any(|slice| slice.uid() == self.delete[at].1 && is_owned(slice, service));
            match self.create.pop() {
                Some(slice) if owned => {
                    let (name, _) = self.delete.remove(at);
                    self.update.push((name, slice));
                }
                slice => {
                    self.create.extend(slice);
                    at += 1;
                }
            }
        }
    }

    fn delete(&mut self, slice: &EndpointSlice) {
        self.delete.push((slice.name().to_owned(), slice.uid().to_owned()));
    }
}

impl Slice {
    /// A new object of this content, named after the service.
    pub(super) fn into_object(self, service: &Service, trigger: Option<&str>) -> EndpointSlice {
        let mut slice = EndpointSlice {
            address_type: self.address_type,
            endpoints: Some(self.endpoints),
            ports: Some(self.ports),
            ..EndpointSlice::default()
        };
        slice.metadata.generate_name = Some(format!("{}-", service.name()));
        slice.metadata.namespace.clone_from(&service.metadata.namespace);
        slice.metadata.labels = Some(self.labels);
        slice.metadata.owner_references = Some(vec![owner::controller_reference(service)]);
        let annotation = trigger.map(|time| (TRIGGER_TIME.to_owned(), time.to_owned()));
        slice.metadata.annotations = annotation.map(|annotation| BTreeMap::from([annotation]));
        slice
    }
}

fn groups(
    service: &Service,
    pods: &[Arc<Pod>],
    nodes: &Reader<Node>,
    address_type: &str,
    missing: &mut Option<String>,
) -> BTreeMap<String, Group> {
    let publishes_all = service.spec.as_ref().and_then(|spec| spec.publish_not_ready_addresses).unwrap_or_default();
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    for pod in pods.iter().filter(|pod| has_endpoint(pod, true)) {
        let ports = endpoint::ports(service, pod);
        let group = groups.entry(endpoint::port_key(&ports)).or_default();
        group.ports = ports;
        let node = nodes.get("", pod::node_name(pod));
        if node.is_none() && !publishes_all {
            let (pod, node) = (pod.name(), pod::node_name(pod));
            let (namespace, name) = (service.namespace(), service.name());
            *missing = Some(format!("skipping Pod {pod} for Service {namespace}/{name}: Node {node} Not Found"));
            continue;
        }
        if let Some(endpoint) = endpoint::of_pod(pod, node.as_deref(), service, address_type) {
            group.wanted.insert(endpoint::identity(&endpoint), endpoint);
        }
    }
    groups
}

fn is_owned(slice: &EndpointSlice, service: &Service) -> bool {
    let mut owners = slice.metadata.owner_references.iter().flatten();
    owners.any(|owner| owner.uid == service.uid() && owner.kind == "Service" && owner.api_version == "v1")
}
