#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

// A machine joins the cluster.
mod builder;
mod error;
mod hollow;
mod machine; // what the node says about itself
mod node;

// Its pods.
mod admission; // which pods it takes
mod backoff;
mod compile; // from API objects to what traits understand
mod context; // what all parts of one node share
mod objects; // config maps and secrets, watched while a pod uses them
mod pod; // one pod's life
mod pods; // all pods of the node
mod probe;
mod qos;
mod time;

// What others ask it.
mod server;

pub mod proxy;

pub use builder::NodeBuilder;
pub use error::Error;
pub use hollow::{HollowMachine, HollowNode};
pub use node::Node;
