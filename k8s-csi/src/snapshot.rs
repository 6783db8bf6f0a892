use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::{Result, Secrets};

/// Takes and keeps snapshots of volumes, from one place in the cluster.
///
/// # Contract
/// Drivers with [`ControllerAbility::Snapshot`](crate::ControllerAbility::Snapshot) implement it. Every verb can be
/// repeated. A snapshot outlives its volume.
///
/// # Ordering
/// A snapshot holds what was written before the call and nothing that is written after it returned.
///
/// # Cancellation
/// A dropped call took effect or not; repeat it to learn.
#[async_trait]
pub trait Snapshots: Send + Sync {
    /// Takes a snapshot, or answers the one that has the name.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound) for the volume,
    /// [`Error::AlreadyExists`](crate::Error::AlreadyExists) when the name's snapshot is of another volume, and
    /// [`Error::Exhausted`](crate::Error::Exhausted).
    async fn create_snapshot(&self, request: CreateSnapshot) -> Result<Snapshot>;

    /// Deletes a snapshot. Fine when it is missing.
    ///
    /// # Errors
    /// [`Error::InUse`](crate::Error::InUse).
    async fn delete_snapshot(&self, snapshot_id: &str, secrets: &Secrets) -> Result<()>;

    /// Lists snapshots, sorted by id; of one volume if it is given.
    ///
    /// # Errors
    /// [`Error::Unavailable`](crate::Error::Unavailable).
    async fn list_snapshots(&self, volume_id: Option<&str>) -> Result<Vec<Snapshot>>;
}

/// A wish for a snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CreateSnapshot {
    /// Names the wish: repeated with the same name, it is the same snapshot.
    pub name: String,
    /// The volume to take it of.
    pub volume_id: String,
    /// The snapshot class' parameters.
    pub parameters: BTreeMap<String, String>,
    /// Credentials.
    pub secrets: Secrets,
}

/// A snapshot that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Names it from now on.
    pub id: String,
    /// The volume it was taken of.
    pub volume_id: String,
    /// Size of a volume made from it, at least, in bytes.
    pub size: u64,
    /// When it was taken.
    pub created: Timestamp,
    /// Volumes can be made from it.
    pub ready: bool,
}
