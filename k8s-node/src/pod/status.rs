//! What the API is told about a pod.
//!
//! Upstream: `pkg/kubelet.generateAPIPodStatus`, `convertToAPIContainerStatuses`.

use k8s_cri::ContainerState as Cri;
use k8s_openapi::api::core::v1::{
    ContainerState, ContainerStateRunning, ContainerStateTerminated, ContainerStateWaiting, ContainerStatus,
    ContainerUser, HostIP, LinuxContainerUser, Pod, PodIP, PodStatus, VolumeMountStatus,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::conditions::{self, Facts};
use super::containers::{Class, Entry, Run};
use super::phase::{self, Phase};
use crate::compile::{resources, sandbox};
use crate::context::Context;
use crate::qos;
use crate::time::api_time;

/// Why a pod is Failed although its containers alone do not say so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) reason: String,
    pub(crate) message: String,
}

/// All that a status is made from.
pub(crate) struct Snapshot<'a> {
    pub(crate) context: &'a Context,
    pub(crate) pod: &'a Pod,
    pub(crate) entries: &'a [Entry],
    pub(crate) has_sandbox: bool,
    pub(crate) initialized: bool,
    /// No container will be started any more.
    pub(crate) over: bool,
    pub(crate) verdict: Option<&'a Verdict>,
    pub(crate) pod_ips: &'a [String],
    pub(crate) started: &'a Time,
}

/// Makes the status. Conditions that are not the node's own are left out; `before` is the status that was made last.
pub(crate) fn of(snapshot: &Snapshot<'_>, before: Option<&PodStatus>, now: &Time) -> PodStatus {
    let Snapshot { context, pod, entries, .. } = snapshot;
    let statuses: Vec<_> = entries.iter().map(|entry| container(snapshot, entry)).collect();
    let default = Default::default();
    let spec = pod.spec.as_ref().unwrap_or(&default);
    let phase = match phase::of(spec, entries, &statuses, snapshot.over, snapshot.initialized) {
        _ if snapshot.verdict.is_some() => Phase::Failed,
        // What ends before it has run has failed.
        phase if snapshot.over && !phase.is_terminal() => Phase::Failed,
        phase => phase,
    };
    let facts = Facts {
        pod,
        entries,
        statuses: &statuses,
        phase,
        has_sandbox: snapshot.has_sandbox,
        initialized: snapshot.initialized,
    };
    let old = before.and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    let conditions = conditions::of(&facts, old, now);
    let total = resources::of_pod(pod);
    let host_ips: Vec<_> = context.ips.iter().map(ToString::to_string).collect();
    let pod_ips = if sandbox::is_host_network(pod) { &host_ips } else { snapshot.pod_ips };
    let [init, main, ephemeral] = split(entries, statuses);
    PodStatus {
        allocated_resources: total.requests.clone(),
        conditions: Some(conditions),
        container_statuses: main,
        ephemeral_container_statuses: ephemeral,
        init_container_statuses: init,
        host_ip: host_ips.first().cloned(),
        host_ips: some(host_ips.iter().map(|ip| HostIP { ip: ip.clone() }).collect()),
        message: snapshot.verdict.map(|verdict| verdict.message.clone()),
        reason: snapshot.verdict.map(|verdict| verdict.reason.clone()),
        observed_generation: pod.metadata.generation,
        phase: Some(phase.as_str().to_owned()),
        pod_ip: pod_ips.first().cloned(),
        pod_ips: some(pod_ips.iter().map(|ip| PodIP { ip: ip.clone() }).collect()),
        qos_class: Some(qos::class(pod)),
        resources: Some(total),
        start_time: Some(snapshot.started.clone()),
        ..PodStatus::default()
    }
}

/// The status of a pod that the node does not take.
pub(crate) fn rejected(pod: &Pod, verdict: &Verdict, now: &Time) -> PodStatus {
    PodStatus {
        message: Some(format!("Pod was rejected: {}", verdict.message)),
        reason: Some(verdict.reason.clone()),
        phase: Some(Phase::Failed.as_str().to_owned()),
        observed_generation: pod.metadata.generation,
        qos_class: Some(qos::class(pod)),
        start_time: Some(now.clone()),
        ..PodStatus::default()
    }
}

fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

/// Init containers in their order, the others by name.
fn split(entries: &[Entry], statuses: Vec<ContainerStatus>) -> [Option<Vec<ContainerStatus>>; 3] {
    let (mut init, mut main, mut ephemeral) = (Vec::new(), Vec::new(), Vec::new());
    for (entry, status) in entries.iter().zip(statuses) {
        match entry.class {
            Class::Init | Class::Sidecar => init.push(status),
            Class::Main => main.push(status),
            Class::Ephemeral => ephemeral.push(status),
        }
    }
    main.sort_by(|a, b| a.name.cmp(&b.name));
    ephemeral.sort_by(|a, b| a.name.cmp(&b.name));
    [some(init), some(main), some(ephemeral)]
}

