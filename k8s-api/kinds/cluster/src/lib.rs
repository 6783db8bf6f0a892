#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod checks;
mod resources;
mod table;

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
