use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Container, ContainerStatus, Pod, PodCondition, PodSpec, PodStatus};

use super::{Condition, Row};
use crate::cells::NONE;
use crate::human::since;

const SUCCEEDED: &[Condition] = &[Condition {
    kind: "Completed",
    status: "True",
    reason: "Succeeded",
    message: "The pod has completed successfully.",
}];
const FAILED: &[Condition] =
    &[Condition { kind: "Completed", status: "True", reason: "Failed", message: "The pod failed." }];

pub(super) fn pod(pod: &Pod, now: Timestamp) -> Row {
    let (no_spec, no_status) = (PodSpec::default(), PodStatus::default());
    let spec = pod.spec.as_ref().unwrap_or(&no_spec);
    let status = pod.status.as_ref().unwrap_or(&no_status);
    let summary = Summary::of(pod, spec, status);
    let restarts = match summary.last_restart {
        Some(last) if summary.n_restarts != 0 => format!("{} ({} ago)", summary.n_restarts, since(Some(last), now)),
        _ => summary.n_restarts.to_string(),
    };
    let ip = status.pod_ips.iter().flatten().next().map(|ip| ip.ip.as_str());
    let or_none = |text: Option<&str>| text.filter(|text| !text.is_empty()).unwrap_or(NONE).to_owned();
    let cells = vec![
        pod.metadata.name.clone().into(),
        format!("{}/{}", summary.n_ready, summary.n_containers).into(),
        summary.reason.into(),
        restarts.into(),
        since(pod.metadata.creation_timestamp.as_ref().map(|time| time.0), now).into(),
        or_none(ip).into(),
        or_none(spec.node_name.as_deref()).into(),
        or_none(status.nominated_node_name.as_deref()).into(),
        readiness_gates(spec, status).into(),
    ];
    let conditions = match status.phase.as_deref() {
        Some("Succeeded") => SUCCEEDED,
        Some("Failed") => FAILED,
        _ => &[],
    };
    Row { cells, conditions }
}

/// What the containers of a pod amount to.
struct Summary {
    reason: String,
    n_ready: usize,
    n_containers: usize,
    n_restarts: i64,
    last_restart: Option<Timestamp>,
}

impl Summary {
    fn of(pod: &Pod, spec: &PodSpec, status: &PodStatus) -> Self {
        let phase = status.phase.clone().unwrap_or_default();
        let mut reason = status.reason.clone().filter(|reason| !reason.is_empty()).unwrap_or_else(|| phase.clone());
        let gated = |condition: &PodCondition| {
            condition.type_ == "PodScheduled" && condition.reason.as_deref() == Some("SchedulingGated")
        };
        if conditions(status).any(gated) {
            "SchedulingGated".clone_into(&mut reason);
        }
        let n_sidecars = spec.init_containers.iter().flatten().filter(|container| is_sidecar(container)).count();
        let n_containers = spec.containers.len() + n_sidecars;
        let mut summary = Self { reason, n_ready: 0, n_containers, n_restarts: 0, last_restart: None };
        let (initializing, sidecar_restarts) = summary.add_init(spec, status);
        if !initializing || is_true(status, "Initialized") {
            (summary.n_restarts, summary.last_restart) = sidecar_restarts;
            summary.add_main(status);
        }
        summary.add_deletion(pod, status, &phase);
        summary
    }

