//! From API objects to what scheduling sees of them. Nothing else in this crate looks at API structs of pods and
//! nodes to decide.

mod node;
mod pod;
mod resources;
mod surroundings;

pub use node::node;
pub use pod::{node_affinity, pod, spread_constraint};
pub use surroundings::{budget, replica_set, replication_controller, service, stateful_set};

use k8s_api::selector::Selector;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};

use crate::Error;

fn selector(meta: &ObjectMeta, kind: &str, selector: Option<&LabelSelector>) -> Result<Selector, Error> {
    Selector::of(selector).map_err(|error| unreadable(meta, kind, error.to_string()))
}

fn unreadable(meta: &ObjectMeta, kind: &str, message: String) -> Error {
    let name = meta.name.as_deref().unwrap_or_default();
    let object = match meta.namespace.as_deref() {
        Some(namespace) => format!("{kind} {namespace}/{name}"),
        None => format!("{kind} {name}"),
    };
    Error::Object { object, message }
}

/// Shares a text; the empty one for none.
fn text(text: Option<&str>) -> std::sync::Arc<str> {
    text.unwrap_or_default().into()
}
