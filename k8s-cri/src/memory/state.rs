use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::behavior::{Behavior, Health, Match, Stage};
use super::events::Subscribers;
use super::logs::Log;
use crate::{
    Condition, Container, ContainerConfig, ContainerId, ContainerState, ContainerStatus, Error, Event, EventKind,
    Image, Namespace, Resources, Result, RuntimeConfig, Sandbox, SandboxConfig, SandboxId, SandboxMetadata,
    SandboxNetwork, SandboxState, SandboxStatus,
};

/// Everything that a runtime knows, under one lock.
#[derive(Debug)]
pub(super) struct State {
    pub(super) sandboxes: BTreeMap<SandboxId, SandboxRow>,
    pub(super) containers: BTreeMap<ContainerId, ContainerRow>,
    /// Metadata of all sandboxes.
    pub(super) taken: HashSet<SandboxMetadata>,
    /// Present images by id.
    pub(super) images: BTreeMap<String, Image>,
    pub(super) scripts: Vec<(Match, Behavior)>,
    pub(super) subscribers: Subscribers,
    pub(super) runtime: Condition,
    pub(super) network: Condition,
    pub(super) config: RuntimeConfig,
    /// Counts rows, so that lists can show the newest first.
    pub(super) sequence: u64,
}

#[derive(Debug)]
pub(super) struct SandboxRow {
    pub(super) config: Arc<SandboxConfig>,
    pub(super) state: SandboxState,
    pub(super) created: Timestamp,
    pub(super) sequence: u64,
    /// Oldest first.
    pub(super) containers: Vec<ContainerId>,
    pub(super) resources: Option<(Resources, Resources)>,
}

#[derive(Debug)]
pub(super) struct ContainerRow {
    pub(super) sandbox: SandboxId,
    pub(super) config: Arc<ContainerConfig>,
    pub(super) image_id: String,
    pub(super) image_ref: String,
    pub(super) state: ContainerState,
    pub(super) created: Timestamp,
    pub(super) sequence: u64,
    pub(super) resources: Option<Resources>,
    pub(super) log_path: PathBuf,
    pub(super) stage: Stage,
    pub(super) started: Option<Instant>,
    /// What a test said last, over all that is scripted.
    pub(super) health: Option<Health>,
    pub(super) log: Log,
    /// Wakes whoever waits for more log or for the end.
    pub(super) changed: Arc<Notify>,
    /// Its script's task, and its reaction to the stop signal.
    pub(super) tasks: Vec<AbortHandle>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            sandboxes: BTreeMap::new(),
            containers: BTreeMap::new(),
            taken: HashSet::new(),
            images: BTreeMap::new(),
            scripts: Vec::new(),
            subscribers: Subscribers::default(),
            runtime: Condition::Ready,
            network: Condition::Ready,
            config: RuntimeConfig::default(),
            sequence: 0,
        }
    }
}

impl State {
    pub(super) fn sandbox(&self, id: &SandboxId) -> Result<&SandboxRow> {
        self.sandboxes.get(id).ok_or_else(|| Error::SandboxNotFound { id: id.to_string() })
    }

    pub(super) fn container(&self, id: &ContainerId) -> Result<&ContainerRow> {
        self.containers.get(id).ok_or_else(|| Error::ContainerNotFound { id: id.to_string() })
    }

    pub(super) fn container_mut(&mut self, id: &ContainerId) -> Result<&mut ContainerRow> {
        self.containers.get_mut(id).ok_or_else(|| Error::ContainerNotFound { id: id.to_string() })
    }

    /// A running container, or why there is none.
    pub(super) fn running(&self, id: &ContainerId) -> Result<&ContainerRow> {
        let row = self.container(id)?;
        if matches!(row.state, ContainerState::Running { .. }) { Ok(row) } else { Err(row.wrong_state(id, "running")) }
    }

    pub(super) fn next(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }

    pub(super) fn tell_sandbox(&mut self, id: &SandboxId, kind: EventKind, at: Timestamp) {
        self.subscribers.publish(&Event::Sandbox { id: id.clone(), kind, at });
    }

    pub(super) fn tell_container(&mut self, id: &ContainerId, sandbox: &SandboxId, kind: EventKind, at: Timestamp) {
        self.subscribers.publish(&Event::Container { id: id.clone(), sandbox: sandbox.clone(), kind, at });
    }

    /// Ends a running container; does nothing to others.
    pub(super) fn exit(&mut self, id: &ContainerId, code: i32, reason: Option<&str>, at: Timestamp) {
        self.exit_with(id, code, reason, String::new(), at);
    }

