#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod controllers;

mod deployment;
mod disruption;
mod job;
mod replica_set;

mod int_or_percent;
mod latest;
mod pods;
mod rank;
mod time;

pub use controllers::controllers;
pub use deployment::Deployments;
pub use disruption::Disruption;
pub use job::Jobs;
pub use replica_set::{ReplicaSets, ReplicationControllers};