fn container(snapshot: &Snapshot<'_>, entry: &Entry) -> ContainerStatus {
    let runtime = &snapshot.context.runtime_name;
    let spec = &entry.spec;
    let shown = ContainerStatus {
        name: spec.name.clone(),
        image: entry.made_from().or(spec.image.as_deref()).unwrap_or_default().to_owned(),
        volume_mounts: mounts(entry),
        started: Some(false),
        restart_count: entry.restart_count(),
        last_state: Some(entry.last.as_ref().map(|run| state(run, runtime)).unwrap_or_default()),
        ..ContainerStatus::default()
    };
    let Some(run) = &entry.run else {
        let waiting = waiting(entry, snapshot.pod);
        return ContainerStatus { state: Some(waiting), ..shown };
    };
    let mut status = ContainerStatus {
        state: Some(state(run, runtime)),
        container_id: Some(format!("{runtime}://{}", run.status.id)),
        image_id: run.status.image_ref.clone(),
        allocated_resources: spec.resources.as_ref().and_then(|resources| resources.requests.clone()),
        resources: Some(spec.resources.clone().unwrap_or_default()),
        user: run.status.user.as_ref().map(user),
        ..shown
    };
    let running = entry.is_running();
    status.started = Some(running && run.probes.started());
    status.ready = match entry.class {
        Class::Init => entry.exit().is_some_and(|(code, _)| code == 0),
        _ => running && run.probes.started() && run.probes.ready(),
    };
    if entry.waiting.is_some() && !running {
        if entry.exit().is_some() {
            status.last_state = status.state.take();
        }
        status.state = Some(waiting(entry, snapshot.pod));
    }
    status
}

fn waiting(entry: &Entry, pod: &Pod) -> ContainerState {
    let has_init =
        pod.spec.as_ref().and_then(|spec| spec.init_containers.as_ref()).is_some_and(|init| !init.is_empty());
    let waiting = if let Some(waiting) = &entry.waiting {
        ContainerStateWaiting {
            reason: Some(waiting.reason.to_owned()),
            message: Some(waiting.message.clone()).filter(|message| !message.is_empty()),
        }
    } else {
        let reason = if has_init { "PodInitializing" } else { "ContainerCreating" };
        ContainerStateWaiting { reason: Some(reason.to_owned()), message: None }
    };
    ContainerState { waiting: Some(waiting), ..ContainerState::default() }
}

fn state(run: &Run, runtime: &str) -> ContainerState {
    match &run.status.state {
        Cri::Created => ContainerState { waiting: Some(ContainerStateWaiting::default()), ..ContainerState::default() },
        Cri::Running { started } => ContainerState {
            running: Some(ContainerStateRunning { started_at: Some(api_time(*started)) }),
            ..ContainerState::default()
        },
        Cri::Exited { started, finished, code, reason, message } => terminated(ContainerStateTerminated {
            container_id: Some(format!("{runtime}://{}", run.status.id)),
            exit_code: *code,
            finished_at: Some(api_time(*finished)),
            message: Some(message.clone()).filter(|message| !message.is_empty()),
            reason: Some(reason.clone()).filter(|reason| !reason.is_empty()),
            signal: None,
            started_at: started.map(api_time),
        }),
        Cri::Unknown => terminated(ContainerStateTerminated {
            exit_code: 137,
            message: Some("The container could not be located when the pod was terminated".to_owned()),
            reason: Some("ContainerStatusUnknown".to_owned()),
            ..ContainerStateTerminated::default()
        }),
    }
}

fn terminated(state: ContainerStateTerminated) -> ContainerState {
    ContainerState { terminated: Some(state), ..ContainerState::default() }
}

fn user(user: &k8s_cri::User) -> ContainerUser {
    ContainerUser {
        linux: Some(LinuxContainerUser {
            uid: user.uid,
            gid: user.gid,
            supplemental_groups: some(user.supplemental_groups.clone()),
        }),
    }
}

fn mounts(entry: &Entry) -> Option<Vec<VolumeMountStatus>> {
    let mounts = entry.spec.volume_mounts.iter().flatten().map(|mount| {
        let read_only = mount.read_only == Some(true);
        let recursive = matches!(mount.recursive_read_only.as_deref(), Some("Enabled" | "IfPossible"));
        VolumeMountStatus {
            name: mount.name.clone(),
            mount_path: mount.mount_path.clone(),
            read_only: mount.read_only.filter(|read_only| *read_only),
            recursive_read_only: read_only.then(|| if recursive { "Enabled" } else { "Disabled" }.to_owned()),
            volume_status: None,
        }
    });
    some(mounts.collect())
}
