use k8s_openapi::api::core::v1::PodSpec;
use k8s_openapi::api::core::v1::{ContainerState as State, ContainerStatus};

use super::containers::{Class, Entry};

/// The phase that a pod's containers make.
///
/// Upstream: `pkg/kubelet.getPhase`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Pending,
    Running,
    Succeeded,
    Failed,
}

impl Phase {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Running => "Running",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
        }
    }

    pub(crate) fn parse(text: &str) -> Self {
        match text {
            "Running" => Self::Running,
            "Succeeded" => Self::Succeeded,
            "Failed" => Self::Failed,
            _ => Self::Pending,
        }
    }

    pub(crate) fn is_terminal(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed)
    }
}

#[derive(Default)]
struct Counts {
    pending_init: usize,
    pending_sidecars: usize,
    failed_init: usize,
    running: usize,
    waiting: usize,
    stopped: usize,
    stopped_for_good: usize,
    succeeded: usize,
}

/// Finds the phase. `over` says that no container will be started any more, `initialized` that a regular container
/// runs or ran. `statuses` are in the order of `entries`.
pub(crate) fn of(
    spec: &PodSpec,
    entries: &[Entry],
    statuses: &[ContainerStatus],
    over: bool,
    initialized: bool,
) -> Phase {
    let mut counts = Counts::default();
    for (entry, status) in entries.iter().zip(statuses) {
        counts.add(spec, entry, status);
    }
    counts.phase(over, initialized)
}

impl Counts {
    fn add(&mut self, spec: &PodSpec, entry: &Entry, status: &ContainerStatus) {
        let state = status.state.as_ref();
        let running = state.is_some_and(|state| state.running.is_some());
        let code = exit_code(state).or_else(|| exit_code(status.last_state.as_ref()));
        match entry.class {
            Class::Ephemeral => {}
            Class::Init => match code {
                Some(code) if !running => {
                    self.failed_init += usize::from(code != 0 && !entry.restarts(spec, code));
                }
                _ => self.pending_init += 1,
            },
            Class::Sidecar if running => {
                self.pending_sidecars += usize::from(status.started != Some(true));
                self.running += 1;
            }
            Class::Sidecar => {
                self.pending_sidecars += usize::from(code.is_none());
                self.waiting += usize::from(code.is_none());
            }
            Class::Main if running => self.running += 1,
            Class::Main => match code {
                Some(code) => {
                    self.stopped += 1;
                    self.stopped_for_good += usize::from(!entry.restarts(spec, code));
                    self.succeeded += usize::from(code == 0 && exit_code(state).is_some());
                }
                None => self.waiting += 1,
            },
        }
    }

    fn phase(&self, over: bool, initialized: bool) -> Phase {
        if self.failed_init > 0 {
            return Phase::Failed;
        }
        let initializing = self.pending_init > 0 || (self.pending_sidecars > 0 && !initialized);
        if initializing || self.waiting > 0 {
            Phase::Pending
        } else if self.running > 0 {
            Phase::Running
        } else if self.stopped == 0 {
            Phase::Pending
        } else if !over && self.stopped != self.stopped_for_good {
            Phase::Running
        } else if self.stopped == self.succeeded {
            Phase::Succeeded
        } else {
            Phase::Failed
        }
    }
}

fn exit_code(state: Option<&State>) -> Option<i32> {
    Some(state?.terminated.as_ref()?.exit_code)
}
