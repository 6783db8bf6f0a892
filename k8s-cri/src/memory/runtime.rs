use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use k8s_env::{Env, Tasks};
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::behavior::{Stage, Term};
use super::builder::{Builder, Files, Unscripted};
use super::logs::Log;
use super::shell::{self, Scene};
use super::state::{ContainerRow, KILLED, SandboxRow, State};
use crate::{
    Container, ContainerConfig, ContainerFilter, ContainerId, ContainerState, ContainerStatus, Containers, Error,
    EventKind, NetworkOwner, Prober, Resources, Result, Runtime, RuntimeConfig, RuntimeHandler, RuntimeStatus, Sandbox,
    SandboxConfig, SandboxFilter, SandboxId, SandboxState, SandboxStatus, Sandboxes, Version,
};

/// A container runtime in memory. Cloning shares it; dropping the last clone ends everything in it, once open exec
/// sessions are dropped or done.
///
/// It leaves attaching sandboxes to the network to its caller and answers probes itself
/// ([`Runtime::prober`]).
#[derive(Clone)]
pub struct MemoryRuntime(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) env: Env,
    pub(super) files: Files,
    pub(super) tasks: Tasks,
    version: Version,
    handlers: Vec<RuntimeHandler>,
    interprets: bool,
    unscripted: Unscripted,
    state: Mutex<State>,
}

impl std::fmt::Debug for MemoryRuntime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryRuntime").field("version", &self.0.version).finish_non_exhaustive()
    }
}

impl MemoryRuntime {
    /// A runtime without scripts: all containers run forever and are healthy.
    pub fn new(env: Env) -> Self {
        Self::builder(env).build()
    }

    /// Makes a runtime with scripts. Ids come from `env.random`, times from `env.clock`.
    pub fn builder(env: Env) -> Builder {
        Builder::new(env)
    }

    pub(super) fn with(builder: Builder) -> Self {
        let Builder { env, version, handlers, scripts, files, interprets, unscripted } = builder;
        let state = Mutex::new(State { scripts, ..State::default() });
        Self(Arc::new(Inner { env, files, tasks: Tasks::new(), version, handlers, interprets, unscripted, state }))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock()
    }

    pub(super) fn now(&self) -> Timestamp {
        self.0.env.clock.now()
    }

    /// 64 hex digits, as containerd names things.
    fn new_id(&self) -> String {
        let mut bytes = [0; 32];
        self.0.env.random.fill(&mut bytes);
        let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
        bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
    }

    /// What a new container will do.
    fn stage(&self, state: &State, sandbox: &SandboxConfig, config: &ContainerConfig) -> Stage {
        let script = state.scripts.iter().rev().find(|(which, _)| which.fits_container(&sandbox.metadata, config));
        if let Some((_, behavior)) = script {
            return behavior.stage(config.metadata.attempt);
        }
        let otherwise = || (self.0.unscripted)(config).stage(config.metadata.attempt);
        if !self.0.interprets {
            return otherwise();
        }
        let scene = Scene { hostname: &sandbox.hostname, config, files: &self.0.files };
        let words: Vec<_> = config.command.iter().chain(&config.args).cloned().collect();
        shell::plan(&words, &scene).map_or_else(otherwise, shell::Plan::into_stage)
    }

    /// Plays a started container's script to its end.
    fn play(&self, id: &ContainerId, row: &mut ContainerRow) {
        let now = self.now();
        let stage = &row.stage;
        let at_once = stage.logs.iter().take_while(|(after, ..)| after.is_zero()).count();
        for (_, output, bytes) in &stage.logs[..at_once] {
            row.log.push(now, *output, bytes.clone());
        }
        let later = stage.logs[at_once..].to_vec();
        let end = stage.life.map(|life| (life, stage.code));
        let message = stage.message.clone();
        if later.is_empty() && end.is_none() {
            return;
        }
        let (inner, id, start) = (Arc::downgrade(&self.0), id.clone(), Instant::now());
        let task = async move {
            for (after, output, bytes) in later {
                if end.is_some_and(|(life, _)| after > life) {
                    break;
                }
                tokio::time::sleep_until(start + after).await;
                let Some(runtime) = upgrade(&inner) else { return };
                runtime.write_log(&id, output, bytes);
            }
            let Some((life, code)) = end else { return };
            tokio::time::sleep_until(start + life).await;
            let Some(runtime) = upgrade(&inner) else { return };
            let now = runtime.now();
            runtime.lock().exit_with(&id, code, None, message, now);
        };
        row.tasks.extend(self.0.tasks.spawner().spawn(task));
    }

