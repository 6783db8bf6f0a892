use std::collections::BTreeMap;

use async_trait::async_trait;

use crate::{Capacity, Result, Secrets, Topology, VolumeCapability};

/// Makes volumes and attaches them to nodes, from one place in the cluster.
///
/// # Contract
/// The volume controllers call it. Every verb can be repeated: what is done already is answered as it was the first
/// time. A volume lives until it is deleted, whoever stops in between. Verbs whose [`ControllerAbility`] is missing
/// answer [`Error::Unsupported`](crate::Error::Unsupported).
///
/// # Ordering
/// Calls about different volumes are independent. Two calls about one volume at a time may be answered with
/// [`Error::Aborted`](crate::Error::Aborted).
///
/// # Cancellation
/// A dropped call took effect or not; repeat it to learn. A create that was dropped is found again by its name.
#[async_trait]
pub trait VolumeController: Send + Sync {
    /// Says which verbs it has.
    ///
    /// # Errors
    /// [`Error::Unavailable`](crate::Error::Unavailable).
    async fn abilities(&self) -> Result<Vec<ControllerAbility>>;

    /// Makes a volume, or answers the one that has the name.
    ///
    /// # Errors
    /// [`Error::AlreadyExists`](crate::Error::AlreadyExists) when the name's volume does not fit,
    /// [`Error::OutOfRange`](crate::Error::OutOfRange), [`Error::Exhausted`](crate::Error::Exhausted),
    /// [`Error::NotFound`](crate::Error::NotFound) for the origin and [`Error::Invalid`](crate::Error::Invalid).
    async fn create(&self, request: CreateVolume) -> Result<Volume>;

    /// Deletes a volume and its data. Fine when it is missing.
    ///
    /// # Errors
    /// [`Error::InUse`](crate::Error::InUse) while it is published.
    async fn delete(&self, volume_id: &str, secrets: &Secrets) -> Result<()>;

    /// Attaches a volume to a node and answers what the node needs to know about that, which is passed on to
    /// staging and publishing there.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound) for the volume or the node,
    /// [`Error::InUse`](crate::Error::InUse) when another node has it and its access mode allows one, and
    /// [`Error::AlreadyExists`](crate::Error::AlreadyExists) when this node has it in another way.
    async fn publish(&self, request: PublishVolume) -> Result<BTreeMap<String, String>>;

    /// Detaches a volume from a node. Fine when it is detached or missing.
    ///
    /// # Errors
    /// [`Error::Failed`](crate::Error::Failed): call again.
    async fn unpublish(&self, volume_id: &str, node_id: &str, secrets: &Secrets) -> Result<()>;

    /// Makes a volume bigger.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound), [`Error::OutOfRange`](crate::Error::OutOfRange) and
    /// [`Error::InUse`](crate::Error::InUse) when it must be detached for that.
    async fn expand(&self, volume_id: &str, capacity: Capacity, secrets: &Secrets) -> Result<Expanded>;

    /// Lists all volumes, sorted by id, and where they are attached.
    ///
    /// # Errors
    /// [`Error::Unavailable`](crate::Error::Unavailable).
    async fn list(&self) -> Result<Vec<ListedVolume>>;

    /// Says how many bytes are left for volumes with these parameters at this place; an empty topology means
    /// anywhere.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid).
    async fn capacity(&self, parameters: &BTreeMap<String, String>, topology: &Topology) -> Result<u64>;
}

/// A verb that a controller may have; creating and deleting it always has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ControllerAbility {
    /// Volumes must be attached to nodes before those can stage them.
    Publish,
    /// Volumes can grow.
    Expand,
    /// Volumes can be listed.
    List,
    /// The space left can be asked for.
    Capacity,
    /// Volumes can begin as copies of others.
    Clone,
    /// Volumes can be made from snapshots, and those be taken.
    Snapshot,
    /// It tells single-node access modes apart.
    SingleNodeMultiWriter,
}

/// A wish for a volume.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CreateVolume {
    /// Names the wish: repeated with the same name, it is the same volume.
    pub name: String,
    /// The size; 0 leaves it to the driver.
    pub capacity: Capacity,
    /// What it must be able to do; at least one.
    pub capabilities: Vec<VolumeCapability>,
    /// The storage class' parameters.
    pub parameters: BTreeMap<String, String>,
    /// Credentials.
    pub secrets: Secrets,
    /// What it begins as; `None` for empty.
    pub origin: Option<Origin>,
    /// It must be reachable from one of these; empty for anywhere.
    pub requisite: Vec<Topology>,
    /// Where it should rather be, best first.
    pub preferred: Vec<Topology>,
}

/// What a new volume begins as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// What the snapshot of this id holds.
    Snapshot(String),
    /// What the volume of this id holds now.
    Volume(String),
}

/// A volume that exists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Volume {
    /// Names it from now on.
    pub id: String,
    /// Its size, in bytes; 0 when unknown.
    pub capacity: u64,
    /// What nodes need to know about it.
    pub context: BTreeMap<String, String>,
    /// What it began as.
    pub origin: Option<Origin>,
    /// Where it can be reached from; empty for anywhere.
    pub topology: Vec<Topology>,
}

/// A wish to attach a volume to a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishVolume {
    /// The volume.
    pub volume_id: String,
    /// The node, as its [`NodeInfo::node_id`](crate::NodeInfo::node_id).
    pub node_id: String,
    /// What it must be able to do there.
    pub capability: VolumeCapability,
    /// It cannot be written to from there.
    pub readonly: bool,
    /// Credentials.
    pub secrets: Secrets,
    /// The volume's context.
    pub context: BTreeMap<String, String>,
}

/// What growing a volume came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expanded {
    /// Its size now, in bytes.
    pub capacity: u64,
    /// The node must expand it too before the space can be used.
    pub node_expansion_required: bool,
}

/// A volume as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedVolume {
    /// The volume.
    pub volume: Volume,
    /// Nodes it is attached to, sorted.
    pub published_nodes: Vec<String>,
    /// What is wrong with it, if anything is.
    pub abnormal: Option<String>,
}
