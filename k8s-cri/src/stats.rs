use async_trait::async_trait;
use jiff::Timestamp;

use crate::container::ContainerMetadata;
use crate::sandbox::SandboxMetadata;
use crate::{ContainerFilter, ContainerId, Result, SandboxFilter, SandboxId};

/// What containers and sandboxes use.
///
/// # Contract
/// The caller is the node agent, for its summary API and for eviction. A list leaves out what is not running; a
/// filter that names a missing id gives an empty list, not an error. Counters never fall during one run.
///
/// # Ordering
/// Lists are sorted by id. Entries of one list need not be measured at one instant; each says when it was.
///
/// # Cancellation
/// Both calls only read.
#[async_trait]
pub trait Stats: Send + Sync {
    /// Measures the running containers that pass `filter`.
    ///
    /// # Errors
    /// [`Error::Unavailable`](crate::Error::Unavailable) and [`Error::Failed`](crate::Error::Failed).
    async fn container_stats(&self, filter: &ContainerFilter) -> Result<Vec<ContainerStats>>;

    /// Measures the ready sandboxes that pass `filter`.
    ///
    /// # Errors
    /// [`Error::Unavailable`](crate::Error::Unavailable) and [`Error::Failed`](crate::Error::Failed).
    async fn sandbox_stats(&self, filter: &SandboxFilter) -> Result<Vec<SandboxStats>>;
}

/// What one container uses.
#[derive(Clone, Debug)]
pub struct ContainerStats {
    /// Its id.
    pub id: ContainerId,
    /// The sandbox it lives in.
    pub sandbox: SandboxId,
    /// Its name and attempt.
    pub metadata: ContainerMetadata,
    /// When it was measured.
    pub at: Timestamp,
    /// Processor time.
    pub cpu: CpuUsage,
    /// Memory.
    pub memory: MemoryUsage,
    /// Its writable layer.
    pub writable_layer: FsStats,
}

/// What one sandbox uses, its containers included.
#[derive(Clone, Debug)]
pub struct SandboxStats {
    /// Its id.
    pub id: SandboxId,
    /// Whose it is.
    pub metadata: SandboxMetadata,
    /// When it was measured.
    pub at: Timestamp,
    /// Processor time.
    pub cpu: CpuUsage,
    /// Memory.
    pub memory: MemoryUsage,
    /// Network interfaces, the default one first.
    pub interfaces: Vec<InterfaceStats>,
    /// How many processes it has.
    pub process_count: u64,
    /// Its running containers.
    pub containers: Vec<ContainerStats>,
}

/// Processor time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CpuUsage {
    /// Since the start, in core-nanoseconds.
    pub usage_core_nanoseconds: u64,
    /// Lately, in nanocores: a billion is one core.
    pub usage_nanocores: u64,
}

/// Memory, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemoryUsage {
    /// What cannot be given back under pressure.
    pub working_set: u64,
    /// What is left below the limit; 0 without a limit.
    pub available: u64,
    /// All, page cache included.
    pub usage: u64,
    /// Anonymous memory.
    pub rss: u64,
    /// Page faults so far.
    pub page_faults: u64,
    /// Page faults that went to a disk so far.
    pub major_page_faults: u64,
}

/// Use of a file system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FsStats {
    /// Bytes.
    pub used_bytes: u64,
    /// Inodes.
    pub inodes_used: u64,
}

/// Traffic of one interface so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InterfaceStats {
    /// Its name.
    pub name: String,
    /// Bytes received.
    pub rx_bytes: u64,
    /// Receive errors.
    pub rx_errors: u64,
    /// Bytes sent.
    pub tx_bytes: u64,
    /// Send errors.
    pub tx_errors: u64,
}
