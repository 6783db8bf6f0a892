//! The node agent against a true API server, both in memory.

mod config;
mod lifecycle;
mod node;
mod probes;
mod proxy;
mod scale;
mod scene;
