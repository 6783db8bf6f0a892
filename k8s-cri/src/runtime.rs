use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::container::{Container, ContainerConfig, ContainerFilter, ContainerStatus};
use crate::linux::Resources;
use crate::sandbox::{Sandbox, SandboxConfig, SandboxFilter, SandboxStatus};
use crate::{ContainerId, Events, Logs, Prober, Result, SandboxId, Sessions, Stats};

/// A whole container runtime: everything a node needs but images.
///
/// # Contract
/// Backends implement it, the node agent calls it, and a CRI endpoint can be put in front of it. One object is the
/// runtime of one machine and is shared behind an `Arc`. All that exists survives the caller: a node agent that
/// starts anew finds its sandboxes and containers through the lists. [`Images`](crate::Images) is a trait of its own
/// because the two may be different services.
///
/// # Ordering
/// Calls about different sandboxes are independent. Calls about one sandbox take effect in the order in which they
/// return; a call that starts after another returned sees its effect.
///
/// # Cancellation
/// Dropping a future does not say whether the effect took place; ask for the status to learn. Nothing is left in a
/// state that stop and remove cannot clear.
#[async_trait]
pub trait Runtime: Sandboxes + Containers + Sessions + Logs + Stats + Events {
    /// Says what it is.
    ///
    /// # Errors
    /// [`Error::Unavailable`](crate::Error::Unavailable).
    async fn version(&self) -> Result<Version>;

    /// Says whether it can take pods.
    ///
    /// # Errors
    /// [`Error::Unavailable`](crate::Error::Unavailable).
    async fn status(&self) -> Result<RuntimeStatus>;

    /// Takes what the node learned about itself since the start; replaces what was said before.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) and [`Error::Unavailable`](crate::Error::Unavailable).
    async fn configure(&self, config: RuntimeConfig) -> Result<()>;

    /// The way to ask containers for their health when they have no network that sockets could reach; `None` when
    /// they do, and the node then uses sockets and [`Sessions::exec_sync`].
    fn prober(&self) -> Option<&dyn Prober>;
}

/// Pod sandboxes.
///
/// # Contract
/// A sandbox is [`Ready`](crate::SandboxState::Ready) from the return of `run_sandbox` until it is stopped or falls
/// over, and then never again. Who joins it to the network is said by [`RuntimeStatus::network_owner`].
///
/// # Ordering
/// As for [`Runtime`].
///
/// # Cancellation
/// As for [`Runtime`]. A dropped `run_sandbox` may leave a sandbox behind; the list shows it.
#[async_trait]
pub trait Sandboxes: Send + Sync {
    /// Makes a sandbox and returns when it is ready.
    ///
    /// # Errors
    /// [`Error::AlreadyExists`](crate::Error::AlreadyExists) when its metadata is taken,
    /// [`Error::Invalid`](crate::Error::Invalid), as for an unknown handler, and
    /// [`Error::Failed`](crate::Error::Failed); nothing is left behind.
    async fn run_sandbox(&self, config: Arc<SandboxConfig>) -> Result<SandboxId>;

    /// Ends all processes in it by force and gives its network back. Fine when it is stopped or missing already.
    ///
    /// # Errors
    /// [`Error::Failed`](crate::Error::Failed) and [`Error::Unavailable`](crate::Error::Unavailable): call again.
    async fn stop_sandbox(&self, id: &SandboxId) -> Result<()>;

    /// Removes it with its containers and their logs, stopping by force what runs. Fine when it is missing.
    ///
    /// # Errors
    /// [`Error::Failed`](crate::Error::Failed) and [`Error::Unavailable`](crate::Error::Unavailable): call again.
    async fn remove_sandbox(&self, id: &SandboxId) -> Result<()>;

    /// Tells all about one.
    ///
    /// # Errors
    /// [`Error::SandboxNotFound`](crate::Error::SandboxNotFound).
    async fn sandbox_status(&self, id: &SandboxId) -> Result<SandboxStatus>;

    /// Lists those that pass `filter`, newest first.
    ///
    /// # Errors
    /// [`Error::Unavailable`](crate::Error::Unavailable).
    async fn list_sandboxes(&self, filter: &SandboxFilter) -> Result<Vec<Sandbox>>;

    /// Takes the pod's new total, after its containers' limits changed; `overhead` and `resources` as in
    /// [`SandboxConfig`].
    ///
    /// # Errors
    /// [`Error::SandboxNotFound`](crate::Error::SandboxNotFound) and
    /// [`Error::Unsupported`](crate::Error::Unsupported).
    async fn update_sandbox_resources(&self, id: &SandboxId, overhead: Resources, resources: Resources) -> Result<()>;
}

