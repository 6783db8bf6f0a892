use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;

use crate::image::ImageSpec;
use crate::linux::{Resources, SecurityContext, User};
use crate::{ContainerId, SandboxId};

/// What a container is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContainerConfig {
    /// Its name and attempt.
    pub metadata: ContainerMetadata,
    /// The image to run; must be present.
    pub image: ImageSpec,
    /// Replaces the image's entry point unless empty.
    pub command: Vec<String>,
    /// Replaces the image's arguments unless empty.
    pub args: Vec<String>,
    /// Directory to start in; empty takes the image's.
    pub working_dir: String,
    /// Environment variables, in order.
    pub envs: Vec<(String, String)>,
    /// What is mounted where, in order.
    pub mounts: Vec<Mount>,
    /// Device files of the machine that appear inside.
    pub devices: Vec<Device>,
    /// Devices by their qualified CDI name.
    pub cdi_devices: Vec<String>,
    /// Labels by which lists are filtered.
    pub labels: BTreeMap<String, String>,
    /// Free text kept with the container.
    pub annotations: BTreeMap<String, String>,
    /// Log file, relative to the sandbox's [`log_directory`](crate::SandboxConfig::log_directory); empty for none.
    pub log_path: PathBuf,
    /// Standard input stays open so that sessions can attach to it.
    pub stdin: bool,
    /// Standard input closes when the first attached session ends.
    pub stdin_once: bool,
    /// The first process has a terminal; standard error is part of standard output then.
    pub tty: bool,
    /// Limits and weights.
    pub resources: Resources,
    /// Rights and namespaces.
    pub security: SecurityContext,
    /// Signal that asks it to end, as in `SIGQUIT`; `None` takes the image's, then `SIGTERM`.
    pub stop_signal: Option<String>,
}

/// Name of a container in its pod. Together with the sandbox it is unique in a runtime.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContainerMetadata {
    /// Name of the container in its pod.
    pub name: String,
    /// How often it was created in this pod before.
    pub attempt: u32,
}

/// Something of the machine that appears in a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// Absolute path inside.
    pub container_path: PathBuf,
    /// What appears there.
    pub source: MountSource,
    /// It cannot be written to.
    pub readonly: bool,
    /// Nor can anything mounted below it; needs `readonly` and [`Propagation::Private`].
    pub recursive_readonly: bool,
    /// It gets the container's SELinux label.
    pub selinux_relabel: bool,
    /// Which later mounts are seen on the other side.
    pub propagation: Propagation,
    /// How user ids of the file system map; empty for as they are.
    pub uids: Vec<IdMapping>,
    /// How group ids of the file system map; empty for as they are.
    pub gids: Vec<IdMapping>,
}

/// What a mount shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MountSource {
    /// A directory or file of the machine. The memory runtime asks its
    /// [`files`](crate::memory::Builder::files) what lies there.
    HostPath(PathBuf),
    /// The contents of an image, or of one directory in it.
    Image {
        /// The image; must be present.
        image: ImageSpec,
        /// Path inside the image; empty for its root.
        sub_path: PathBuf,
    },
}

/// Which later mounts are seen on the other side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Propagation {
    /// None.
    #[default]
    Private,
    /// The machine's appear in the container.
    HostToContainer,
    /// Either's appear in the other.
    Bidirectional,
}

/// A run of ids that map to other ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdMapping {
    /// First id of the machine.
    pub host_id: u32,
    /// First id inside.
    pub container_id: u32,
    /// How many.
    pub length: u32,
}

/// A device file of the machine that appears inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Path inside.
    pub container_path: PathBuf,
    /// Path on the machine.
    pub host_path: PathBuf,
    /// Some of the letters `rwm`.
    pub permissions: String,
}

/// Where a container is in its life, with what is known there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContainerState {
    /// Made, not started.
    Created,
    /// Its first process runs.
    Running {
        /// When it started.
        started: Timestamp,
    },
    /// Its first process ended. Only removal is left.
    Exited {
        /// When it started; `None` when it never did.
        started: Option<Timestamp>,
        /// When it ended.
        finished: Timestamp,
        /// Exit code; 128 plus the signal's number when a signal ended it.
        code: i32,
        /// `Completed`, `Error`, `OOMKilled`, `StartError` or `ContainerCannotRun`.
        reason: String,
        /// What the runtime adds for people.
        message: String,
    },
    /// The runtime lost sight of it.
    Unknown,
}

/// [`ContainerState`] without what is known in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ContainerPhase {
    /// See [`ContainerState::Created`].
    Created,
    /// See [`ContainerState::Running`].
    Running,
    /// See [`ContainerState::Exited`].
    Exited,
    /// See [`ContainerState::Unknown`].
    Unknown,
}

impl ContainerState {
    /// Which variant it is.
    pub fn phase(&self) -> ContainerPhase {
        match self {
            Self::Created => ContainerPhase::Created,
            Self::Running { .. } => ContainerPhase::Running,
            Self::Exited { .. } => ContainerPhase::Exited,
            Self::Unknown => ContainerPhase::Unknown,
        }
    }

    /// The exit code, once there is one.
    pub fn exit_code(&self) -> Option<i32> {
        match self {
            Self::Exited { code, .. } => Some(*code),
            _ => None,
        }
    }
}

/// A container as lists show it.
#[derive(Clone, Debug)]
pub struct Container {
    /// Its id.
    pub id: ContainerId,
    /// The sandbox it lives in.
    pub sandbox: SandboxId,
    /// What it was made from, as far as the runtime remembers: metadata, image, labels and annotations are always
    /// there.
    pub config: Arc<ContainerConfig>,
    /// The image's content, as [`Image::id`](crate::Image::id).
    pub image_id: String,
    /// Where it is in its life.
    pub phase: ContainerPhase,
    /// When it was made.
    pub created: Timestamp,
}

/// All about a container.
#[derive(Clone, Debug)]
pub struct ContainerStatus {
    /// Its id.
    pub id: ContainerId,
    /// The sandbox it lives in.
    pub sandbox: SandboxId,
    /// What it was made from, as far as the runtime remembers: metadata, image, mounts, labels and annotations are
    /// always there.
    pub config: Arc<ContainerConfig>,
    /// The image's content, as [`Image::id`](crate::Image::id).
    pub image_id: String,
    /// What a pod's `imageID` shows: `name@sha256:...`, or the image's id.
    pub image_ref: String,
    /// Where it is in its life.
    pub state: ContainerState,
    /// When it was made.
    pub created: Timestamp,
    /// Limits and weights that apply now, after updates.
    pub resources: Resources,
    /// The user its first process has; `None` until it runs or when the runtime cannot tell.
    pub user: Option<User>,
    /// The log file's absolute path; empty for none.
    pub log_path: PathBuf,
}

/// Which containers a list shall show. The default shows all.
#[derive(Clone, Debug, Default)]
pub struct ContainerFilter {
    /// Only this one.
    pub id: Option<ContainerId>,
    /// Only those of this sandbox.
    pub sandbox: Option<SandboxId>,
    /// Only those in this phase.
    pub phase: Option<ContainerPhase>,
    /// Only those that carry all these labels.
    pub labels: BTreeMap<String, String>,
}
