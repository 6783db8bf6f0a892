//! Config maps and secrets, each watched by itself as long as a pod of this node uses it: a node may read no others.
//!
//! Upstream: `pkg/kubelet/util/manager`, the strategy that watches.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use k8s_api::Kind;
use k8s_api_client::informer::{Registration, Selection};
use k8s_api_client::{Client, Informer, Informers, ObjectKey};
use k8s_env::Env;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use parking_lot::Mutex;

use crate::pod::Mailbox;

/// The config maps and secrets that pods of a node use.
pub(crate) struct Objects {
    client: Client,
    env: Env,
    config_maps: Watches<ConfigMap>,
    secrets: Watches<Secret>,
}

/// Keeps one object watched and wakes the pods that asked for it.
pub(crate) struct Watched<K> {
    informer: Informer<K>,
    key: ObjectKey,
    listeners: Arc<Mutex<Vec<Weak<Mailbox>>>>,
    _registration: Registration,
    _informers: Informers,
}

type Watches<K> = Mutex<BTreeMap<ObjectKey, Weak<Watched<K>>>>;

impl Objects {
    pub(crate) fn new(client: Client, env: Env) -> Self {
        Self { client, env, config_maps: Mutex::default(), secrets: Mutex::default() }
    }

    pub(crate) fn config_map(&self, namespace: &str, name: &str) -> Arc<Watched<ConfigMap>> {
        self.watch(&self.config_maps, namespace, name)
    }

    pub(crate) fn secret(&self, namespace: &str, name: &str) -> Arc<Watched<Secret>> {
        self.watch(&self.secrets, namespace, name)
    }

    fn watch<K: Kind>(&self, watches: &Watches<K>, namespace: &str, name: &str) -> Arc<Watched<K>> {
        let key = ObjectKey::new(namespace, name);
        let mut watches = watches.lock();
        if let Some(watched) = watches.get(&key).and_then(Weak::upgrade) {
            return watched;
        }
        watches.retain(|_, watched| watched.strong_count() > 0);
        let watched = Arc::new(Watched::start(&self.client, &self.env, key.clone()));
        watches.insert(key, Arc::downgrade(&watched));
        watched
    }
}

impl<K: Kind> Watched<K> {
    fn start(client: &Client, env: &Env, key: ObjectKey) -> Self {
        let informers = Informers::new(client.clone(), env.clone());
        let selection = Selection::namespace(key.namespace()).fields(format!("metadata.name={}", key.name()));
        let informer = informers.select::<K>(selection);
        let listeners: Arc<Mutex<Vec<Weak<Mailbox>>>> = Arc::default();
        let told = listeners.clone();
        let registration = informer.handle(move |_| {
            told.lock().retain(|mailbox| mailbox.upgrade().map(|mailbox| mailbox.objects_changed()).is_some());
        });
        Self { informer, key, listeners, _registration: registration, _informers: informers }
    }

    /// The object as it is now; `None` when there is none. Waits for the first answer of the server.
    pub(crate) async fn get(&self) -> Option<Arc<K>> {
        if !self.informer.is_synced() {
            self.informer.synced().await;
        }
        self.informer.reader().find(&self.key)
    }

    /// Wakes a pod at every further change of the object.
    pub(crate) fn tell(&self, mailbox: &Arc<Mailbox>) {
        let mut listeners = self.listeners.lock();
        listeners.retain(|listener| listener.strong_count() > 0);
        if !listeners.iter().any(|listener| listener.as_ptr() == Arc::as_ptr(mailbox)) {
            listeners.push(Arc::downgrade(mailbox));
        }
    }
}
