//! Volumes in memory: directories are rows of a table, mounts are references from one table to another.
//!
//! [`MemoryVolumes`] are the volumes of one node's pods, [`MemoryDriver`] is a storage driver for a whole cluster, and
//! [`MemoryFiles`] is what either of them keeps files in.

mod driver; // the driver's controller half
mod driver_node; // and its node half
mod files;
mod snapshots;
mod volumes;

pub use driver::MemoryDriver;
pub use driver_node::MemoryDriverNode;
pub use files::MemoryFiles;
pub use volumes::MemoryVolumes;
