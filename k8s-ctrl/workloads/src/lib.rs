#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod controllers;

mod deployment;
mod replica_set;

mod int_or_percent;
mod latest;
mod pods;
mod time;

pub use controllers::controllers;
pub use deployment::Deployments;
pub use replica_set::{ReplicaSets, ReplicationControllers};
