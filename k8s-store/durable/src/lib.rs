#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod builder;
mod store;

mod leases;
mod maintenance;

mod queue;
mod writer;

mod checkpoint;
mod keeper;
mod walk;

mod log;
mod recover;
mod segments;
mod upgrade;
mod verdict;

pub mod disk;
pub mod format;
pub mod tools;

mod bell;
mod failure;

pub use builder::{Builder, Durability};
pub use store::Durable;
