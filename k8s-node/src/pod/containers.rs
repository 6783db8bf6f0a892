use std::sync::Arc;

use jiff::Timestamp;
use k8s_cri::{ContainerId, ContainerState, ContainerStatus};
use k8s_openapi::api::core::v1::{Container, EphemeralContainer, Pod, PodSpec};

use crate::backoff::Backoff;
use crate::probe::Probes;

/// Which part of the pod a container is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Runs to its end before the next one starts.
    Init,
    /// An init container that starts in its turn and goes on: `restartPolicy: Always`.
    Sidecar,
    /// One of `spec.containers`.
    Main,
    /// Added while the pod runs; never started again.
    Ephemeral,
}

/// A container of the pod, and all that is known about it.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) class: Class,
    pub(crate) spec: Arc<Container>,
    /// For a debug container: whose processes it sees.
    pub(crate) target: Option<String>,
    /// The newest attempt at it.
    pub(crate) run: Option<Run>,
    /// How the attempt before that ended.
    pub(crate) last: Option<Run>,
    /// Why it cannot be started now.
    pub(crate) waiting: Option<Waiting>,
    /// Between crashes.
    pub(crate) crashes: Backoff,
    /// Between pulls of its image.
    pub(crate) pulls: Backoff,
    /// What the last pull failed with.
    pub(crate) pull_error: Option<String>,
    /// The node killed it to start it anew, so that its end is no crash.
    pub(crate) replaced: bool,
    /// How often it was created.
    pub(crate) created: u32,
}

/// One attempt at a container.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) status: ContainerStatus,
    pub(crate) probes: Probes,
}

/// Why a container cannot be started now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub(crate) reason: &'static str,
    pub(crate) message: String,
    /// When to look again.
    pub(crate) until: Timestamp,
}

