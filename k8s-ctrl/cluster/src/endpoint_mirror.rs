//! Copies endpoints that people wrote by hand, for services without a selector, into endpoint slices.
//!
//! Upstream: `k8s.io/kubernetes/pkg/controller/endpointslicemirroring`.

mod copy;

use std::sync::Arc;

use async_trait::async_trait;
use k8s_api::{Kind, Status};
use k8s_api_client::informer::{Event, Reader};
use k8s_api_client::{Client, DeleteOptions, ObjectKey};
use k8s_ctrl::edit::edit;
use k8s_ctrl::{Action, Context, Controller, Error, Reconcile, Reconciler};
use k8s_openapi::api::core::v1::{Endpoints, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use serde_json::json;

use crate::endpoint_slice::{MANAGED_BY, SERVICE_NAME};
use crate::service_account::is_namespace_terminating;

const MANAGER: &str = "endpointslicemirroring-controller.k8s.io";
const SKIP: &str = "endpointslice.kubernetes.io/skip-mirror";
const LEADER: &str = "control-plane.alpha.kubernetes.io/leader";

/// The index of mirrored slices by `namespace/endpoints`.
const BY_ENDPOINTS: &str = "k8s-ctrl/mirrored";

/// Mirrors hand-written endpoints into slices.
#[derive(Clone, Copy, Debug, Default)]
pub struct EndpointSliceMirroring;

struct Sync {
    client: Client,
    services: Reader<Service>,
    endpoints: Reader<Endpoints>,
    slices: Reader<EndpointSlice>,
}

#[async_trait]
impl Controller for EndpointSliceMirroring {
    fn name(&self) -> &'static str {
        "endpointslice-mirroring-controller"
    }

    fn account(&self) -> &'static str {
        "endpointslicemirroring-controller"
    }

    async fn run(&self, ctx: Context) {
        let informers = ctx.informers();
        let (services, endpoints) = (informers.get::<Service>(), informers.get::<Endpoints>());
        let slices = informers.get::<EndpointSlice>();
        slices.add_index(BY_ENDPOINTS, |slice| mirrored(slice).map(|key| key.to_string()).into_iter().collect());
        let sync = Sync {
            client: ctx.client().clone(),
            services: services.reader(),
            endpoints: endpoints.reader(),
            slices: slices.reader(),
        };
        Reconciler::new(self.name())
            .throttle(crate::endpoint_slice::PAUSE)
            .maps(&services, |event, keys| {
                let selects =
                    |service: &Arc<Service>| service.spec.as_ref().is_some_and(|spec| spec.selector.is_some());
                let turned = event.previous().map(selects) != event.current().map(selects);
                if turned {
                    keys.push(ObjectKey::of(&**event.object()));
                }
            })
            .maps(&endpoints, |event, keys| {
                if event.previous().is_some_and(|old| is_mirrored(old)) || is_mirrored(event.object()) {
                    keys.push(ObjectKey::of(&**event.object()));
                }
            })
            .maps(&slices, |event, keys| {
                if !matches!(event, Event::Added(_)) {
                    keys.extend(mirrored(event.object()));
                }
            })
            .run(Arc::new(sync))
            .await;
    }
}

#[async_trait]
impl Reconcile for Sync {
    async fn reconcile(&self, key: &ObjectKey) -> Result<Action, Error> {
        let service = self.services.find(key);
        let by_hand = service.is_some_and(|service| service.spec.as_ref().is_some_and(|spec| spec.selector.is_none()));
        let endpoints = self.endpoints.find(key).filter(|endpoints| by_hand && is_mirrored(endpoints));
        let mut wanted = endpoints.as_deref().map(copy::slices).unwrap_or_default();
        let mut left = Vec::new();
        for slice in self.slices.by_index(BY_ENDPOINTS, key.as_str()) {
            match wanted.iter().position(|wanted| copy::says_the_same(&slice, wanted)) {
                Some(at) => drop(wanted.remove(at)),
                None => left.push(slice),
            }
        }
        for slice in left {
            let place = wanted.iter().position(|wanted| wanted.address_type == slice.address_type);
            match place {
                Some(at) => self.overwrite(&slice, &wanted.remove(at)).await?,
                None => self.delete(&slice).await?,
            }
        }
        for slice in wanted {
            match self.client.namespaced::<EndpointSlice>(key.namespace()).create(slice).await {
                Err(status) if !is_namespace_terminating(&status) => return Err(status.into()),
                _ => {}
            }
        }
        Ok(Action::Done)
    }
}

impl Sync {
    async fn overwrite(&self, old: &EndpointSlice, new: &EndpointSlice) -> Result<(), Status> {
        let written = edit::<EndpointSlice>(&self.client, old.namespace(), old.name(), "", |object| {
            object.metadata.labels.clone_from(&new.metadata.labels);
            object.rest.insert("endpoints".to_owned(), json!(new.endpoints));
            object.rest.insert("ports".to_owned(), json!(new.ports));
            true
        });
        match written.await {
            Err(status) if !status.is_not_found() => Err(status),
            _ => Ok(()),
        }
    }

    async fn delete(&self, slice: &EndpointSlice) -> Result<(), Status> {
        let api = self.client.namespaced::<EndpointSlice>(slice.namespace());
        match api.delete(slice.name(), DeleteOptions::default()).await {
            Err(status) if !status.is_not_found() => Err(status),
            _ => Ok(()),
        }
    }
}

/// Whether endpoints ask for a copy: not when a controller keeps slices of its own for them, nor when they are a lock.
fn is_mirrored(endpoints: &Endpoints) -> bool {
    let meta = &endpoints.metadata;
    let skips = meta.labels.as_ref().and_then(|labels| labels.get(SKIP)).is_some_and(|skip| skip == "true");
    let is_lock = meta.annotations.as_ref().is_some_and(|annotations| annotations.contains_key(LEADER));
    !skips && !is_lock
}

/// The endpoints that a slice is a copy of.
fn mirrored(slice: &EndpointSlice) -> Option<ObjectKey> {
    let labels = slice.metadata.labels.as_ref()?;
    let ours = labels.get(MANAGED_BY).is_some_and(|manager| manager == MANAGER);
    let name = labels.get(SERVICE_NAME).filter(|name| ours && !name.is_empty())?;
    Some(ObjectKey::new(slice.namespace(), name))
}
