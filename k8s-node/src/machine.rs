//! What the node says about itself: its object, its lease, its status.
//!
//! Upstream: `pkg/kubelet/kubelet_node_status.go`, `pkg/kubelet/nodestatus`.

mod describe; // the node object
mod heartbeat; // lease and status, again and again
mod register;

pub(crate) use describe::Description;
pub(crate) use heartbeat::{Heartbeat, say_leaving};
pub(crate) use register::register;