    /// Goes through the init containers up to the one that holds up the pod. Says whether one does, and how often
    /// sidecars have restarted.
    fn add_init(&mut self, spec: &PodSpec, status: &PodStatus) -> (bool, (i64, Option<Timestamp>)) {
        let mut of_sidecars = (0, None);
        for (idx, container) in status.init_container_statuses.iter().flatten().enumerate() {
            self.n_restarts += i64::from(container.restart_count);
            self.last_restart = self.last_restart.max(last_end(container));
            let mut init = spec.init_containers.iter().flatten();
            let sidecar = init.any(|init| init.name == container.name && is_sidecar(init));
            if sidecar {
                of_sidecars.0 += i64::from(container.restart_count);
                of_sidecars.1 = of_sidecars.1.max(last_end(container));
            }
            let state = container.state.as_ref();
            let terminated = state.and_then(|state| state.terminated.as_ref());
            let waiting = state.and_then(|state| state.waiting.as_ref()).and_then(|waiting| waiting.reason.as_deref());
            if terminated.is_some_and(|terminated| terminated.exit_code == 0) {
                continue;
            }
            if sidecar && container.started == Some(true) {
                self.n_ready += usize::from(container.ready);
                continue;
            }
            self.reason = match (terminated, waiting) {
                (Some(terminated), _) => format!("Init:{}", why_ended(terminated)),
                (None, Some(why)) if !why.is_empty() && why != "PodInitializing" => format!("Init:{why}"),
                _ => format!("Init:{idx}/{}", spec.init_containers.iter().flatten().count()),
            };
            return (true, of_sidecars);
        }
        (false, of_sidecars)
    }

    fn add_main(&mut self, status: &PodStatus) {
        let (mut running, mut failure) = (false, None);
        // The first container that has something to say has the last word.
        for container in status.container_statuses.iter().flatten().rev() {
            self.n_restarts += i64::from(container.restart_count);
            self.last_restart = self.last_restart.max(last_end(container));
            let Some(state) = &container.state else { continue };
            let waiting = state.waiting.as_ref().and_then(|waiting| waiting.reason.clone());
            if let Some(why) = waiting.filter(|why| !why.is_empty()) {
                self.reason = why;
            } else if let Some(terminated) = &state.terminated {
                self.reason = why_ended(terminated);
                if terminated.exit_code != 0 {
                    failure = Some(self.reason.clone());
                }
            } else if container.ready && state.running.is_some() {
                running = true;
                self.n_ready += 1;
            }
        }
        if self.reason == "Completed" {
            match failure {
                _ if running && is_ready(status) => "Running".clone_into(&mut self.reason),
                Some(failure) => self.reason = failure,
                None if running => "NotReady".clone_into(&mut self.reason),
                None => {}
            }
        }
    }

    fn add_deletion(&mut self, pod: &Pod, status: &PodStatus, phase: &str) {
        if pod.metadata.deletion_timestamp.is_none() {
            return;
        }
        if status.reason.as_deref() == Some("NodeLost") {
            "Unknown".clone_into(&mut self.reason);
        } else if !matches!(phase, "Succeeded" | "Failed") {
            "Terminating".clone_into(&mut self.reason);
        }
    }
}

fn is_sidecar(container: &Container) -> bool {
    container.restart_policy.as_deref() == Some("Always")
}

fn why_ended(terminated: &k8s_openapi::api::core::v1::ContainerStateTerminated) -> String {
    match (terminated.reason.as_deref(), terminated.signal) {
        (Some(why), _) if !why.is_empty() => why.to_owned(),
        (_, Some(signal)) if signal != 0 => format!("Signal:{signal}"),
        _ => format!("ExitCode:{}", terminated.exit_code),
    }
}

fn last_end(container: &ContainerStatus) -> Option<Timestamp> {
    Some(container.last_state.as_ref()?.terminated.as_ref()?.finished_at.as_ref()?.0)
}

fn conditions(status: &PodStatus) -> impl Iterator<Item = &PodCondition> {
    status.conditions.iter().flatten()
}

/// Whether the first condition of this type is true.
fn is_true(status: &PodStatus, kind: &str) -> bool {
    conditions(status).find(|condition| condition.type_ == kind).is_some_and(|condition| condition.status == "True")
}

fn is_ready(status: &PodStatus) -> bool {
    conditions(status).any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

fn readiness_gates(spec: &PodSpec, status: &PodStatus) -> String {
    let gates = spec.readiness_gates.as_deref().unwrap_or_default();
    if gates.is_empty() {
        return NONE.to_owned();
    }
    let n_true = gates.iter().filter(|gate| is_true(status, &gate.condition_type)).count();
    format!("{n_true}/{}", gates.len())
}
