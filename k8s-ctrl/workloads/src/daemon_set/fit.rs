//! Whether a pod of a set belongs on a node.

use std::collections::BTreeMap;

use k8s_api_client::informer::Event;
use k8s_openapi::api::apps::v1::DaemonSet;
use k8s_openapi::api::core::v1::{
    Affinity, Node, NodeAffinity, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, PodSpec, Taint, Toleration,
};

/// What may be on a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// A pod is to run there.
    Run,
    /// A pod that runs there may stay; a new one is not made.
    Stay,
    /// Nothing.
    No,
}

/// Whether a change of a node may matter: its labels, its taints, or itself.
pub(super) fn has_changed(event: &Event<Node>) -> bool {
    let Event::Updated { old, new } = event else { return true };
    let taints = |node: &Node| node.spec.as_ref().and_then(|spec| spec.taints.clone());
    old.metadata.labels != new.metadata.labels || taints(old) != taints(new)
}

/// Judges a node for a set, whose pods tolerate `tolerations`.
pub(super) fn judge(set: &DaemonSet, tolerations: &[Toleration], node: &Node) -> Fit {
    let Some(spec) = set.spec.as_ref().and_then(|spec| spec.template.spec.as_ref()) else { return Fit::No };
    let name = node.metadata.name.as_deref().unwrap_or_default();
    let wanted = spec.node_name.as_deref().unwrap_or_default();
    if !(wanted.is_empty() || wanted == name) || !matches(spec, node) {
        return Fit::No;
    }
    let taints = node.spec.as_ref().and_then(|spec| spec.taints.as_deref()).unwrap_or_default();
    let repels = |effect: &str| {
        let mut taints = taints.iter().filter(|taint| taint.effect == effect);
        taints.any(|taint| !tolerations.iter().any(|toleration| tolerates(toleration, taint)))
    };
    match (repels("NoExecute"), repels("NoSchedule")) {
        (true, _) => Fit::No,
        (false, true) => Fit::Stay,
        (false, false) => Fit::Run,
    }
}

/// The tolerations of the pods of a set: its own, and those by which it survives trouble with nodes.
pub(super) fn tolerations(spec: &PodSpec) -> Vec<Toleration> {
    let network = spec.host_network.unwrap_or_default().then_some(("network-unavailable", "NoSchedule"));
    let always = [
        ("not-ready", "NoExecute"),
        ("unreachable", "NoExecute"),
        ("disk-pressure", "NoSchedule"),
        ("memory-pressure", "NoSchedule"),
        ("pid-pressure", "NoSchedule"),
        ("unschedulable", "NoSchedule"),
    ];
    let mut all = spec.tolerations.clone().unwrap_or_default();
    for (key, effect) in always.into_iter().chain(network) {
        let toleration = Toleration {
            key: Some(format!("node.kubernetes.io/{key}")),
            operator: Some("Exists".to_owned()),
            effect: Some(effect.to_owned()),
            ..Toleration::default()
        };
        if !all.contains(&toleration) {
            all.push(toleration);
        }
    }
    all
}

/// The same affinity, for one node only.
pub(super) fn pinned(affinity: Option<&Affinity>, node: &str) -> Affinity {
    let mut affinity = affinity.cloned().unwrap_or_default();
    let field = NodeSelectorRequirement {
        key: "metadata.name".to_owned(),
        operator: "In".to_owned(),
        values: Some(vec![node.to_owned()]),
    };
    let term = NodeSelectorTerm { match_fields: Some(vec![field]), match_expressions: None };
    let required = NodeSelector { node_selector_terms: vec![term] };
    affinity
        .node_affinity
        .get_or_insert_with(NodeAffinity::default)
        .required_during_scheduling_ignored_during_execution = Some(required);
    affinity
}

/// The node that a pod was pinned to.
pub(super) fn target(spec: &PodSpec) -> Option<&str> {
    if let Some(name) = spec.node_name.as_deref().filter(|name| !name.is_empty()) {
        return Some(name);
    }
    let affinity = spec.affinity.as_ref()?.node_affinity.as_ref()?;
    let terms = &affinity.required_during_scheduling_ignored_during_execution.as_ref()?.node_selector_terms;
    let fields = terms.iter().flat_map(|term| term.match_fields.iter().flatten());
    let mut named = fields.filter(|field| field.key == "metadata.name" && field.operator == "In");
    named.find_map(|field| field.values.as_ref()?.first()).map(String::as_str)
}

fn matches(spec: &PodSpec, node: &Node) -> bool {
    let none = BTreeMap::new();
    let labels = node.metadata.labels.as_ref().unwrap_or(&none);
    let selected = spec.node_selector.iter().flatten().all(|(key, value)| labels.get(key) == Some(value));
    let affinity = spec.affinity.as_ref().and_then(|affinity| affinity.node_affinity.as_ref());
    let required = affinity.and_then(|node| node.required_during_scheduling_ignored_during_execution.as_ref());
    let name = node.metadata.name.as_ref();
    let term = |term: &NodeSelectorTerm| {
        let mut expressions = term.match_expressions.iter().flatten();
        let mut fields = term.match_fields.iter().flatten();
        let is_empty = term.match_expressions.as_ref().is_none_or(Vec::is_empty)
            && term.match_fields.as_ref().is_none_or(Vec::is_empty);
        !is_empty
            && expressions.all(|part| holds(part, labels.get(&part.key)))
            && fields.all(|part| part.key == "metadata.name" && holds(part, name))
    };
    selected && required.is_none_or(|required| required.node_selector_terms.iter().any(term))
}

fn holds(part: &NodeSelectorRequirement, value: Option<&String>) -> bool {
    let values = part.values.as_deref().unwrap_or_default();
    let number = |text: Option<&String>| text.and_then(|text| text.parse::<i64>().ok());
    let compare = |is: fn(&i64, &i64) -> bool| {
        number(value).zip(number(values.first())).is_some_and(|(value, limit)| is(&value, &limit))
    };
    match &*part.operator {
        "In" => value.is_some_and(|value| values.contains(value)),
        "NotIn" => value.is_none_or(|value| !values.contains(value)),
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        "Gt" => compare(i64::gt),
        "Lt" => compare(i64::lt),
        _ => false,
    }
}

fn tolerates(toleration: &Toleration, taint: &Taint) -> bool {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let (key, effect) = (text(&toleration.key), text(&toleration.effect));
    let exists = toleration.operator.as_deref() == Some("Exists");
    (effect.is_empty() || effect == taint.effect)
        && (key == taint.key || key.is_empty() && exists)
        && (exists || text(&toleration.value) == text(&taint.value))
}
