use std::sync::Arc;

use k8s_openapi::api::core::v1::{
    Affinity, Container, NodeAffinity, NodeSelectorRequirement, NodeSelectorTerm, Pod, PodAffinityTerm, PodSpec,
    Toleration as Api, TopologySpreadConstraint, WeightedPodAffinityTerm,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta, Time};

use k8s_api::selector::{Operator, Requirement, Selector};

use super::{resources, selector, text, unreadable};
use crate::fixture::tagged;
use crate::{
    AffinityTerm, DEFAULT_SCHEDULER_NAME, Error, HostPort, Labels, NodeExpression, NodeRequirement, NodeTerm, NodeTest,
    PodAffinity, PodInfo, PreferredNodes, SpreadConstraint, TaintEffect, Toleration,
};

/// What scheduling sees of a pod.
///
/// # Errors
/// [`Error::Object`] when a label selector in it cannot be understood; an API server refuses such pods.
pub fn pod(pod: &Pod) -> Result<PodInfo, Error> {
    let none = PodSpec::default();
    let spec = pod.spec.as_ref().unwrap_or(&none);
    let (meta, status) = (&pod.metadata, pod.status.as_ref());
    let labels = meta.labels.clone().map(Labels::from).unwrap_or_default();
    let owner = meta.owner_references.iter().flatten().find(|owner| owner.controller == Some(true));
    let conditions = status.and_then(|s| s.conditions.as_deref()).unwrap_or_default();
    Ok(PodInfo {
        namespace: text(meta.namespace.as_deref()),
        name: text(meta.name.as_deref()),
        uid: text(meta.uid.as_deref()),
        priority: spec.priority.unwrap_or(0),
        created: micros(meta.creation_timestamp.as_ref()),
        started: micros(status.and_then(|s| s.start_time.as_ref())),
        scheduler_name: spec.scheduler_name.as_deref().unwrap_or(DEFAULT_SCHEDULER_NAME).into(),
        node_name: filled(spec.node_name.as_deref()),
        nominated_node: filled(status.and_then(|s| s.nominated_node_name.as_deref())),
        requests: resources::requests(pod, spec),
        non_zero: resources::non_zero(pod, spec),
        non_zero_incoming: resources::non_zero_incoming(pod, spec),
        images: images(spec),
        containers: spec.containers.len() + spec.init_containers.as_ref().map_or(0, Vec::len),
        host_ports: host_ports(spec),
        tolerations: spec.tolerations.iter().flatten().filter_map(toleration).collect(),
        required_nodes: required_nodes(spec),
        preferred_nodes: preferred_nodes(spec),
        spread: spread(meta, spec, &labels)?,
        affinity: affinity(meta, spec.affinity.as_ref())?,
        gates: spec.scheduling_gates.iter().flatten().map(|gate| gate.name.clone()).collect(),
        may_preempt: spec.preemption_policy.as_deref() != Some("Never"),
        terminating: meta.deletion_timestamp.is_some(),
        preempted: conditions.iter().any(|c| {
            c.type_ == "DisruptionTarget" && c.status == "True" && c.reason.as_deref() == Some("PreemptionByScheduler")
        }),
        owner: owner.map(|owner| (owner.kind.as_str().into(), owner.name.as_str().into())),
        claims: claims(meta, spec),
        resource_claims: spec.resource_claims.as_ref().map_or(0, Vec::len),
        labels,
    })
}

fn micros(time: Option<&Time>) -> i64 {
    time.map_or(0, |time| time.0.as_microsecond())
}

fn filled(name: Option<&str>) -> Option<Arc<str>> {
    name.filter(|name| !name.is_empty()).map(Arc::from)
}

fn all_containers(spec: &PodSpec) -> impl Iterator<Item = &Container> {
    spec.init_containers.iter().flatten().chain(&spec.containers)
}

fn images(spec: &PodSpec) -> Vec<Arc<str>> {
    let containers = all_containers(spec).filter_map(|container| container.image.as_deref());
    let volumes = spec.volumes.iter().flatten().filter_map(|volume| volume.image.as_ref()?.reference.as_deref());
    containers.chain(volumes).map(tagged).collect()
}

/// Ports of containers, and of init containers that go on beside them.
fn host_ports(spec: &PodSpec) -> Vec<HostPort> {
    let beside = spec.init_containers.iter().flatten().filter(|c| c.restart_policy.as_deref() == Some("Always"));
    let ports = beside.chain(&spec.containers).flat_map(|container| container.ports.iter().flatten());
    let occupied = ports.filter_map(|port| Some((port, port.host_port.filter(|number| *number > 0)?)));
    let ip = |ip: Option<&str>| ip.filter(|ip| !ip.is_empty()).unwrap_or("0.0.0.0").into();
    let protocol = |protocol: Option<&str>| protocol.filter(|p| !p.is_empty()).unwrap_or("TCP").into();
    occupied
        .map(|(port, number)| HostPort {
            ip: ip(port.host_ip.as_deref()),
            protocol: protocol(port.protocol.as_deref()),
            port: number,
        })
        .collect()
}

