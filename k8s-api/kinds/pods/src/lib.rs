#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod amounts;
mod blank;
mod checks;
mod conditions;
mod cron_job;
mod daemon_set;
mod deployment;
mod image;
mod job;
mod pod_disruption_budget;
mod pod_template;
mod replica_set;
mod replication_controller;
mod selecting;
mod stateful_set;
mod table;
mod template;

pub mod pod;

pub use cron_job::CronJob;
pub use daemon_set::DaemonSet;
pub use deployment::Deployment;
pub use job::Job;
pub use pod::Pod;
pub use pod_disruption_budget::PodDisruptionBudget;
pub use pod_template::PodTemplate;
pub use replica_set::ReplicaSet;
pub use replication_controller::ReplicationController;
pub use stateful_set::StatefulSet;
pub use table::strategies;
