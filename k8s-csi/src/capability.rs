use std::collections::BTreeMap;
use std::fmt;

/// What a volume must be able to do for whoever uses it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumeCapability {
    /// Who may use it at once.
    pub access: AccessMode,
    /// How it appears.
    pub mode: VolumeMode,
}

/// Who may use a volume at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AccessMode {
    /// Pods of one node, reading and writing.
    SingleNodeWriter,
    /// Pods of one node, reading.
    SingleNodeReader,
    /// One pod, reading and writing.
    SingleNodeSingleWriter,
    /// Pods of one node, each writing.
    SingleNodeMultiWriter,
    /// Pods of many nodes, reading.
    MultiNodeReader,
    /// Pods of many nodes, of which one node writes.
    MultiNodeSingleWriter,
    /// Pods of many nodes, reading and writing.
    MultiNodeMultiWriter,
}

impl AccessMode {
    /// Whether more than one node may use it at once.
    pub fn is_multi_node(self) -> bool {
        matches!(self, Self::MultiNodeReader | Self::MultiNodeSingleWriter | Self::MultiNodeMultiWriter)
    }
}

/// How a volume appears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VolumeMode {
    /// As a directory.
    Filesystem {
        /// File system to make; empty leaves it to the driver.
        fs_type: String,
        /// Options for mounting.
        mount_flags: Vec<String>,
        /// Group that owns its files, when the driver sets that; empty for none.
        mount_group: String,
    },
    /// As a raw device.
    Block,
}

impl Default for VolumeMode {
    fn default() -> Self {
        Self::Filesystem { fs_type: String::new(), mount_flags: Vec::new(), mount_group: String::new() }
    }
}

/// A wish for a size, in bytes; 0 leaves that end open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capacity {
    /// At least.
    pub required: u64,
    /// At most.
    pub limit: u64,
}

/// Where a volume can be reached from: topology keys and their values, as in `topology.kubernetes.io/zone`.
pub type Topology = BTreeMap<String, String>;

/// Credentials for a driver. Their values never show in debug output.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secrets(pub BTreeMap<String, String>);

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
