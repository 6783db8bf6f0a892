#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod at;
mod diff;
mod generic;
mod strategy;
mod view;

pub mod canonical;
pub mod internal;
pub mod ip;
pub mod labels;
pub mod metadata;
pub mod names;
pub mod shown;

pub use at::At;
pub use generic::{Generic, Rules, count};
pub use strategy::{AnyStrategy, Facts, NameRule, Strategy};
pub use view::View;
