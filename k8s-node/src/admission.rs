//! Which pods a node takes.
//!
//! Upstream: `pkg/kubelet/lifecycle`.

use std::collections::BTreeMap;

use k8s_api::Kind;
use k8s_api::quantity::Quantity;
use k8s_api_client::events::EventType;
use k8s_openapi::api::core::v1::{Node, NodeSelectorTerm, Pod, Taint, Toleration};

use crate::compile::resources;
use crate::context::Context;
pub(crate) use crate::pod::Verdict;

/// What the pods of a node have taken.
#[derive(Debug, Default)]
pub(crate) struct Admission {
    taken: BTreeMap<String, BTreeMap<String, Quantity>>,
    sums: BTreeMap<String, Quantity>,
}

/// Tells people that a pod was not taken.
pub(crate) fn tell(context: &Context, pod: &Pod, verdict: &Verdict) {
    context.pod_event(pod, EventType::Warning, event_reason(&verdict.reason), verdict.message.clone());
}

/// Reasons of events are words of the program.
fn event_reason(reason: &str) -> &'static str {
    match reason {
        "OutOfcpu" => "OutOfcpu",
        "OutOfmemory" => "OutOfmemory",
        "OutOfephemeral-storage" => "OutOfephemeral-storage",
        "OutOfpods" => "OutOfpods",
        "NodeAffinity" => "NodeAffinity",
        "TaintToleration" => "TaintToleration",
        _ => "UnexpectedAdmissionError",
    }
}

impl Admission {
    /// Takes a pod, unless the node does not fit it: then it answers why.
    pub(crate) fn admit(&mut self, pod: &Pod, node: &Node) -> Option<Verdict> {
        if is_terminal(pod) || pod.metadata.deletion_timestamp.is_some() {
            return None;
        }
        let verdict = self.lacks(pod, node).or_else(|| unfit(pod, node));
        if verdict.is_none() {
            self.take(pod);
        }
        verdict
    }

    /// Takes a pod in any case.
    pub(crate) fn take(&mut self, pod: &Pod) {
        if is_terminal(pod) {
            return;
        }
        let needs = requests(pod);
        for (name, amount) in &needs {
            *self.sums.entry(name.clone()).or_insert(Quantity::ZERO) += *amount;
        }
        self.taken.insert(pod.uid().to_owned(), needs);
    }

    /// Gives back what a pod has taken.
    pub(crate) fn release(&mut self, uid: &str) {
        for (name, amount) in self.taken.remove(uid).into_iter().flatten() {
            if let Some(sum) = self.sums.get_mut(&name) {
                *sum -= amount;
            }
        }
    }

    fn lacks(&self, pod: &Pod, node: &Node) -> Option<Verdict> {
        let allocatable = node.status.as_ref().and_then(|status| status.allocatable.as_ref());
        let pods = resources::amount(allocatable, "pods").value();
        let count = self.taken.len() as i64;
        if count + 1 > pods {
            return Some(insufficient("pods", 1, count, pods));
        }
        let needs = requests(pod);
        for name in ["cpu", "memory", "ephemeral-storage"] {
            let Some(need) = needs.get(name).filter(|need| need.signum() > 0) else { continue };
            let used = self.sums.get(name).copied().unwrap_or(Quantity::ZERO);
            let capacity = resources::amount(allocatable, name);
            if used + *need > capacity {
                let number = |q: &Quantity| if name == "cpu" { q.milli_value() } else { q.value() };
                return Some(insufficient(name, number(need), number(&used), number(&capacity)));
            }
        }
        None
    }
}

fn insufficient(name: &str, requested: i64, used: i64, capacity: i64) -> Verdict {
    let message =
        format!("Node didn't have enough resource: {name}, requested: {requested}, used: {used}, capacity: {capacity}");
    Verdict { reason: format!("OutOf{name}"), message }
}

