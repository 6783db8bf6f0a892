//! The bytes on the disk, as `FORMAT.md` draws them: nothing here touches a disk.
//!
//! For tools and tests. What reads bytes never panics on any bytes.

mod codec;
mod frame;
mod header;
mod names;
mod record;
mod snapshot;

pub use frame::{FRAME_HEADER, Frame, FrameHeader, Salt, frame_at, later_frame};
pub use header::{LOG_HEADER, LogHeader, SNAPSHOT_HEADER, SnapshotHeader, VERSION, version};
pub use names::Name;
pub use record::{Record, Records, write_events};
pub use snapshot::{BLOCK_HEADER, Block, BlockHeader, MAX_BLOCK, Stored, block, write_block};

/// Why bytes are not what they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// They end too early.
    #[error("ends too early")]
    Short,
    /// They are of something else.
    #[error("does not begin as it should")]
    Magic,
    /// They are of a version that this release does not know.
    #[error("has version {0}, which this release does not know")]
    Version(u32),
    /// Their checksum is another.
    #[error("checksum does not match")]
    Checksum,
    /// Their checksum is right and they make no sense.
    #[error("makes no sense")]
    Nonsense,
}
