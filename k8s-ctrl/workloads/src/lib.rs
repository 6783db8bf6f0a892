#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod controllers;

mod daemon_set;
mod deployment;
mod disruption;
mod job;
mod replica_set;
mod stateful_set;
mod ttl;

mod history;
mod int_or_percent;
mod latest;
mod pods;
mod rank;
mod time;

pub use controllers::controllers;
pub use daemon_set::DaemonSets;
pub use deployment::Deployments;
pub use disruption::Disruption;
pub use job::Jobs;
pub use replica_set::{ReplicaSets, ReplicationControllers};
pub use stateful_set::StatefulSets;
pub use ttl::TtlAfterFinished;
