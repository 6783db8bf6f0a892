#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod all;
mod endpoint_mirror;
mod endpoint_slice;
mod endpoints;
mod garbage_collector;
mod index;
mod namespace;
mod node;
mod node_lifecycle;
mod pod_gc;
mod root_ca;
mod service;
mod service_account;
mod service_account_token;
mod taint_eviction;

pub use all::all;
pub use endpoint_mirror::EndpointSliceMirroring;
pub use endpoint_slice::EndpointSlices;
pub use endpoints::Endpoints;
pub use garbage_collector::GarbageCollector;
pub use namespace::Namespaces;
pub use node_lifecycle::NodeLifecycle;
pub use pod_gc::PodGarbageCollector;
pub use root_ca::RootCaPublisher;
pub use service_account::ServiceAccounts;
pub use service_account_token::ServiceAccountTokens;
pub use taint_eviction::TaintEviction;
