//! An `IPAddress` object for each cluster address of a service.
//!
//! Addresses are given out by what services hold, not by these objects: they follow the services, are there a moment
//! after them, and nothing depends on them.
//!
//! Upstream: `pkg/registry/core/service/ipallocator`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use k8s_api::{Object, Status, UserInfo};
use k8s_api_client::{Api, Change, Client, DeleteOptions, ListOptions, Step, Watcher};
use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::networking::v1::{IPAddress, IPAddressSpec, ParentReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use tokio::time::timeout;

use super::{IPV4, IPV6, NONE};
use crate::core::Core;

/// How long what failed is left alone.
const PAUSE: Duration = Duration::from_secs(1);
const FAMILY: &str = "ipaddress.kubernetes.io/ip-family";
const MANAGED_BY: &str = "ipaddress.kubernetes.io/managed-by";
const ALLOCATOR: &str = "ipallocator.k8s.io";

/// Keeps the objects in step with the services, for ever.
pub(crate) async fn follow(core: Arc<Core>) {
    let env = core.env.clone();
    let client = Client::new(core, UserInfo::apiserver());
    let services = client.api::<Service>().dynamic().clone();
    let mut watcher = Watcher::new(services, ListOptions::default(), &env);
    let mut mirror =
        Mirror { api: client.api(), services: BTreeMap::new(), held: BTreeMap::new(), open: BTreeSet::new() };
    loop {
        let step =
            if mirror.open.is_empty() { Some(watcher.next().await) } else { timeout(PAUSE, watcher.next()).await.ok() };
        if let Some(step) = step {
            mirror.learn(step).await;
        }
        mirror.settle().await;
    }
}

/// The object that says that a service has this address.
pub(crate) fn object(address: &str, namespace: &str, name: &str) -> IPAddress {
    let family = if address.contains(':') { IPV6 } else { IPV4 };
    let labels = [(FAMILY, family), (MANAGED_BY, ALLOCATOR)].map(|(key, value)| (key.to_owned(), value.to_owned()));
    let metadata =
        ObjectMeta { name: Some(address.to_owned()), labels: Some(BTreeMap::from(labels)), ..ObjectMeta::default() };
    let parent_ref = ParentReference {
        group: None,
        resource: "services".to_owned(),
        namespace: Some(namespace.to_owned()),
        name: name.to_owned(),
    };
    IPAddress { metadata, spec: IPAddressSpec { parent_ref } }
}

/// The namespace and name of a service.
type Holder = (String, String);

struct Mirror {
    api: Api<IPAddress>,
    /// What addresses a service has.
    services: BTreeMap<Holder, Vec<String>>,
    /// Who holds an address.
    held: BTreeMap<String, Holder>,
    /// Addresses whose objects may be wrong.
    open: BTreeSet<String>,
}

impl Mirror {
    async fn learn(&mut self, step: Step) {
        match step {
            Step::Replaced(services) => {
                self.services.clear();
                self.open.extend(std::mem::take(&mut self.held).into_keys());
                for service in &services {
                    self.set(service);
                }
                let label_selector = format!("{MANAGED_BY}={ALLOCATOR}");
                let known = self.api.list(ListOptions { label_selector, ..ListOptions::default() }).await;
                let known = known.map(|list| list.items).unwrap_or_default();
                self.open.extend(known.iter().filter_map(|address| address.metadata.name.clone()));
            }
            Step::Changed(changes) => {
                for change in changes {
                    match change {
                        Change::Set(service) => self.set(&service),
                        Change::Removed(service) => self.hold(holder(&service), Vec::new()),
                    }
                }
            }
        }
    }

    fn set(&mut self, object: &Object) {
        let Ok(service) = object.typed::<Service>() else { return };
        let addresses = service.spec.as_ref().and_then(|spec| spec.cluster_ips.as_ref());
        let addresses = addresses.into_iter().flatten().filter(|address| *address != NONE);
        self.hold(holder(object), addresses.cloned().collect());
    }

    /// Learns what addresses a service has, and so which it has no more.
    fn hold(&mut self, holder: Holder, addresses: Vec<String>) {
        for address in self.services.get(&holder).into_iter().flatten() {
            if !addresses.contains(address) && self.held.get(address) == Some(&holder) {
                self.held.remove(address);
                self.open.insert(address.clone());
            }
        }
        for address in &addresses {
            if self.held.get(address) != Some(&holder) {
                self.held.insert(address.clone(), holder.clone());
                self.open.insert(address.clone());
            }
        }
        if addresses.is_empty() {
            self.services.remove(&holder);
        } else {
            self.services.insert(holder, addresses);
        }
    }

    /// Writes what is open; what fails stays so.
    async fn settle(&mut self) {
        for address in std::mem::take(&mut self.open) {
            if let Err(status) = self.write(&address).await {
                tracing::warn!(address, %status, "the object of a service's address was not written");
                self.open.insert(address);
            }
        }
    }

    async fn write(&self, address: &str) -> Result<(), Status> {
        let known = self.api.find(address).await?;
        let wanted = self.held.get(address).map(|(namespace, name)| object(address, namespace, name));
        if known.as_ref().map(|known| &known.spec) == wanted.as_ref().map(|wanted| &wanted.spec) {
            return Ok(());
        }
        if known.is_some() {
            self.api.delete(address, DeleteOptions::default()).await?;
        }
        match wanted {
            Some(wanted) => self.api.create(wanted).await.map(drop),
            None => Ok(()),
        }
    }
}

fn holder(service: &Object) -> Holder {
    (service.meta().namespace.clone(), service.meta().name.clone())
}
