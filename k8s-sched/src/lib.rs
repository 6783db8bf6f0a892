#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod labels;
mod node;
mod pod;
mod requirement;
mod resources;

mod cache;
mod nominator;
mod snapshot;
mod surroundings;

mod cluster_state;
mod explain;
mod fixture;
mod simulation;

mod error;
mod profile;
mod state;
mod status;

pub mod config;
pub mod convert;
pub mod engine;
pub mod event;
pub mod plugin;
pub mod queue;

mod runner;

pub use cache::Cache;
pub use cluster_state::{ClusterState, Plan};
pub use engine::{Decision, Diagnosis, Engine, Failure};
pub use error::Error;
pub use explain::{Explanation, NodeExplanation};
pub use k8s_api::selector::Selector;
pub use labels::Labels;
pub use node::{NodeFacts, NodeInfo, Taint, TaintEffect};
pub use nominator::Nominator;
pub use plugin::{Filter, MAX_SCORE, MIN_SCORE, Plugin, Registry, Score};
pub use pod::{AffinityTerm, HostPort, PodAffinity, PodInfo, SpreadConstraint, Toleration};
pub use profile::{DEFAULT_SCHEDULER_NAME, Profile, Profiles};
pub use queue::{Queue, QueueOptions, QueuedPod};
pub use requirement::{NodeExpression, NodeRequirement, NodeTerm, NodeTest, PreferredNodes};
pub use resources::Resources;
pub use runner::{Scheduler, WaitingPods};
pub use simulation::{Outcome, Simulation};
pub use snapshot::Snapshot;
pub use state::CycleState;
pub use status::{Reason, Reasons, Status};
pub use surroundings::{Budget, Surroundings};
