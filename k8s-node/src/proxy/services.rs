use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use k8s_api::Kind;
use k8s_api_client::informer::Event;
use k8s_api_client::{Informer, Informers};
use k8s_cni::{NodeAddresses, Service as Rule, ServiceDelta, ServiceProxy};
use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::discovery::v1::EndpointSlice;

use super::compile;

/// The index of slices by the service that they belong to.
const BY_SERVICE: &str = "service";

/// Follows services and their endpoints and keeps a proxy's rules up to date.
#[derive(Debug)]
pub struct Compiler {
    node: String,
    services: Informer<Service>,
    slices: Informer<EndpointSlice>,
}

impl Compiler {
    /// A compiler for the node of this name.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn new(node: &str, informers: &Informers) -> Self {
        let slices = informers.get::<EndpointSlice>();
        slices.add_index(BY_SERVICE, |slice| service_of(slice).into_iter().collect());
        Self { node: node.to_owned(), services: informers.get(), slices }
    }

    /// Runs until the informers end. Changes that come together become one step.
    pub async fn run(self, proxy: Arc<dyn ServiceProxy>, addresses: NodeAddresses) {
        if let Err(error) = proxy.set_node_addresses(addresses).await {
            tracing::warn!(node = self.node, %error, "node ports stay closed");
        }
        let (mut services, mut slices) = (self.services.subscribe(), self.slices.subscribe());
        if !(self.services.synced().await && self.slices.synced().await) {
            return;
        }
        let mut rules = BTreeMap::new();
        let all = self.services.reader().list();
        for service in &all {
            rules.insert(key(service.namespace(), service.name()), self.compile(service));
        }
        let first = rules.values().flatten().cloned().collect();
        if let Err(error) = proxy.replace(first).await {
            tracing::warn!(node = self.node, %error, "services do not work");
        }
        let mut dirty = BTreeSet::new();
        loop {
            tokio::select! {
                biased;
                batch = services.next_batch() => {
                    let Some(batch) = batch else { return };
                    dirty.extend(batch.iter().map(Event::object).map(|s| key(s.namespace(), s.name())));
                }
                batch = slices.next_batch() => {
                    let Some(batch) = batch else { return };
                    let both = batch.iter().flat_map(|event| event.previous().into_iter().chain(event.current()));
                    dirty.extend(both.filter_map(|slice| service_of(slice)));
                }
            }
            self.update(&proxy, &mut rules, std::mem::take(&mut dirty)).await;
        }
    }

    async fn update(
        &self,
        proxy: &Arc<dyn ServiceProxy>,
        rules: &mut BTreeMap<String, Vec<Arc<Rule>>>,
        dirty: BTreeSet<String>,
    ) {
        let mut delta = ServiceDelta::default();
        for key in dirty {
            let (namespace, name) = key.split_once('/').unwrap_or(("", &key));
            let service = self.services.reader().get(namespace, name);
            let new = service.map(|service| self.compile(&service)).unwrap_or_default();
            let old = rules.remove(&key).unwrap_or_default();
            let gone = old.iter().filter(|old| !new.iter().any(|new| new.name == old.name));
            delta.remove.extend(gone.map(|rule| rule.name.clone()));
            delta.upsert.extend(new.iter().filter(|new| !old.contains(new)).cloned());
            if !new.is_empty() {
                rules.insert(key, new);
            }
        }
        if delta.remove.is_empty() && delta.upsert.is_empty() {
            return;
        }
        if let Err(error) = proxy.apply(delta).await {
            tracing::warn!(node = self.node, %error, "changes of services do not work yet");
            let all = rules.values().flatten().cloned().collect();
            if let Err(error) = proxy.replace(all).await {
                tracing::warn!(node = self.node, %error, "services keep their old rules");
            }
        }
    }

    fn compile(&self, service: &Service) -> Vec<Arc<Rule>> {
        let key = key(service.namespace(), service.name());
        let slices = self.slices.reader().by_index(BY_SERVICE, &key);
        compile::rules(&self.node, service, &slices).into_iter().map(Arc::new).collect()
    }
}

fn key(namespace: &str, name: &str) -> String {
    format!("{namespace}/{name}")
}

fn service_of(slice: &EndpointSlice) -> Option<String> {
    let name = slice.metadata.labels.as_ref()?.get("kubernetes.io/service-name")?;
    Some(key(slice.namespace(), name))
}
