#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod api;
pub mod apply;
mod backoff;
mod client;
pub mod discovery;
pub mod events;
pub mod informer;
mod key;
pub mod leader;
mod node;
mod options;
pub mod queue;
mod request;
mod response;
mod transport;
mod until;
mod watcher;

pub use api::{Api, DynamicApi, TypedList};
pub use backoff::Backoff;
pub use client::Client;
pub use events::Recorder;
pub use informer::{Informer, Informers};
pub use key::ObjectKey;
pub use leader::{Candidate, Election, Leadership};
pub use node::{NodeApi, NodeConnector, NodeRegistry};
pub use options::{
    DeleteOptions, FieldValidation, ListOptions, Preconditions, Propagation, VersionMatch, WriteOptions,
};
pub use queue::Queue;
pub use request::{Body, Call, MediaType, PatchKind, Request, ResourceTarget, Target};
pub use response::{ByteStream, List, Raw, RawBody, Reply, Response, WatchEvent, WatchStream};
pub use transport::Transport;
pub use watcher::{Change, Step, Watcher};
