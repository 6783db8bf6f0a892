#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod action;
mod context;
mod controller;
mod error;
mod manager;
mod names;
mod reconciler;

pub mod batch;
pub mod edit;
pub mod expectations;
pub mod owner;
pub mod pod;

pub use action::Action;
pub use context::Context;
pub use controller::Controller;
pub use error::Error;
pub use manager::{Controllers, Running};
pub use names::UnknownController;
pub use reconciler::{Reconcile, Reconciler};