    pub(super) fn finish(&self, id: &ContainerId, code: i32, reason: Option<&str>) {
        let now = self.now();
        self.lock().exit(id, code, reason, now);
    }

    /// Gives the stop signal to a running container; its reaction does not depend on the caller's patience.
    fn terminate(&self, state: &mut State, id: &ContainerId) {
        let Some(row) = state.containers.get_mut(id) else { return };
        let Term::Exits { after, code } = row.stage.term else { return };
        if after.is_zero() {
            return state.exit(id, code, None, self.now());
        }
        let (inner, id) = (Arc::downgrade(&self.0), id.clone());
        let reaction = self.0.tasks.spawner().spawn(async move {
            tokio::time::sleep(after).await;
            if let Some(runtime) = upgrade(&inner) {
                runtime.finish(&id, code, None);
            }
        });
        row.tasks.extend(reaction);
    }

    /// Waits until a container runs no more.
    pub(super) async fn ended(&self, id: &ContainerId) {
        loop {
            let changed = {
                let state = self.lock();
                let Ok(row) = state.running(id) else { return };
                row.changed.clone()
            };
            let notified = changed.notified();
            tokio::pin!(notified);
            // Listening must begin before looking, or an end in between is slept through.
            notified.as_mut().enable();
            if self.lock().running(id).is_err() {
                return;
            }
            notified.await;
        }
    }
}

pub(super) fn upgrade(inner: &Weak<Inner>) -> Option<MemoryRuntime> {
    inner.upgrade().map(MemoryRuntime)
}

fn has_labels(labels: &BTreeMap<String, String>, wanted: &BTreeMap<String, String>) -> bool {
    wanted.iter().all(|(key, value)| labels.get(key) == Some(value))
}

#[async_trait]
impl Runtime for MemoryRuntime {
    async fn version(&self) -> Result<Version> {
        Ok(self.0.version.clone())
    }

    async fn status(&self) -> Result<RuntimeStatus> {
        let state = self.lock();
        Ok(RuntimeStatus {
            runtime: state.runtime.clone(),
            network: state.network.clone(),
            network_owner: NetworkOwner::Caller,
            handlers: self.0.handlers.clone(),
        })
    }

    async fn configure(&self, config: RuntimeConfig) -> Result<()> {
        self.lock().config = config;
        Ok(())
    }

    fn prober(&self) -> Option<&dyn Prober> {
        Some(self)
    }
}

#[async_trait]
impl Sandboxes for MemoryRuntime {
    async fn run_sandbox(&self, config: Arc<SandboxConfig>) -> Result<SandboxId> {
        if !self.0.handlers.iter().any(|handler| handler.name == config.runtime_handler) {
            let message = format!("no runtime for {:?} is configured", config.runtime_handler);
            return Err(Error::Invalid { message });
        }
        let now = self.now();
        let mut state = self.lock();
        let scripts = state.scripts.iter().rev().filter(|(which, _)| which.fits_sandbox(&config.metadata));
        if let Some(message) = scripts.map(|(_, behavior)| behavior.sandbox_failure.clone()).next().flatten() {
            return Err(Error::failed(message));
        }
        if !state.taken.insert(config.metadata.clone()) {
            let name = format!("sandbox of pod {}/{}", config.metadata.namespace, config.metadata.name);
            return Err(Error::AlreadyExists { name });
        }
        let id = SandboxId::from(self.new_id());
        let sequence = state.next();
        let row = SandboxRow {
            config,
            state: SandboxState::Ready,
            created: now,
            sequence,
            containers: Vec::new(),
            resources: None,
        };
        state.sandboxes.insert(id.clone(), row);
        state.tell_sandbox(&id, EventKind::Created, now);
        state.tell_sandbox(&id, EventKind::Started, now);
        Ok(id)
    }

