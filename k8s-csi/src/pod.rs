use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use bytes::Bytes;

use crate::{NodeStats, Result, Secrets, VolumeCapability};

/// The volumes of the pods on one node.
///
/// # Contract
/// The node agent calls it with resolved sources: contents are bytes, claims are drivers' volumes. It hands out
/// [`MountSource`]s, which the node passes to the container runtime of the same machine. Volumes survive the caller;
/// an agent that starts anew publishes what it has again and unpublishes the rest of [`Self::list`].
///
/// # Ordering
/// Calls about different volumes are independent; the caller makes one call about a volume at a time.
///
/// # Cancellation
/// A dropped `publish` may have published or not: publish again or unpublish, both are fine. A dropped `unpublish`
/// must be called again.
#[async_trait]
pub trait PodVolumes: Send + Sync {
    /// Makes a volume appear and answers where. Doing so again answers the same; [`Source::Content`] is replaced by the
    /// new one in one step, so that a reader finds all old or all new files; what else was written stays.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid), as for a host path of the wrong kind,
    /// [`Error::NotFound`](crate::Error::NotFound) for an unknown driver, and whatever the driver says.
    async fn publish(&self, volume: PodVolume) -> Result<MountSource>;

    /// Answers one file or directory of a published volume, for mounts of a part. A missing one is made as a
    /// directory, unless the volume is [`Source::Content`]. Content found this way never changes again.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound) when the volume, or a file of a content, is missing, and
    /// [`Error::Invalid`](crate::Error::Invalid) when `path` is absolute or leads out of the volume.
    async fn sub_path(&self, key: &VolumeKey, path: &Path) -> Result<MountSource>;

    /// Takes a volume away, and its data unless they live elsewhere. Fine when it is missing.
    ///
    /// # Errors
    /// [`Error::Failed`](crate::Error::Failed) and whatever the driver says: call again.
    async fn unpublish(&self, key: &VolumeKey) -> Result<()>;

    /// Lists all volumes that are published, even half, sorted.
    ///
    /// # Errors
    /// [`Error::Failed`](crate::Error::Failed).
    async fn list(&self) -> Result<Vec<VolumeKey>>;

    /// Measures a volume.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound), and [`Error::Unsupported`](crate::Error::Unsupported) when its
    /// source cannot be measured.
    async fn stats(&self, key: &VolumeKey) -> Result<NodeStats>;

    /// Lets a driver's volume use the space that its controller gave, and answers the size in bytes.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound), and [`Error::Unsupported`](crate::Error::Unsupported) when its
    /// source cannot grow.
    async fn expand(&self, key: &VolumeKey, capacity: u64) -> Result<u64>;
}

/// Names a volume of a pod on its node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VolumeKey {
    /// Uid of the pod.
    pub pod_uid: String,
    /// Name of the volume in the pod.
    pub name: String,
}

impl VolumeKey {
    /// The volume `name` of the pod with `pod_uid`.
    pub fn new(pod_uid: impl Into<String>, name: impl Into<String>) -> Self {
        Self { pod_uid: pod_uid.into(), name: name.into() }
    }
}

/// A volume that a pod wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodVolume {
    /// Names it.
    pub key: VolumeKey,
    /// What it holds.
    pub source: Source,
    /// Group that shall own its files; they are made group-writable then.
    pub fs_group: Option<i64>,
    /// No mount of it can be written to.
    pub readonly: bool,
}

impl PodVolume {
    /// A writable volume without a group.
    pub fn new(key: VolumeKey, source: Source) -> Self {
        Self { key, source, fs_group: None, readonly: false }
    }
}

/// What a volume holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Nothing at first; it goes with the pod.
    Empty {
        /// Where its bytes live.
        medium: Medium,
        /// How many bytes it may hold; `None` for no limit. Memory refuses more; on disk it is for the caller to watch.
        size_limit: Option<u64>,
    },
    /// Files made from the cluster's objects: config maps, secrets, the downward API, tokens.
    Content(Content),
    /// A file or directory of the machine.
    HostPath {
        /// Its path.
        path: PathBuf,
        /// What it must be.
        kind: HostPathKind,
    },
    /// A storage driver's volume.
    Csi(CsiVolume),
}

/// Where the bytes of an empty volume live.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Medium {
    /// On the node's disk.
    #[default]
    Disk,
    /// In memory.
    Memory,
    /// In huge pages of this size in bytes; 0 for the machine's default.
    HugePages(u64),
}

/// Files by their relative path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    /// The files. Paths have no `..` and do not begin with `/`.
    pub files: BTreeMap<PathBuf, File>,
}

/// A file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct File {
    /// Its bytes; cloning shares them.
    pub bytes: Bytes,
    /// Its permissions, as in `0o644`.
    pub mode: u32,
    /// The user that owns it; `None` for root.
    pub uid: Option<i64>,
}

impl File {
    /// A file that everybody reads and its owner writes.
    pub fn new(bytes: impl Into<Bytes>) -> Self {
        Self { bytes: bytes.into(), mode: 0o644, uid: None }
    }
}

/// What a host path must be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum HostPathKind {
    /// Anything or nothing; nothing is checked.
    #[default]
    Unchecked,
    /// A directory, made when missing.
    DirectoryOrCreate,
    /// A directory.
    Directory,
    /// A file, made empty when missing; its directory is not made.
    FileOrCreate,
    /// A file.
    File,
    /// A socket.
    Socket,
    /// A character device.
    CharDevice,
    /// A block device.
    BlockDevice,
}

/// A storage driver's volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CsiVolume {
    /// Name of the driver.
    pub driver: String,
    /// Id of the volume; drivers with ephemeral volumes make it at publishing.
    pub volume_id: String,
    /// How it is used.
    pub capability: VolumeCapability,
    /// The volume's context, and about the pod what the driver asked for.
    pub context: BTreeMap<String, String>,
    /// What attaching it answered.
    pub publish_context: BTreeMap<String, String>,
    /// Credentials for staging.
    pub stage_secrets: Secrets,
    /// Credentials for publishing.
    pub publish_secrets: Secrets,
}

/// What the container runtime mounts: a path that means something to the volumes and the runtime of one machine, and
/// to nobody else. In memory no file system has it; the memory backend's files resolve it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MountSource(PathBuf);

impl MountSource {
    /// The source at `path`; for backends.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The path to hand to the runtime.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The path to hand to the runtime, by value.
    pub fn into_path(self) -> PathBuf {
        self.0
    }
}