impl Entry {
    fn new(class: Class, spec: Container) -> Self {
        Self {
            class,
            spec: Arc::new(spec),
            target: None,
            run: None,
            last: None,
            waiting: None,
            crashes: Backoff::default(),
            pulls: Backoff::default(),
            pull_error: None,
            replaced: false,
            created: 0,
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.spec.name
    }

    /// Where it stands in the pod, as events name it.
    pub(crate) fn field_path(&self) -> String {
        let list = match self.class {
            Class::Init | Class::Sidecar => "initContainers",
            Class::Main => "containers",
            Class::Ephemeral => "ephemeralContainers",
        };
        format!("spec.{list}{{{}}}", self.spec.name)
    }

    /// How often it was started anew.
    pub(crate) fn restart_count(&self) -> i32 {
        i32::try_from(self.created.saturating_sub(1)).unwrap_or(i32::MAX)
    }

    pub(crate) fn id(&self) -> Option<&ContainerId> {
        self.run.as_ref().map(|run| &run.status.id)
    }

    pub(crate) fn state(&self) -> Option<&ContainerState> {
        self.run.as_ref().map(|run| &run.status.state)
    }

    pub(crate) fn is_running(&self) -> bool {
        matches!(self.state(), Some(ContainerState::Running { .. }))
    }

    /// Exit code and time, when its newest attempt is over.
    pub(crate) fn exit(&self) -> Option<(i32, Timestamp)> {
        match self.state()? {
            ContainerState::Exited { code, finished, .. } => Some((*code, *finished)),
            _ => None,
        }
    }

    /// When the attempt before the newest one ended.
    pub(crate) fn last_end(&self) -> Option<Timestamp> {
        match self.last.as_ref()?.status.state {
            ContainerState::Exited { finished, .. } => Some(finished),
            _ => None,
        }
    }

    /// Whether its newest attempt was made from another image than the pod wants now. Of a container's fields only this
    /// one can change.
    ///
    /// Upstream: `containerChanged`, `pickFieldsToHash`.
    pub(crate) fn is_changed(&self) -> bool {
        let made_from = self.made_from().filter(|_| self.class != Class::Ephemeral);
        made_from.is_some_and(|image| Some(image) != self.spec.image.as_deref())
    }

    /// The image of its newest attempt, as the pod named it.
    pub(crate) fn made_from(&self) -> Option<&str> {
        let image = &self.run.as_ref()?.status.config.image.user_specified;
        Some(image.as_str()).filter(|image| !image.is_empty())
    }

    /// Takes in which image the pod wants now; `true` when that is another one. How often the old one failed counts no
    /// more.
    fn wants(&mut self, image: Option<&String>) -> bool {
        if self.spec.image.as_ref() == image {
            return false;
        }
        Arc::make_mut(&mut self.spec).image = image.cloned();
        self.waiting = None;
        self.crashes = Backoff::default();
        self.pulls = Backoff::default();
        self.pull_error = None;
        true
    }

    /// Takes in a new attempt.
    pub(crate) fn began(&mut self, status: ContainerStatus) {
        let probes = Probes::of(&self.spec, &status);
        self.created = status.config.metadata.attempt + 1;
        let old = self.run.replace(Run { status, probes });
        if old.is_some() {
            self.last = old;
        }
        self.waiting = None;
        self.replaced = false;
    }

    /// Whether it has ended and will not run again.
    pub(crate) fn is_over(&self, pod: &PodSpec) -> bool {
        self.exit().is_some_and(|(code, _)| !self.restarts(pod, code))
    }

    /// Forgets the newest attempt: its sandbox is gone, and it must run again from the beginning.
    pub(crate) fn reset(&mut self) {
        let old = self.run.take();
        if old.is_some() {
            self.last = old;
        }
        self.waiting = None;
        self.replaced = false;
    }

    /// Takes in what the runtime says now; `true` when that is news.
    pub(crate) fn observed(&mut self, status: ContainerStatus) -> bool {
        let Some(run) = self.run.as_mut().filter(|run| run.status.id == status.id) else { return false };
        let changed = run.status.state != status.state;
        run.status = status;
        changed
    }

    /// Whether it shall run again after ending with `code`.
    ///
    /// Upstream: `pkg/api/v1/pod.ContainerShouldRestart`.
    pub(crate) fn restarts(&self, pod: &PodSpec, code: i32) -> bool {
        if self.class == Class::Ephemeral {
            return false;
        }
        if self.replaced {
            return true;
        }
        let policy = match &self.spec.restart_policy {
            Some(_) if self.rule_says_restart(code) => return true,
            Some(own) => Some(own),
            None => pod.restart_policy.as_ref(),
        };
        match policy.map(String::as_str) {
            Some("OnFailure") => code != 0,
            Some("Never") => false,
            _ => true,
        }
    }

    fn rule_says_restart(&self, code: i32) -> bool {
        let matching = self.spec.restart_policy_rules.iter().flatten().find(|rule| {
            rule.exit_codes.as_ref().is_some_and(|codes| {
                let listed = codes.values.iter().flatten().any(|value| *value == code);
                if codes.operator == "NotIn" { !listed } else { listed }
            })
        });
        matching.is_some_and(|rule| matches!(rule.action.as_str(), "Restart" | "RestartAllContainers"))
    }
}

/// The containers of a pod: init containers first, then the others, each in the order of its list.
pub(crate) fn entries(pod: &Pod) -> Vec<Entry> {
    let Some(spec) = &pod.spec else { return Vec::new() };
    let init = spec.init_containers.iter().flatten().map(|container| {
        let sidecar = container.restart_policy.as_deref() == Some("Always");
        Entry::new(if sidecar { Class::Sidecar } else { Class::Init }, container.clone())
    });
    let main = spec.containers.iter().map(|container| Entry::new(Class::Main, container.clone()));
    let mut all: Vec<_> = init.chain(main).collect();
    add_ephemeral(&mut all, pod);
    all
}

/// Takes in which images the pod wants now; `true` when some are others than before.
pub(crate) fn follow(entries: &mut [Entry], pod: &Pod) -> bool {
    let Some(spec) = &pod.spec else { return false };
    let mut changed = false;
    for container in spec.init_containers.iter().flatten().chain(&spec.containers) {
        if let Some(entry) = entries.iter_mut().find(|entry| entry.spec.name == container.name) {
            changed |= entry.wants(container.image.as_ref());
        }
    }
    changed
}

/// Adds the debug containers that are new in the pod.
pub(crate) fn add_ephemeral(entries: &mut Vec<Entry>, pod: &Pod) {
    let all = pod.spec.iter().flat_map(|spec| spec.ephemeral_containers.iter().flatten());
    for ephemeral in all {
        if !entries.iter().any(|entry| entry.spec.name == ephemeral.name) {
            let mut entry = Entry::new(Class::Ephemeral, as_container(ephemeral));
            entry.target = ephemeral.target_container_name.clone().filter(|name| !name.is_empty());
            entries.push(entry);
        }
    }
}

fn as_container(from: &EphemeralContainer) -> Container {
    Container {
        args: from.args.clone(),
        command: from.command.clone(),
        env: from.env.clone(),
        env_from: from.env_from.clone(),
        image: from.image.clone(),
        image_pull_policy: from.image_pull_policy.clone(),
        name: from.name.clone(),
        resources: from.resources.clone(),
        security_context: from.security_context.clone(),
        stdin: from.stdin,
        stdin_once: from.stdin_once,
        termination_message_path: from.termination_message_path.clone(),
        termination_message_policy: from.termination_message_policy.clone(),
        tty: from.tty,
        volume_devices: from.volume_devices.clone(),
        volume_mounts: from.volume_mounts.clone(),
        working_dir: from.working_dir.clone(),
        ..Container::default()
    }
}
