use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use async_trait::async_trait;

use crate::{Capacity, Result, Secrets, Topology, VolumeCapability};

/// Brings volumes to the pods of one node.
///
/// # Contract
/// [`PodVolumes`](crate::PodVolumes) calls it. A volume is staged once per node and published once per pod. Every
/// verb can be repeated. Without [`NodeAbility::Stage`] volumes are published at once. Paths are made by the caller up
/// to the parent directory, as in CSI.
///
/// # Ordering
/// Stage, publish, unpublish, unstage. Calls about different volumes are independent; two about one volume at a time
/// may be answered with [`Error::Aborted`](crate::Error::Aborted).
///
/// # Cancellation
/// A dropped call took effect or not; repeat it, or undo it, to be certain.
#[async_trait]
pub trait VolumeNode: Send + Sync {
    /// Says which verbs it has.
    ///
    /// # Errors
    /// [`Error::Unavailable`](crate::Error::Unavailable).
    async fn abilities(&self) -> Result<Vec<NodeAbility>>;

    /// Says which node it serves.
    ///
    /// # Errors
    /// [`Error::Unavailable`](crate::Error::Unavailable).
    async fn info(&self) -> Result<NodeInfo>;

    /// Makes a volume ready on this node at the staging path.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound), [`Error::WrongState`](crate::Error::WrongState) when it is not
    /// attached to this node, and [`Error::AlreadyExists`](crate::Error::AlreadyExists) when it is staged in another
    /// way.
    async fn stage(&self, request: NodeStage) -> Result<()>;

    /// Undoes staging. Fine when it is not staged.
    ///
    /// # Errors
    /// [`Error::InUse`](crate::Error::InUse) while it is published.
    async fn unstage(&self, volume_id: &str, staging_path: &Path) -> Result<()>;

    /// Makes a volume appear at the target path.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound), [`Error::WrongState`](crate::Error::WrongState) when it is not
    /// staged, and [`Error::AlreadyExists`](crate::Error::AlreadyExists) when it is published there in another way.
    async fn publish(&self, request: NodePublish) -> Result<()>;

    /// Undoes publishing. Fine when it is not published.
    ///
    /// # Errors
    /// [`Error::Failed`](crate::Error::Failed): call again.
    async fn unpublish(&self, volume_id: &str, target_path: &Path) -> Result<()>;

    /// Lets the space be used that the controller gave, and answers the size in bytes.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound) and [`Error::OutOfRange`](crate::Error::OutOfRange).
    async fn expand(&self, volume_id: &str, path: &Path, capacity: Capacity) -> Result<u64>;

    /// Measures a volume that is staged or published at `path`.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound).
    async fn stats(&self, volume_id: &str, path: &Path) -> Result<NodeStats>;
}

/// A verb that a node may have; publishing it always has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum NodeAbility {
    /// Volumes must be staged before they are published.
    Stage,
    /// Volumes can grow on the node.
    Expand,
    /// Volumes can be measured.
    Stats,
    /// It sets the group of files itself.
    MountGroup,
}

/// Which node a driver serves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeInfo {
    /// The node as the driver names it.
    pub node_id: String,
    /// How many volumes may be attached to it; `None` for no limit.
    pub max_volumes: Option<u32>,
    /// Where it is.
    pub topology: Topology,
}

/// A wish to stage a volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeStage {
    /// The volume.
    pub volume_id: String,
    /// What attaching it answered.
    pub publish_context: BTreeMap<String, String>,
    /// Where to make it ready.
    pub staging_path: PathBuf,
    /// What it must be able to do.
    pub capability: VolumeCapability,
    /// Credentials.
    pub secrets: Secrets,
    /// The volume's context.
    pub context: BTreeMap<String, String>,
}

/// A wish to publish a volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodePublish {
    /// The volume.
    pub volume_id: String,
    /// What attaching it answered.
    pub publish_context: BTreeMap<String, String>,
    /// Where it is staged; `None` without staging.
    pub staging_path: Option<PathBuf>,
    /// Where it must appear.
    pub target_path: PathBuf,
    /// What it must be able to do.
    pub capability: VolumeCapability,
    /// It cannot be written to there.
    pub readonly: bool,
    /// Credentials.
    pub secrets: Secrets,
    /// The volume's context, and about the pod what the driver asked for (`csi.storage.k8s.io/...`).
    pub context: BTreeMap<String, String>,
}

/// What a volume holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeStats {
    /// Bytes in all.
    pub capacity_bytes: u64,
    /// Bytes used.
    pub used_bytes: u64,
    /// Bytes left.
    pub available_bytes: u64,
    /// Inodes in all; 0 when unknown.
    pub inodes: u64,
    /// Inodes used.
    pub inodes_used: u64,
    /// What is wrong with it, if anything is.
    pub abnormal: Option<String>,
}