    async fn stop_sandbox(&self, id: &SandboxId) -> Result<()> {
        let now = self.now();
        self.lock().stop(id, now);
        Ok(())
    }

    async fn remove_sandbox(&self, id: &SandboxId) -> Result<()> {
        let now = self.now();
        let mut state = self.lock();
        state.stop(id, now);
        let Some(row) = state.sandboxes.remove(id) else { return Ok(()) };
        for container in &row.containers {
            state.remove(container, now);
        }
        state.taken.remove(&row.config.metadata);
        state.tell_sandbox(id, EventKind::Deleted, now);
        Ok(())
    }

    async fn sandbox_status(&self, id: &SandboxId) -> Result<SandboxStatus> {
        Ok(self.lock().sandbox(id)?.status(id))
    }

    async fn list_sandboxes(&self, filter: &SandboxFilter) -> Result<Vec<Sandbox>> {
        let state = self.lock();
        let mut rows: Vec<_> = state
            .sandboxes
            .iter()
            .filter(|(id, _)| filter.id.as_ref().is_none_or(|wanted| wanted == *id))
            .filter(|(_, row)| filter.state.is_none_or(|wanted| wanted == row.state))
            .filter(|(_, row)| has_labels(&row.config.labels, &filter.labels))
            .collect();
        rows.sort_unstable_by_key(|(_, row)| std::cmp::Reverse(row.sequence));
        Ok(rows.into_iter().map(|(id, row)| row.show(id)).collect())
    }

    async fn update_sandbox_resources(&self, id: &SandboxId, overhead: Resources, resources: Resources) -> Result<()> {
        let mut state = self.lock();
        let row = state.sandboxes.get_mut(id).ok_or_else(|| Error::SandboxNotFound { id: id.to_string() })?;
        row.resources = Some((overhead, resources));
        Ok(())
    }
}

#[async_trait]
impl Containers for MemoryRuntime {
    async fn create_container(
        &self,
        sandbox: &SandboxId,
        config: Arc<ContainerConfig>,
        _sandbox_config: &SandboxConfig,
    ) -> Result<ContainerId> {
        let now = self.now();
        let mut state = self.lock();
        let row = state.sandbox(sandbox)?;
        if row.state == SandboxState::NotReady {
            return Err(Error::WrongState { id: sandbox.to_string(), found: "not ready", wanted: "ready" });
        }
        let siblings = row.containers.iter().filter_map(|id| state.containers.get(id));
        if siblings.into_iter().any(|other| other.config.metadata == config.metadata) {
            let name = format!("container {} attempt {}", config.metadata.name, config.metadata.attempt);
            return Err(Error::AlreadyExists { name });
        }
        let image = state
            .find_image(&config.image.image)
            .ok_or_else(|| Error::ImageNotPresent { image: config.image.image.clone() })?;
        let (image_id, image_ref) = (image.id.clone(), image.digests.first().unwrap_or(&image.id).clone());
        let sandbox_config = row.config.clone();
        let stage = self.stage(&state, &sandbox_config, &config);
        if let Some(message) = stage.create_failure {
            return Err(Error::failed(message));
        }
        let log_path = match (sandbox_config.log_directory.as_os_str(), config.log_path.as_os_str()) {
            (directory, path) if directory.is_empty() || path.is_empty() => PathBuf::new(),
            _ => sandbox_config.log_directory.join(&config.log_path),
        };
        let id = ContainerId::from(self.new_id());
        let row = ContainerRow {
            sandbox: sandbox.clone(),
            config,
            image_id,
            image_ref,
            state: ContainerState::Created,
            created: now,
            sequence: state.next(),
            resources: None,
            log_path,
            stage,
            started: None,
            health: None,
            log: Log::default(),
            changed: Arc::new(Notify::new()),
            tasks: Vec::new(),
        };
        state.containers.insert(id.clone(), row);
        if let Some(row) = state.sandboxes.get_mut(sandbox) {
            row.containers.push(id.clone());
        }
        state.tell_container(&id, sandbox, EventKind::Created, now);
        Ok(id)
    }

