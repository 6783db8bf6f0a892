use bytes::Bytes;

use super::behavior::{Behavior, Health, Match};
use super::runtime::MemoryRuntime;
use super::state::KILLED;
use crate::{Condition, ContainerId, Output, Result, RuntimeConfig, SandboxId};

/// What a test does to what runs.
impl MemoryRuntime {
    /// Scripts containers that are created, sandboxes that are made and images that are pulled from now on; it goes
    /// before all earlier scripts.
    pub fn script(&self, which: Match, behavior: Behavior) {
        self.lock().scripts.push((which, behavior));
    }

    /// The newest container of that name in the newest sandbox of a pod.
    pub fn find(&self, namespace: &str, pod: &str, container: &str) -> Option<ContainerId> {
        let state = self.lock();
        let sandbox = state
            .sandboxes
            .values()
            .filter(|row| row.config.metadata.name == pod && row.config.metadata.namespace == namespace)
            .max_by_key(|row| row.sequence)?;
        let named =
            |id: &&ContainerId| state.containers.get(*id).is_some_and(|row| row.config.metadata.name == container);
        sandbox.containers.iter().rev().find(named).cloned()
    }

    /// The newest sandbox of a pod.
    pub fn find_sandbox(&self, namespace: &str, pod: &str) -> Option<SandboxId> {
        let state = self.lock();
        let rows = state
            .sandboxes
            .iter()
            .filter(|(_, row)| row.config.metadata.name == pod && row.config.metadata.namespace == namespace);
        rows.max_by_key(|(_, row)| row.sequence).map(|(id, _)| id.clone())
    }

    /// Ends a container with this code, as if its process had.
    ///
    /// # Errors
    /// [`Error::ContainerNotFound`](crate::Error::ContainerNotFound) and
    /// [`Error::WrongState`](crate::Error::WrongState) when it does not run.
    pub fn kill(&self, id: &ContainerId, code: i32) -> Result<()> {
        self.kill_for(id, code, None)
    }

    /// Ends a container as the kernel does when memory runs out: code 137, reason `OOMKilled`.
    ///
    /// # Errors
    /// As [`Self::kill`].
    pub fn oom_kill(&self, id: &ContainerId) -> Result<()> {
        self.kill_for(id, KILLED, Some("OOMKilled"))
    }

    /// Makes a sandbox fall over with all that runs in it. Fine when it is missing.
    pub fn crash_sandbox(&self, id: &SandboxId) {
        let now = self.now();
        self.lock().stop(id, now);
    }

    /// Gives a container this health from now on, whatever its script says; `None` goes back to the script.
    ///
    /// # Errors
    /// [`Error::ContainerNotFound`](crate::Error::ContainerNotFound).
    pub fn set_health(&self, id: &ContainerId, health: impl Into<Option<Health>>) -> Result<()> {
        self.lock().container_mut(id)?.health = health.into();
        Ok(())
    }

    /// Writes to a container's log as its process would.
    ///
    /// # Errors
    /// As [`Self::kill`].
    pub fn write(&self, id: &ContainerId, output: Output, bytes: impl Into<Bytes>) -> Result<()> {
        self.lock().running(id)?;
        self.write_log(id, output, bytes.into());
        Ok(())
    }

    /// Makes the runtime say that it can run containers, or why not.
    pub fn set_runtime_condition(&self, condition: Condition) {
        self.lock().runtime = condition;
    }

    /// Makes the runtime say that its network is ready, or why not.
    pub fn set_network_condition(&self, condition: Condition) {
        self.lock().network = condition;
    }

    /// What [`Runtime::configure`](crate::Runtime::configure) was told last.
    pub fn config(&self) -> RuntimeConfig {
        self.lock().config.clone()
    }

    /// Ends all tasks: nothing happens by itself any more. What is known stays readable.
    pub async fn stop(&self) {
        self.0.tasks.stop().await;
    }

    fn kill_for(&self, id: &ContainerId, code: i32, reason: Option<&str>) -> Result<()> {
        let now = self.now();
        let mut state = self.lock();
        state.running(id)?;
        state.exit(id, code, reason, now);
        Ok(())
    }
}
