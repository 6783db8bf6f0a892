#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod capability; // the words of storage drivers
mod controller;
mod error;
mod identity;
mod node;
mod pod; // the volumes of pods on one node
mod snapshot;

mod shared;

pub mod memory;

pub use capability::{AccessMode, Capacity, Secrets, Topology, VolumeCapability, VolumeMode};
pub use controller::{
    ControllerAbility, CreateVolume, Expanded, ListedVolume, Origin, PublishVolume, Volume, VolumeController,
};
pub use error::{Code, Error, Result, Retry};
pub use identity::{DriverIdentity, DriverInfo};
pub use node::{NodeAbility, NodeInfo, NodePublish, NodeStage, NodeStats, VolumeNode};
pub use pod::{Content, CsiVolume, File, HostPathKind, Medium, MountSource, PodVolume, PodVolumes, Source, VolumeKey};
pub use snapshot::{CreateSnapshot, Snapshot, Snapshots};
