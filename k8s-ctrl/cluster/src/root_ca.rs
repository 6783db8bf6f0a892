//! Every active namespace has the certificates that vouch for the API server.
//!
//! Upstream: `k8s.io/kubernetes/pkg/controller/certificates/rootcacertpublisher`.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use k8s_api_client::informer::{Event, Reader};
use k8s_api_client::{Client, ObjectKey};
use k8s_ctrl::edit::edit;
use k8s_ctrl::{Action, Context, Controller, Error, Reconcile, Reconciler};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use serde_json::json;

use crate::service_account::{is_active, is_namespace_terminating};

const NAME: &str = "kube-root-ca.crt";
const ANNOTATION: &str = "kubernetes.io/description";
const DESCRIPTION: &str = "Contains a CA bundle that can be used to verify the kube-apiserver when using internal \
    endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across \
    distributions of Kubernetes clusters.";

/// Publishes the CA bundle as the config map `kube-root-ca.crt` in every active namespace.
#[derive(Clone, Debug)]
pub struct RootCaPublisher {
    bundle: Arc<str>,
}

struct Sync {
    client: Client,
    maps: Reader<ConfigMap>,
    bundle: Arc<str>,
}

impl RootCaPublisher {
    /// A publisher of this bundle: certificates in PEM.
    pub fn new(bundle: impl Into<Arc<str>>) -> Self {
        Self { bundle: bundle.into() }
    }
}

#[async_trait]
impl Controller for RootCaPublisher {
    fn name(&self) -> &'static str {
        "root-ca-certificate-publisher-controller"
    }

    fn account(&self) -> &'static str {
        "root-ca-cert-publisher"
    }

    async fn run(&self, ctx: Context) {
        let namespaces = ctx.informers().get::<Namespace>();
        let maps = ctx.informers().get::<ConfigMap>();
        let sync = Sync { client: ctx.client().clone(), maps: maps.reader(), bundle: self.bundle.clone() };
        Reconciler::new(self.name())
            .workers(1)
            .maps(&namespaces, |event, keys| match event {
                Event::Added(namespace) => keys.push(ObjectKey::of(&**namespace)),
                Event::Updated { new, .. } if is_active(new) => keys.push(ObjectKey::of(&**new)),
                _ => {}
            })
            .maps(&maps, |event, keys| {
                let map = &event.object().metadata;
                if map.name.as_deref() == Some(NAME) && !matches!(event, Event::Added(_)) {
                    keys.push(ObjectKey::new("", map.namespace.as_deref().unwrap_or_default()));
                }
            })
            .run(Arc::new(sync))
            .await;
    }
}

#[async_trait]
impl Reconcile for Sync {
    async fn reconcile(&self, key: &ObjectKey) -> Result<Action, Error> {
        let namespace = key.name();
        let data = BTreeMap::from([("ca.crt".to_owned(), self.bundle.to_string())]);
        let Some(map) = self.maps.get(namespace, NAME) else {
            let mut map = ConfigMap::default();
            map.metadata.name = Some(NAME.to_owned());
            map.metadata.annotations = Some(BTreeMap::from([(ANNOTATION.to_owned(), DESCRIPTION.to_owned())]));
            map.data = Some(data);
            return match self.client.namespaced::<ConfigMap>(namespace).create(map).await {
                Err(status) if !status.is_not_found() && !is_namespace_terminating(&status) => Err(status.into()),
                _ => Ok(Action::Done),
            };
        };
        let annotations = map.metadata.annotations.as_ref();
        let described = annotations.and_then(|a| a.get(ANNOTATION)).is_some_and(|text| !text.is_empty());
        if map.data.as_ref() != Some(&data) || !described {
            edit::<ConfigMap>(&self.client, namespace, NAME, "", |map| {
                map.rest.insert("data".to_owned(), json!(data));
                let annotations = map.metadata.annotations.get_or_insert_default();
                annotations.insert(ANNOTATION.to_owned(), DESCRIPTION.to_owned());
                true
            })
            .await?;
        }
        Ok(Action::Done)
    }
}
