//! A network in memory: addresses are handed out, services resolved and policies judged, but no byte is carried.
//!
//! One [`Fabric`] is the wire between nodes; each node has its own [`MemoryNetwork`] on it.

mod fabric; // what nodes share
mod network; // pods of one node
mod policy;
mod pool; // which addresses are free
mod service;

pub use fabric::{Fabric, Reach};
pub use network::MemoryNetwork;
pub use service::Resolution;
