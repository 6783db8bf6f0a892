//! The controller runtime, on a true API server where one is needed.

mod batch;
mod expectations;
mod manager;
mod owner;
mod reconciler;
mod world;