    async fn start_container(&self, id: &ContainerId) -> Result<()> {
        let delay = self.lock().container(id)?.stage.start_delay;
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        let now = self.now();
        let mut state = self.lock();
        let row = state.container_mut(id)?;
        if row.state != ContainerState::Created {
            return Err(row.wrong_state(id, "created"));
        }
        let sandbox = row.sandbox.clone();
        if let Some(message) = row.stage.start_failure.clone() {
            row.end(None, 128, "StartError", message.clone(), now);
            state.tell_container(id, &sandbox, EventKind::Stopped, now);
            return Err(Error::failed(message));
        }
        row.state = ContainerState::Running { started: now };
        row.started = Some(Instant::now());
        self.play(id, row);
        state.tell_container(id, &sandbox, EventKind::Started, now);
        Ok(())
    }

    async fn stop_container(&self, id: &ContainerId, grace: Duration) -> Result<()> {
        {
            let mut state = self.lock();
            if state.running(id).is_err() {
                return Ok(());
            }
            if !grace.is_zero() {
                self.terminate(&mut state, id);
            }
        }
        if !grace.is_zero() && tokio::time::timeout(grace, self.ended(id)).await.is_ok() {
            return Ok(());
        }
        self.finish(id, KILLED, None);
        Ok(())
    }

    async fn remove_container(&self, id: &ContainerId) -> Result<()> {
        let now = self.now();
        self.lock().remove(id, now);
        Ok(())
    }

    async fn container_status(&self, id: &ContainerId) -> Result<ContainerStatus> {
        Ok(self.lock().container(id)?.status(id))
    }

    async fn list_containers(&self, filter: &ContainerFilter) -> Result<Vec<Container>> {
        let state = self.lock();
        let mut rows: Vec<_> = state.containers.iter().filter(|(id, row)| passes(filter, id, row)).collect();
        rows.sort_unstable_by_key(|(_, row)| std::cmp::Reverse(row.sequence));
        Ok(rows.into_iter().map(|(id, row)| row.show(id)).collect())
    }

    async fn update_container_resources(&self, id: &ContainerId, resources: Resources) -> Result<()> {
        let mut state = self.lock();
        let row = state.container_mut(id)?;
        if row.is_over() {
            return Err(row.wrong_state(id, "created or running"));
        }
        row.resources = Some(merge(row.resources(), resources));
        Ok(())
    }
}

pub(super) fn passes(filter: &ContainerFilter, id: &ContainerId, row: &ContainerRow) -> bool {
    filter.id.as_ref().is_none_or(|wanted| wanted == id)
        && filter.sandbox.as_ref().is_none_or(|wanted| *wanted == row.sandbox)
        && filter.phase.is_none_or(|wanted| wanted == row.state.phase())
        && has_labels(&row.config.labels, &filter.labels)
}

/// `new`, with `old` where it says nothing.
fn merge(old: &Resources, new: Resources) -> Resources {
    let number = |new: i64, old: i64| if new == 0 { old } else { new };
    let text = |new: String, old: &String| if new.is_empty() { old.clone() } else { new };
    let mut unified = old.unified.clone();
    unified.extend(new.unified);
    Resources {
        cpu_period: number(new.cpu_period, old.cpu_period),
        cpu_quota: number(new.cpu_quota, old.cpu_quota),
        cpu_shares: number(new.cpu_shares, old.cpu_shares),
        memory_limit: number(new.memory_limit, old.memory_limit),
        memory_swap_limit: number(new.memory_swap_limit, old.memory_swap_limit),
        oom_score_adj: number(new.oom_score_adj, old.oom_score_adj),
        cpuset_cpus: text(new.cpuset_cpus, &old.cpuset_cpus),
        cpuset_mems: text(new.cpuset_mems, &old.cpuset_mems),
        hugepages: if new.hugepages.is_empty() { old.hugepages.clone() } else { new.hugepages },
        unified,
    }
}