/// `None` for a toleration that tolerates nothing: one with an operator or effect unknown to us.
fn toleration(toleration: &Api) -> Option<Toleration> {
    let exists = match toleration.operator.as_deref() {
        Some("Exists") => true,
        None | Some("" | "Equal") => false,
        Some(_) => return None,
    };
    let effect = match filled(toleration.effect.as_deref()) {
        Some(effect) => Some(TaintEffect::parse(&effect)?),
        None => None,
    };
    let value = (!exists).then(|| text(toleration.value.as_deref()));
    Some(Toleration { key: filled(toleration.key.as_deref()), value, effect })
}

fn required_nodes(spec: &PodSpec) -> Option<NodeRequirement> {
    let affinity = spec.affinity.as_ref().and_then(|affinity| affinity.node_affinity.as_ref());
    let (required, labels) = (affinity.and_then(|affinity| node_affinity(affinity).0), spec.node_selector.as_ref());
    if required.is_none() && labels.is_none() {
        return None;
    }
    let labels = labels.into_iter().flatten().map(|(key, value)| (key.as_str().into(), value.as_str().into()));
    Some(NodeRequirement { labels: labels.collect(), terms: required.and_then(|required| required.terms) })
}

fn preferred_nodes(spec: &PodSpec) -> PreferredNodes {
    let affinity = spec.affinity.as_ref().and_then(|affinity| affinity.node_affinity.as_ref());
    affinity.map(|affinity| node_affinity(affinity).1).unwrap_or_default()
}

/// What a node affinity requires, if anything, and what it prefers.
pub fn node_affinity(affinity: &NodeAffinity) -> (Option<NodeRequirement>, PreferredNodes) {
    let required = affinity.required_during_scheduling_ignored_during_execution.as_ref().map(|required| {
        let terms = required.node_selector_terms.iter().map(node_term).collect();
        NodeRequirement { labels: Vec::new(), terms: Some(terms) }
    });
    let mut preferred = PreferredNodes::default();
    for term in affinity.preferred_during_scheduling_ignored_during_execution.iter().flatten() {
        preferred.push(i64::from(term.weight), node_term(&term.preference));
    }
    (required, preferred)
}

fn node_term(term: &NodeSelectorTerm) -> NodeTerm {
    let labels = term.match_expressions.iter().flatten().map(expression).collect();
    let names = term.match_fields.iter().flatten().map(|field| {
        let mut expression = expression(field);
        let one_name = matches!(&expression.test, NodeTest::In(v) | NodeTest::NotIn(v) if v.len() == 1);
        if &*expression.key != "metadata.name" || !one_name {
            expression.test = NodeTest::Never;
        }
        expression
    });
    NodeTerm { labels, names: names.collect() }
}

fn expression(requirement: &NodeSelectorRequirement) -> NodeExpression {
    let values = requirement.values.as_deref().unwrap_or_default();
    let all = || values.iter().map(|value| Arc::from(value.as_str())).collect::<Vec<_>>();
    let number = || match values {
        [value] => value.parse::<i64>().ok(),
        _ => None,
    };
    let test = match requirement.operator.as_str() {
        "In" if !values.is_empty() => NodeTest::In(all()),
        "NotIn" if !values.is_empty() => NodeTest::NotIn(all()),
        "Exists" if values.is_empty() => NodeTest::Exists,
        "DoesNotExist" if values.is_empty() => NodeTest::DoesNotExist,
        "Gt" => number().map_or(NodeTest::Never, NodeTest::Gt),
        "Lt" => number().map_or(NodeTest::Never, NodeTest::Lt),
        _ => NodeTest::Never,
    };
    NodeExpression { key: requirement.key.as_str().into(), test }
}

fn spread(meta: &ObjectMeta, spec: &PodSpec, labels: &Labels) -> Result<Vec<SpreadConstraint>, Error> {
    let constraints = spec.topology_spread_constraints.iter().flatten();
    constraints.map(|constraint| spread_constraint(meta, constraint, labels)).collect()
}

