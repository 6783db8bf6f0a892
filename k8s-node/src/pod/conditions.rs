//! The pod's conditions.
//!
//! Upstream: `pkg/kubelet/status.Generate*Condition`.

use k8s_openapi::api::core::v1::{ContainerStatus, Pod, PodCondition};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::containers::{Class, Entry};
use super::phase::Phase;

/// The types that a node writes; it leaves all others alone.
pub(crate) const OWN: [&str; 5] =
    ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"];

/// What conditions are made from.
pub(crate) struct Facts<'a> {
    pub(crate) pod: &'a Pod,
    pub(crate) entries: &'a [Entry],
    /// In the order of `entries`.
    pub(crate) statuses: &'a [ContainerStatus],
    pub(crate) phase: Phase,
    pub(crate) has_sandbox: bool,
    /// Some regular container was started before.
    pub(crate) initialized: bool,
}

/// What a condition says.
struct Says {
    status: bool,
    reason: Option<&'static str>,
    message: Option<String>,
}

impl Says {
    fn yes() -> Self {
        Self { status: true, reason: None, message: None }
    }

    fn no(reason: &'static str) -> Self {
        Self { status: false, reason: Some(reason), message: None }
    }

    fn because(reason: &'static str, message: String) -> Self {
        Self { status: false, reason: Some(reason), message: Some(message) }
    }
}

/// The node's own conditions in upstream's order; transition times are kept from `before` where nothing changed.
pub(crate) fn of(facts: &Facts<'_>, before: &[PodCondition], now: &Time) -> Vec<PodCondition> {
    let containers = containers_ready(facts);
    let ready = if containers.status { gates(facts.pod) } else { None };
    let ready = ready.unwrap_or(Says { message: containers.message.clone(), ..containers });
    let sandbox = Says { status: facts.has_sandbox, reason: None, message: None };
    let all = [sandbox, initialized(facts), ready, containers, Says::yes()];
    OWN.into_iter().zip(all).map(|(kind, says)| condition(facts.pod, kind, says, before, now)).collect()
}

fn condition(pod: &Pod, kind: &str, says: Says, before: &[PodCondition], now: &Time) -> PodCondition {
    let status = if says.status { "True" } else { "False" };
    let old = before.iter().find(|old| old.type_ == kind && old.status == status);
    PodCondition {
        type_: kind.to_owned(),
        status: status.to_owned(),
        reason: says.reason.map(str::to_owned),
        message: says.message,
        observed_generation: pod.metadata.generation,
        last_probe_time: None,
        last_transition_time: old.and_then(|old| old.last_transition_time.clone()).or_else(|| Some(now.clone())),
    }
}

fn containers_ready(facts: &Facts<'_>) -> Says {
    match facts.phase {
        Phase::Succeeded => return Says::no("PodCompleted"),
        Phase::Failed => return Says::no("PodFailed"),
        Phase::Pending | Phase::Running => {}
    }
    let pairs = facts.entries.iter().zip(facts.statuses);
    let unready = pairs.filter(|(entry, status)| matches!(entry.class, Class::Sidecar | Class::Main) && !status.ready);
    let names: Vec<_> = unready.map(|(entry, _)| entry.name()).collect();
    if names.is_empty() {
        return Says::yes();
    }
    Says::because("ContainersNotReady", format!("containers with unready status: [{}]", names.join(" ")))
}

/// `None` when every readiness gate is open and there is nothing to say; otherwise why the pod is not ready.
fn gates(pod: &Pod) -> Option<Says> {
    let gates = pod.spec.as_ref()?.readiness_gates.as_ref()?;
    let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    let closed = gates.iter().filter_map(|gate| {
        let kind = &gate.condition_type;
        match conditions.iter().find(|condition| condition.type_ == *kind) {
            None => Some(format!("corresponding condition of pod readiness gate {kind:?} does not exist.")),
            Some(condition) if condition.status != "True" => {
                Some(format!("the status of pod readiness gate {kind:?} is not \"True\", but {}", condition.status))
            }
            Some(_) => None,
        }
    });
    let messages: Vec<_> = closed.collect();
    (!messages.is_empty()).then(|| Says::because("ReadinessGatesNotReady", messages.join(", ")))
}

fn initialized(facts: &Facts<'_>) -> Says {
    if facts.phase == Phase::Succeeded {
        return Says { status: true, reason: Some("PodCompleted"), message: None };
    }
    if facts.initialized {
        return Says::yes();
    }
    let pairs = facts.entries.iter().zip(facts.statuses);
    let incomplete = pairs.filter(|(entry, status)| match entry.class {
        Class::Sidecar => status.started != Some(true),
        Class::Init => !status.ready,
        Class::Main | Class::Ephemeral => false,
    });
    let names: Vec<_> = incomplete.map(|(entry, _)| entry.name()).collect();
    if names.is_empty() {
        return Says::yes();
    }
    Says::because("ContainersNotInitialized", format!("containers with incomplete status: [{}]", names.join(" ")))
}
