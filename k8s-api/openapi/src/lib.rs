#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod discovery;

mod document;

mod definition;
mod describe;
mod gnostic;
mod hash;
mod operation;
mod parameter;
mod path;

pub use describe::Descriptions;
pub use document::{v2, v2_hash, v2_protobuf, v3, v3_hash, v3_index};
