//! Tests of the plugins through what a user of them sees.
#![expect(clippy::unwrap_used, reason = "tests")]

mod check;
mod config;
mod golden;
mod inter_pod_affinity;
mod node_resources;
mod nodes;
mod pod_topology_spread;
mod preemption;
