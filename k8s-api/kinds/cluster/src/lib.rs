#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod admission;
mod api_service;
mod certificate;
mod checks;
mod controller_revision;
mod csi;
mod custom_resource;
mod devices;
mod flow_control;
mod ingress;
mod limit_range;
mod network_policy;
mod priority_class;
mod rbac;
mod resource_quota;
mod resources;
mod runtime_class;
mod service_cidr;
mod storage_class;
mod table;
mod trees;
mod volume;

pub mod autoscaler;
pub mod config_map;
pub mod endpoint_slice;
pub mod endpoints;
pub mod event;
pub mod lease;
pub mod namespace;
pub mod node;
pub mod secret;
pub mod service;
pub mod service_account;

pub use table::strategies;