fn requests(pod: &Pod) -> BTreeMap<String, Quantity> {
    let total = resources::of_pod(pod).requests.into_iter().flatten();
    total.filter_map(|(name, text)| Some((name, Quantity::try_from(&text).ok()?))).collect()
}

fn is_terminal(pod: &Pod) -> bool {
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
    matches!(phase, Some("Succeeded" | "Failed"))
}

fn unfit(pod: &Pod, node: &Node) -> Option<Verdict> {
    if !selects(pod, node) {
        return Some(predicate("NodeAffinity", "node(s) didn't match Pod's node affinity/selector"));
    }
    let spec = pod.spec.as_ref();
    let tolerations = spec.and_then(|spec| spec.tolerations.as_deref()).unwrap_or_default();
    let taints = node.spec.iter().flat_map(|spec| spec.taints.iter().flatten());
    let mut evicting = taints.filter(|taint| taint.effect == "NoExecute");
    if evicting.any(|taint| !tolerations.iter().any(|toleration| tolerates(toleration, taint))) {
        return Some(predicate("TaintToleration", "node(s) had taints that the pod didn't tolerate"));
    }
    None
}

fn predicate(name: &str, why: &str) -> Verdict {
    Verdict { reason: name.to_owned(), message: format!("Predicate {name} failed: {why}") }
}

fn tolerates(toleration: &Toleration, taint: &Taint) -> bool {
    let fits = |own: Option<&String>, wanted: &str| own.is_none_or(|own| own.is_empty() || own == wanted);
    let value = match toleration.operator.as_deref() {
        Some("Exists") => true,
        _ => toleration.value.as_deref().unwrap_or_default() == taint.value.as_deref().unwrap_or_default(),
    };
    fits(toleration.effect.as_ref(), &taint.effect) && fits(toleration.key.as_ref(), &taint.key) && value
}

fn selects(pod: &Pod, node: &Node) -> bool {
    let Some(spec) = &pod.spec else { return true };
    let label = |key: &str| node.metadata.labels.as_ref().and_then(|labels| labels.get(key)).map(String::as_str);
    if !spec.node_selector.iter().flatten().all(|(key, value)| label(key) == Some(value)) {
        return false;
    }
    let affinity = spec.affinity.as_ref().and_then(|affinity| affinity.node_affinity.as_ref());
    let required = affinity.and_then(|a| a.required_during_scheduling_ignored_during_execution.as_ref());
    required.is_none_or(|required| required.node_selector_terms.iter().any(|term| term_selects(term, node)))
}

fn term_selects(term: &NodeSelectorTerm, node: &Node) -> bool {
    let label = |key: &str| node.metadata.labels.as_ref().and_then(|labels| labels.get(key)).map(String::as_str);
    let labels = term.match_expressions.as_deref().unwrap_or_default();
    let fields = term.match_fields.as_deref().unwrap_or_default();
    let expression = |operator: &str, found: Option<&str>, values: &[String]| {
        let listed = found.is_some_and(|found| values.iter().any(|value| value == found));
        let number = |text: Option<&str>| text.and_then(|text| text.parse::<i64>().ok());
        match operator {
            "In" => listed,
            "NotIn" => !listed,
            "Exists" => found.is_some(),
            "DoesNotExist" => found.is_none(),
            "Gt" | "Lt" => match (number(found), number(values.first().map(String::as_str))) {
                (Some(a), Some(b)) => (operator == "Gt" && a > b) || (operator == "Lt" && a < b),
                _ => false,
            },
            _ => false,
        }
    };
    let holds = |wanted: &k8s_openapi::api::core::v1::NodeSelectorRequirement, found: Option<&str>| {
        expression(&wanted.operator, found, wanted.values.as_deref().unwrap_or_default())
    };
    (!labels.is_empty() || !fields.is_empty())
        && labels.iter().all(|wanted| holds(wanted, label(&wanted.key)))
        && fields.iter().all(|wanted| holds(wanted, Some(node.name()).filter(|_| wanted.key == "metadata.name")))
}
