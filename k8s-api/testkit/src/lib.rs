#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod server;

mod fault;
mod http;
mod quiet;

pub use fault::Fault;
pub use http::{Http, HttpBody};
pub use server::TestServer;
