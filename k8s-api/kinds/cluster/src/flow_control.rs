//! Flow schemas and priority levels.
//!
//! Upstream: `pkg/apis/flowcontrol`.

mod fixed;
mod level;
mod schema;

pub(crate) use level::PriorityLevels;
pub(crate) use schema::FlowSchemas;
