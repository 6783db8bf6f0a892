use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use parking_lot::Mutex;

use super::Mailbox;
use crate::context::Context;
use crate::objects::Watched;

/// The config maps and secrets that a pod uses, watched as long as the pod lives.
pub(crate) struct Uses {
    mailbox: Arc<Mailbox>,
    config_maps: Mutex<BTreeMap<String, Arc<Watched<ConfigMap>>>>,
    secrets: Mutex<BTreeMap<String, Arc<Watched<Secret>>>>,
}

impl Uses {
    pub(crate) fn new(mailbox: Arc<Mailbox>) -> Self {
        Self { mailbox, config_maps: Mutex::default(), secrets: Mutex::default() }
    }

    /// A config map of the pod's namespace; `None` when there is none.
    pub(crate) async fn config_map(&self, context: &Context, namespace: &str, name: &str) -> Option<Arc<ConfigMap>> {
        let watched = {
            let mut all = self.config_maps.lock();
            all.entry(name.to_owned()).or_insert_with(|| context.objects.config_map(namespace, name)).clone()
        };
        let found = watched.get().await;
        watched.tell(&self.mailbox);
        found
    }

    /// A secret of the pod's namespace; `None` when there is none.
    pub(crate) async fn secret(&self, context: &Context, namespace: &str, name: &str) -> Option<Arc<Secret>> {
        let watched = {
            let mut all = self.secrets.lock();
            all.entry(name.to_owned()).or_insert_with(|| context.objects.secret(namespace, name)).clone()
        };
        let found = watched.get().await;
        watched.tell(&self.mailbox);
        found
    }
}
