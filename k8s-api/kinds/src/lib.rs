#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod at;
mod strategy;

pub mod labels;
pub mod metadata;
pub mod names;
pub mod shown;

pub use at::At;
pub use strategy::{AnyStrategy, Facts, NameRule, Strategy};
