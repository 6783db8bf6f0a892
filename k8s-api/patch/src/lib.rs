#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod gotext;
mod json;
mod yaml;

pub mod decode;
pub mod patch;
