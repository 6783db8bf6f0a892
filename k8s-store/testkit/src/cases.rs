//! The cases, one module for each subject. Each takes a fresh store and panics if a promise is broken.

use std::sync::Arc;

use k8s_store::{Leases, Store};

pub mod bounds;
pub mod compaction;
pub mod comparisons;
pub mod concurrency;
pub mod leases;
pub mod past;
pub mod progress;
pub mod ranges;
pub mod resumption;
pub mod revisions;
pub mod transactions;
pub mod watches;

mod support;

/// A store as the cases take it.
pub fn store(store: impl Store) -> Arc<dyn Store> {
    Arc::new(store)
}

/// A store with leases, as the cases of leases take it.
pub fn leased<S: Store + Leases>(store: S) -> Leased {
    let store = Arc::new(store);
    Leased { leases: Arc::clone(&store) as Arc<dyn Leases>, store }
}

/// One store, seen as both.
#[derive(Debug)]
pub struct Leased {
    /// The store.
    pub store: Arc<dyn Store>,
    /// Its leases.
    pub leases: Arc<dyn Leases>,
}
