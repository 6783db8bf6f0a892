#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod server;

mod connection;
mod serve;
mod service;
mod tls;

mod auth;
mod cluster;
mod kv;
mod lease;
mod maintenance;
mod range;
pub mod snapshot;
mod watch;

mod node;
mod status;
mod wire;

mod error;

pub use error::Error;
pub use node::Backend;
pub use serve::Server;
pub use server::{Builder, EtcdServer};
pub use service::EtcdService;
pub use tls::ServerTls;
