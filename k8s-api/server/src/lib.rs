#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod server;

mod core;
mod resource;
mod storage;
mod verbs;

mod bootstrap;
mod paths;
mod reviews;
mod services;
mod subresource;
mod tokens;

pub mod admission;
pub mod authorize;
pub mod http;

pub use server::{ApiServer, ApiServerBuilder};
