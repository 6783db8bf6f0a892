#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod strategy;

pub use strategy::{AnyStrategy, Facts, NameRule, Strategy};
