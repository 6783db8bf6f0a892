#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod at;
mod generic;
mod strategy;

pub mod canonical;
pub mod ip;
pub mod labels;
pub mod metadata;
pub mod names;
pub mod shown;

pub use at::At;
pub use generic::{Generic, count};
pub use strategy::{AnyStrategy, Facts, NameRule, Strategy};
