#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod endpoint_slice;
mod endpoints;
mod index;
mod namespace;
mod node;
mod pod_gc;
mod root_ca;
mod service;
mod service_account;

pub use endpoint_slice::EndpointSlices;
pub use endpoints::Endpoints;
pub use namespace::Namespaces;
pub use pod_gc::PodGarbageCollector;
pub use root_ca::RootCaPublisher;
pub use service_account::ServiceAccounts;
