#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod server;

mod fault;
mod quiet;

pub use fault::Fault;
pub use server::TestServer;
