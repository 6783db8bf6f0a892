//! Tests of the plugins through what a user of them sees.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "tests, some of which tell what they could not compare")]

mod check;
mod config;
mod golden;
mod inter_pod_affinity;
mod manifests;
mod node_resources;
mod nodes;
mod permit;
mod pod_topology_spread;
mod preemption;
mod scheduler;
