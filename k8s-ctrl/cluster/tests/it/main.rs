//! The controllers of the cluster on a true API server over the memory store, in simulated time.

mod endpoints;
mod garbage;
mod namespaces;
mod nodes;
mod quiet;
mod tokens;
mod world;
