//! The client and what is built on it, on a true API server where one is needed.

mod apply;
mod events;
mod informer;
mod leader;
mod queue;
mod world;
