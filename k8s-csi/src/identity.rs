use async_trait::async_trait;

use crate::Result;

/// Who a storage driver is.
///
/// # Contract
/// Every driver implements it beside [`VolumeController`](crate::VolumeController),
/// [`VolumeNode`](crate::VolumeNode) or both.
///
/// # Ordering
/// None: it only reads.
///
/// # Cancellation
/// It only reads.
#[async_trait]
pub trait DriverIdentity: Send + Sync {
    /// Says what it is and what it serves.
    ///
    /// # Errors
    /// [`Error::Unavailable`](crate::Error::Unavailable).
    async fn info(&self) -> Result<DriverInfo>;

    /// Answers `true` once it can work, `false` while it gets ready.
    ///
    /// # Errors
    /// [`Error::Unavailable`](crate::Error::Unavailable) and
    /// [`Error::WrongState`](crate::Error::WrongState) when something it needs is missing.
    async fn probe(&self) -> Result<bool>;
}

/// What a driver is and what it serves.
#[expect(clippy::struct_excessive_bools, reason = "independent capabilities, as CSI has them")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DriverInfo {
    /// Its name, as in `disk.csi.example.com`.
    pub name: String,
    /// Its version, as it spells it.
    pub version: String,
    /// It has a [`VolumeController`](crate::VolumeController).
    pub controller: bool,
    /// It has [`Snapshots`](crate::Snapshots).
    pub snapshots: bool,
    /// Its volumes cannot be reached from everywhere.
    pub topology: bool,
    /// It can expand volumes that are in use.
    pub online_expansion: bool,
}
