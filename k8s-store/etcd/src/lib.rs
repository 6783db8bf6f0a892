#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod etcd;

mod leases;
mod maintenance;
mod watch;

mod call;
mod failure;
mod login;
mod net;
mod wire;

mod builder;

pub use builder::Builder;
pub use etcd::Etcd;
pub use net::{ClientTls, Connect, Io};
