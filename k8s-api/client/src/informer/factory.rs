use std::any::{Any, TypeId};
use std::fmt;
use std::sync::Arc;

use k8s_api::Kind;
use k8s_env::{Env, Tasks};
use parking_lot::Mutex;

use super::Informer;
use crate::watcher::Watcher;
use crate::{Client, ListOptions};

/// The informers of one client: one for each kind and selection, started at the first call for it and shared by all
/// who ask. Cloning shares; when the last clone is dropped all informers end.
///
/// Upstream: `k8s.io/client-go/informers.SharedInformerFactory`.
#[derive(Clone)]
pub struct Informers(Arc<Inner>);

struct Inner {
    client: Client,
    env: Env,
    started: Mutex<Vec<Started>>,
    tasks: Tasks,
}

struct Started {
    kind: TypeId,
    selection: Selection,
    informer: Arc<dyn Any + Send + Sync>,
}

/// Which objects of a kind an informer follows; the default is all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Only those of this namespace; empty for all.
    pub namespace: String,
    /// Only what these labels select.
    pub labels: String,
    /// Only what these fields select.
    pub fields: String,
}

impl Informers {
    /// Informers that read as `client`'s identity. Nothing is sent before the first is asked for.
    pub fn new(client: Client, env: Env) -> Self {
        Self(Arc::new(Inner { client, env, started: Mutex::default(), tasks: Tasks::new() }))
    }

    /// The client they read with.
    pub fn client(&self) -> &Client {
        &self.0.client
    }

    /// The informer of all objects of a kind.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn get<K: Kind>(&self) -> Informer<K> {
        self.select(Selection::default())
    }

    /// The informer of some objects of a kind.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn select<K: Kind>(&self, selection: Selection) -> Informer<K> {
        let mut started = self.0.started.lock();
        let shared = started.iter().find(|s| s.kind == TypeId::of::<K>() && s.selection == selection);
        if let Some(informer) = shared.and_then(|s| s.informer.downcast_ref::<Informer<K>>()) {
            return informer.clone();
        }
        let informer = Informer::new();
        self.start(&informer, &selection);
        started.push(Started { kind: TypeId::of::<K>(), selection, informer: Arc::new(informer.clone()) });
        informer
    }

    fn start<K: Kind>(&self, informer: &Informer<K>, selection: &Selection) {
        let api = self.0.client.dynamic(K::gvr(), &selection.namespace);
        let options = ListOptions::default().labels(&selection.labels).fields(&selection.fields);
        self.0.tasks.spawn(informer.clone().follow(Watcher::new(api, options, &self.0.env)));
    }

    /// Ends all informers and waits until their tasks are gone.
    pub async fn stop(&self) {
        self.0.tasks.stop().await;
    }
}

impl Selection {
    /// All objects of one namespace.
    pub fn namespace(namespace: impl Into<String>) -> Self {
        Self { namespace: namespace.into(), ..Self::default() }
    }

    /// Only what these labels select.
    pub fn labels(mut self, selector: impl Into<String>) -> Self {
        self.labels = selector.into();
        self
    }

    /// Only what these fields select.
    pub fn fields(mut self, selector: impl Into<String>) -> Self {
        self.fields = selector.into();
        self
    }
}

impl fmt::Debug for Informers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Informers({} started)", self.0.started.lock().len())
    }
}
