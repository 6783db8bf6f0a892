use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use k8s_store::{Leases, Maintenance, Store};

/// A store as the cases take it.
pub fn store(store: impl Store) -> Arc<dyn Store> {
    Arc::new(store)
}

/// A store with leases, as the cases of leases take it.
pub fn leased<S: Store + Leases>(store: S) -> Leased {
    let store = Arc::new(store);
    Leased { leases: Arc::clone(&store) as Arc<dyn Leases>, store }
}

/// A store with its upkeep, as the cases of upkeep take it.
pub fn maintained<S: Store + Maintenance>(store: S) -> Maintained {
    let store = Arc::new(store);
    Maintained { maintenance: Arc::clone(&store) as Arc<dyn Maintenance>, store }
}

/// A place that `open` opens, as the cases of reopening take it.
pub fn place<S, F>(open: impl Fn() -> F + Send + Sync + 'static) -> Place
where
    S: Store + Leases + Maintenance,
    F: Future<Output = S> + Send + 'static,
{
    Place(Box::new(move || {
        let opening = open();
        Box::pin(async move {
            let store = Arc::new(opening.await);
            Opened {
                leases: Arc::clone(&store) as Arc<dyn Leases>,
                maintenance: Arc::clone(&store) as Arc<dyn Maintenance>,
                store,
            }
        })
    }))
}

/// One store, seen as both.
#[derive(Debug)]
pub struct Leased {
    /// The store.
    pub store: Arc<dyn Store>,
    /// Its leases.
    pub leases: Arc<dyn Leases>,
}

/// One store, seen as both.
#[derive(Debug)]
pub struct Maintained {
    /// The store.
    pub store: Arc<dyn Store>,
    /// Its upkeep.
    pub maintenance: Arc<dyn Maintenance>,
}

/// One store, seen as all it is. Dropping it drops the store.
#[derive(Debug)]
pub struct Opened {
    /// The store.
    pub store: Arc<dyn Store>,
    /// Its leases.
    pub leases: Arc<dyn Leases>,
    /// Its upkeep.
    pub maintenance: Arc<dyn Maintenance>,
}

type Opening = Pin<Box<dyn Future<Output = Opened> + Send>>;

/// Where a store keeps what it keeps.
pub struct Place(Box<dyn Fn() -> Opening + Send + Sync>);

impl Place {
    /// Opens what is there.
    pub async fn open(&self) -> Opened {
        (self.0)().await
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Place")
    }
}
