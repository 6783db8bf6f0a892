//! Objects over a [`Store`](k8s_store::Store): where they lie, the watch cache that all readers share, and the
//! conditional writes.

mod cache;
mod entry;
mod form;
mod keys;
mod selection;
mod watcher;

pub(crate) use cache::Cache;
pub(crate) use entry::Entry;
pub(crate) use form::Form;
pub(crate) use keys::Keys;
pub(crate) use selection::Selection;
pub(crate) use watcher::{Start, WatchPlan, Watcher};

use k8s_api::Status;

/// What a store's failure means to a client.
pub(crate) fn store_status(error: k8s_store::Error) -> Status {
    match error {
        k8s_store::Error::Compacted { .. } => Status::expired("The resourceVersion for the provided list is too old."),
        k8s_store::Error::Unavailable { .. } | k8s_store::Error::Closed => {
            Status::unavailable("the store is not available")
        }
        k8s_store::Error::Uncertain { .. } => Status::timeout("the store did not say whether it wrote", 1),
        other => Status::internal(other),
    }
}