/// One topology spread constraint of the object with this metadata, for a pod with these labels.
///
/// # Errors
/// [`Error::Object`] when a selector in it cannot be understood.
pub fn spread_constraint(
    meta: &ObjectMeta,
    constraint: &TopologySpreadConstraint,
    labels: &Labels,
) -> Result<SpreadConstraint, Error> {
    let hard = constraint.when_unsatisfiable == "DoNotSchedule";
    let keys = constraint.match_label_keys.as_deref().unwrap_or_default();
    let base = selector(meta, "Pod", constraint.label_selector.as_ref())?;
    let selector = merged(meta, base, keys, labels, Operator::Equals)?;
    let key = constraint.topology_key.as_str();
    let mut spread = SpreadConstraint::new(i64::from(constraint.max_skew), key, hard, selector);
    spread.min_domains = constraint.min_domains.and_then(|n| usize::try_from(n).ok()).unwrap_or(1);
    spread.honor_affinity = constraint.node_affinity_policy.as_deref().unwrap_or("Honor") == "Honor";
    spread.honor_taints = constraint.node_taints_policy.as_deref() == Some("Honor");
    Ok(spread)
}

/// `base` and, for each of `keys` that the pod has as a label, the pod's own value compared by `operator`.
fn merged(
    meta: &ObjectMeta,
    base: Selector,
    keys: &[String],
    labels: &Labels,
    operator: Operator,
) -> Result<Selector, Error> {
    let own = keys.iter().filter_map(|key| Some((key, labels.value(key)?)));
    let own = own.map(|(key, value)| Requirement::new(key, operator, &[value])).collect::<Result<Vec<_>, _>>();
    let own = own.map_err(|error| unreadable(meta, "Pod", error.to_string()))?;
    if own.is_empty() || base.is_nothing() {
        return Ok(base);
    }
    Ok(Selector::all(base.requirements().iter().cloned().chain(own)))
}

fn affinity(meta: &ObjectMeta, affinity: Option<&Affinity>) -> Result<PodAffinity, Error> {
    let near = affinity.and_then(|affinity| affinity.pod_affinity.as_ref());
    let apart = affinity.and_then(|affinity| affinity.pod_anti_affinity.as_ref());
    let required = near.and_then(|a| a.required_during_scheduling_ignored_during_execution.as_deref());
    let required_anti = apart.and_then(|a| a.required_during_scheduling_ignored_during_execution.as_deref());
    let preferred = near.and_then(|a| a.preferred_during_scheduling_ignored_during_execution.as_deref());
    let preferred_anti = apart.and_then(|a| a.preferred_during_scheduling_ignored_during_execution.as_deref());
    Ok(PodAffinity {
        required: required.unwrap_or_default().iter().map(|term| self::term(meta, term)).collect::<Result<_, _>>()?,
        required_anti: (required_anti.unwrap_or_default().iter())
            .map(|term| self::term(meta, term))
            .collect::<Result<_, _>>()?,
        preferred: preferred.unwrap_or_default().iter().map(|term| weighted(meta, term)).collect::<Result<_, _>>()?,
        preferred_anti: (preferred_anti.unwrap_or_default().iter())
            .map(|term| weighted(meta, term))
            .collect::<Result<_, _>>()?,
    })
}

fn weighted(meta: &ObjectMeta, term: &WeightedPodAffinityTerm) -> Result<(i64, AffinityTerm), Error> {
    Ok((i64::from(term.weight), self::term(meta, &term.pod_affinity_term)?))
}

/// The API server has merged `matchLabelKeys` into the selector already.
fn term(meta: &ObjectMeta, term: &PodAffinityTerm) -> Result<AffinityTerm, Error> {
    let of = |object: Option<&LabelSelector>| selector(meta, "Pod", object);
    let mut namespaces: Vec<_> = term.namespaces.iter().flatten().map(|name| Arc::from(name.as_str())).collect();
    if namespaces.is_empty() && term.namespace_selector.is_none() {
        namespaces.push(text(meta.namespace.as_deref()));
    }
    let mut view = AffinityTerm::new(term.topology_key.as_str(), of(term.label_selector.as_ref())?, namespaces);
    view.namespace_selector = of(term.namespace_selector.as_ref())?;
    Ok(view)
}

fn claims(meta: &ObjectMeta, spec: &PodSpec) -> Vec<Arc<str>> {
    let name = meta.name.as_deref().unwrap_or_default();
    let volumes = spec.volumes.iter().flatten();
    volumes
        .filter_map(|volume| match (&volume.persistent_volume_claim, &volume.ephemeral) {
            (Some(claim), _) => Some(claim.claim_name.as_str().into()),
            // A generic ephemeral volume's claim is made by a controller, under this name.
            (None, Some(_)) => Some(format!("{name}-{}", volume.name).into()),
            (None, None) => None,
        })
        .collect()
}