    /// As [`State::exit`], with the message that the container leaves behind.
    pub(super) fn exit_with(
        &mut self,
        id: &ContainerId,
        code: i32,
        reason: Option<&str>,
        message: String,
        at: Timestamp,
    ) {
        let Some(row) = self.containers.get_mut(id) else { return };
        let ContainerState::Running { started } = row.state else { return };
        let reason = reason.unwrap_or(if code == 0 { "Completed" } else { "Error" });
        row.end(Some(started), code, reason, message, at);
        let sandbox = row.sandbox.clone();
        self.tell_container(id, &sandbox, EventKind::Stopped, at);
    }

    /// Takes a container away, whatever its state.
    pub(super) fn remove(&mut self, id: &ContainerId, at: Timestamp) {
        self.exit(id, KILLED, None, at);
        let Some(row) = self.containers.remove(id) else { return };
        row.stop_tasks();
        row.changed.notify_waiters();
        if let Some(sandbox) = self.sandboxes.get_mut(&row.sandbox) {
            sandbox.containers.retain(|other| other != id);
        }
        self.tell_container(id, &row.sandbox, EventKind::Deleted, at);
    }

    /// Stops a ready sandbox and all in it; does nothing to others.
    pub(super) fn stop(&mut self, id: &SandboxId, at: Timestamp) {
        let Some(row) = self.sandboxes.get_mut(id) else { return };
        if row.state == SandboxState::NotReady {
            return;
        }
        row.state = SandboxState::NotReady;
        for container in row.containers.clone() {
            self.exit(&container, KILLED, None, at);
        }
        self.tell_sandbox(id, EventKind::Stopped, at);
    }
}

/// Exit code of who was killed: 128 plus the number of SIGKILL.
pub(super) const KILLED: i32 = 137;

impl SandboxRow {
    pub(super) fn show(&self, id: &SandboxId) -> Sandbox {
        Sandbox { id: id.clone(), config: self.config.clone(), state: self.state, created: self.created }
    }

    pub(super) fn status(&self, id: &SandboxId) -> SandboxStatus {
        let own = self.config.security.namespaces.network != Namespace::Node;
        let namespace = own.then(|| PathBuf::from(format!("/memory/netns/{id}")));
        let mut config = self.config.clone();
        if let Some((overhead, resources)) = &self.resources {
            let changed = Arc::make_mut(&mut config);
            changed.overhead.clone_from(overhead);
            changed.resources.clone_from(resources);
        }
        SandboxStatus {
            id: id.clone(),
            config,
            state: self.state,
            created: self.created,
            network: SandboxNetwork { ips: Vec::new(), namespace },
        }
    }
}

impl ContainerRow {
    pub(super) fn show(&self, id: &ContainerId) -> Container {
        Container {
            id: id.clone(),
            sandbox: self.sandbox.clone(),
            config: self.config.clone(),
            image_id: self.image_id.clone(),
            phase: self.state.phase(),
            created: self.created,
        }
    }

    pub(super) fn status(&self, id: &ContainerId) -> ContainerStatus {
        ContainerStatus {
            id: id.clone(),
            sandbox: self.sandbox.clone(),
            config: self.config.clone(),
            image_id: self.image_id.clone(),
            image_ref: self.image_ref.clone(),
            state: self.state.clone(),
            created: self.created,
            resources: self.resources().clone(),
            user: None,
            log_path: self.log_path.clone(),
        }
    }

    pub(super) fn resources(&self) -> &Resources {
        self.resources.as_ref().unwrap_or(&self.config.resources)
    }

    /// Whether more may still be written.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.state, ContainerState::Exited { .. })
    }

    pub(super) fn wrong_state(&self, id: &ContainerId, wanted: &'static str) -> Error {
        let found = match self.state {
            ContainerState::Created => "created",
            ContainerState::Running { .. } => "running",
            ContainerState::Exited { .. } => "exited",
            ContainerState::Unknown => "unknown",
        };
        Error::WrongState { id: id.to_string(), found, wanted }
    }

    pub(super) fn end(
        &mut self,
        started: Option<Timestamp>,
        code: i32,
        reason: &str,
        message: String,
        finished: Timestamp,
    ) {
        self.state = ContainerState::Exited { started, finished, code, reason: reason.to_owned(), message };
        self.stop_tasks();
        self.changed.notify_waiters();
    }

    fn stop_tasks(&self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}
