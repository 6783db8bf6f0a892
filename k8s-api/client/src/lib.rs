#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod api;
mod client;
mod options;
mod request;
mod response;
mod transport;

pub use api::{Api, DynamicApi, TypedList};
pub use client::Client;
pub use options::{
    DeleteOptions, FieldValidation, ListOptions, Preconditions, Propagation, VersionMatch, WriteOptions,
};
pub use request::{Body, Call, MediaType, PatchKind, Request, ResourceTarget, Target};
pub use response::{ByteStream, List, Raw, RawBody, Reply, Response, WatchEvent, WatchStream};
pub use transport::Transport;