/// Containers.
///
/// # Contract
/// A container goes through [`ContainerState`](crate::ContainerState) forwards only: created, running, exited. It is
/// never started twice; the caller makes a new one with the next attempt.
///
/// # Ordering
/// As for [`Runtime`].
///
/// # Cancellation
/// As for [`Runtime`]. A dropped `stop_container` has sent the stop signal but may never send the kill; call again.
#[async_trait]
pub trait Containers: Send + Sync {
    /// Makes a container in a ready sandbox. `sandbox_config` is what the sandbox was made from.
    ///
    /// # Errors
    /// [`Error::SandboxNotFound`](crate::Error::SandboxNotFound),
    /// [`Error::WrongState`](crate::Error::WrongState) when the sandbox is not ready,
    /// [`Error::ImageNotPresent`](crate::Error::ImageNotPresent),
    /// [`Error::AlreadyExists`](crate::Error::AlreadyExists), [`Error::Invalid`](crate::Error::Invalid) and
    /// [`Error::Failed`](crate::Error::Failed); nothing is left behind.
    async fn create_container(
        &self,
        sandbox: &SandboxId,
        config: Arc<ContainerConfig>,
        sandbox_config: &SandboxConfig,
    ) -> Result<ContainerId>;

    /// Starts a created container and returns when its first process runs.
    ///
    /// # Errors
    /// [`Error::ContainerNotFound`](crate::Error::ContainerNotFound),
    /// [`Error::WrongState`](crate::Error::WrongState) and [`Error::Failed`](crate::Error::Failed); after the last
    /// it is exited with code 128 and reason `StartError`.
    async fn start_container(&self, id: &ContainerId) -> Result<()>;

    /// Sends the stop signal, waits up to `grace`, kills; returns when it has exited. A grace of zero kills at once.
    /// Fine when it does not run or is missing.
    ///
    /// # Errors
    /// [`Error::Failed`](crate::Error::Failed) and [`Error::Unavailable`](crate::Error::Unavailable): call again.
    async fn stop_container(&self, id: &ContainerId, grace: Duration) -> Result<()>;

    /// Removes it with its log, killing it if it runs. Fine when it is missing.
    ///
    /// # Errors
    /// [`Error::Failed`](crate::Error::Failed) and [`Error::Unavailable`](crate::Error::Unavailable): call again.
    async fn remove_container(&self, id: &ContainerId) -> Result<()>;

    /// Tells all about one.
    ///
    /// # Errors
    /// [`Error::ContainerNotFound`](crate::Error::ContainerNotFound).
    async fn container_status(&self, id: &ContainerId) -> Result<ContainerStatus>;

    /// Lists those that pass `filter`, newest first.
    ///
    /// # Errors
    /// [`Error::Unavailable`](crate::Error::Unavailable).
    async fn list_containers(&self, filter: &ContainerFilter) -> Result<Vec<Container>>;

    /// Changes the limits of a created or running container, all or none. Fields that are not set stay.
    ///
    /// # Errors
    /// [`Error::ContainerNotFound`](crate::Error::ContainerNotFound),
    /// [`Error::WrongState`](crate::Error::WrongState) and [`Error::Failed`](crate::Error::Failed).
    async fn update_container_resources(&self, id: &ContainerId, resources: Resources) -> Result<()>;
}

/// What a runtime is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Its name, which begins container ids in pod statuses, as in `containerd://`.
    pub name: String,
    /// Its version, as it spells it.
    pub version: String,
    /// The CRI version it speaks: `v1`.
    pub api_version: String,
}

/// Whether a runtime can take pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuntimeStatus {
    /// Whether containers can run.
    pub runtime: Condition,
    /// Whether sandboxes can be joined to the network; ready when [`NetworkOwner::Caller`] does that.
    pub network: Condition,
    /// Who joins sandboxes to the network.
    pub network_owner: NetworkOwner,
    /// Handlers that [`SandboxConfig::runtime_handler`] may name; the default one has an empty name.
    pub handlers: Vec<RuntimeHandler>,
}

/// Whether something is ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// It is.
    Ready,
    /// It is not; the node says so in its own conditions.
    NotReady {
        /// One word in CamelCase.
        reason: String,
        /// A sentence for people.
        message: String,
    },
}

/// Who joins sandboxes to the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NetworkOwner {
    /// The runtime does, inside `run_sandbox` and `stop_sandbox`, and reports the addresses.
    Runtime,
    /// The caller does: it attaches [`SandboxNetwork::namespace`](crate::SandboxNetwork::namespace) after
    /// `run_sandbox` and detaches it after `stop_sandbox`.
    Caller,
}

/// One way to run sandboxes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuntimeHandler {
    /// Its name; empty for the default.
    pub name: String,
    /// Mounts can be read-only all the way down.
    pub recursive_readonly_mounts: bool,
    /// Pods can have user namespaces of their own.
    pub user_namespaces: bool,
}

/// What the node learned about itself since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuntimeConfig {
    /// Ranges from which pods of this node get addresses, as address and prefix length, one per family.
    pub pod_cidrs: Vec<(IpAddr, u8)>,
}
