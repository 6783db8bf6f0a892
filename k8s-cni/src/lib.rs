#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod attachment; // the words of pod networks
mod error;
mod network; // pods get addresses
mod policy; // who may talk to whom
mod service; // virtual addresses lead to endpoints

mod shared;

pub mod memory;

pub use attachment::{
    Attached, Attachment, AttachmentKey, Bandwidth, Interface, NodeNetwork, PodRef, PortMapping, Protocol, Readiness,
    Route,
};
pub use error::{Error, Result, Retry};
pub use network::PodNetwork;
pub use policy::{AddressSet, NetworkPolicy, Peer, Policy, PolicyDelta, PolicySnapshot, PortRange, Rule};
pub use service::{Affinity, NodeAddresses, Service, ServiceDelta, ServiceProxy, TrafficPolicy};
