//! Writes for each service with a selector, in slices of a hundred, where its pods are.
//!
//! Upstream: `k8s.io/kubernetes/pkg/controller/endpointslice`, `k8s.io/endpointslice`. Hints follow
//! `trafficDistribution`; the older topology annotation is not followed.

mod endpoint;
mod plan;
mod tracker;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use k8s_api::{Kind, Status};
use k8s_api_client::events::EventType;
use k8s_api_client::informer::{Event, Reader};
use k8s_api_client::queue::Limits;
use k8s_api_client::{Client, DeleteOptions, ObjectKey, Recorder};
use k8s_ctrl::edit::edit;
use k8s_ctrl::{Action, Context, Controller, Error, Reconcile, Reconciler};
use k8s_openapi::api::core::v1::{Node, Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use serde_json::json;

use crate::service::{self, TRIGGER_TIME, TriggerTimes};
use crate::service_account::is_namespace_terminating;
use plan::{Plan, Slice};
use tracker::Tracker;

pub(crate) const SERVICE_NAME: &str = "kubernetes.io/service-name";
pub(crate) const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
pub(crate) const MANAGER: &str = "endpointslice-controller.k8s.io";

/// The index of slices by `namespace/service`.
const BY_SERVICE: &str = "k8s-ctrl/service";

/// At least so much time between two rounds of one service: a thousand pods that become ready one after the other cost
/// a few rounds, not a thousand. Upstream has its limit of requests instead, 20 a second.
pub(crate) const PAUSE: Duration = Duration::from_millis(100);

/// The first pause after a failure, or while the cache is older than what was written.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// Keeps the endpoint slices of services with a selector.
#[derive(Clone, Copy, Debug, Default)]
pub struct EndpointSlices;

struct Sync {
    client: Client,
    recorder: Recorder,
    services: Reader<Service>,
    pods: Reader<Pod>,
    nodes: Reader<Node>,
    slices: Reader<EndpointSlice>,
    tracker: Arc<Tracker>,
    triggers: TriggerTimes,
}

#[async_trait]
impl Controller for EndpointSlices {
    fn name(&self) -> &'static str {
        "endpointslice-controller"
    }

    async fn run(&self, ctx: Context) {
        let informers = ctx.informers();
        let (services, pods) = (informers.get::<Service>(), informers.get::<Pod>());
        let (nodes, slices) = (informers.get::<Node>(), informers.get::<EndpointSlice>());
        slices
            .add_index(BY_SERVICE, |slice| service_of(slice).map(|key| key.as_str().to_owned()).into_iter().collect());
        let tracker = Arc::new(Tracker::default());
        let source = k8s_api_client::events::Source::component("endpoint-slice-controller");
        let sync = Sync {
            client: ctx.client().clone(),
            recorder: ctx.recorder().as_source(source),
            services: services.reader(),
            pods: pods.reader(),
            nodes: nodes.reader(),
            slices: slices.reader(),
            tracker: tracker.clone(),
            triggers: TriggerTimes::default(),
        };
        let reader = services.reader();
        let limits = Limits { base: FIRST_PAUSE, ..Limits::default() };
        let reconciler = Reconciler::new(self.name()).limits(limits).throttle(PAUSE).needs(&nodes);
        let queue = reconciler.queue().clone();
        reconciler
            .watches(&services)
            .maps(&pods, move |event, keys| service::affected(&reader, event, keys))
            .handles(&slices, move |events| {
                for key in events.iter().flat_map(|event| tracker.disturbed(event)) {
                    queue.add_after(key, Duration::from_secs(1));
                }
            })
            .run(Arc::new(sync))
            .await;
    }
}

#[async_trait]
impl Reconcile for Sync {
    async fn reconcile(&self, key: &ObjectKey) -> Result<Action, Error> {
        let Some(service) = self.services.find(key) else {
            self.triggers.forget(key);
            self.tracker.forget(key);
            return Ok(Action::Done);
        };
        let Some(selector) = service::selector(&service) else { return Ok(Action::Done) };
        let mut pods = Vec::new();
        self.pods.for_each_in(key.namespace(), |pod| {
            if selector.matches(pod.metadata.labels.as_ref()) {
                pods.push(pod.clone());
            }
        });
        let mut slices = self.slices.by_index(BY_SERVICE, key.as_str());
        slices.retain(|slice| slice.metadata.deletion_timestamp.is_none());
        if self.tracker.is_stale(key, &slices) {
            return Ok(Action::Requeue);
        }
        let trigger = self.triggers.advance(&service, &pods);
        let (plan, missing) = Plan::of(&service, &pods, &slices, &self.nodes);
        let outcome = self.carry_out(key, &service, plan, trigger.as_deref()).await;
        match outcome.map_err(Error::from).and_then(|()| missing.map_or(Ok(()), |why| Err(Error::blocked(why)))) {
            Ok(()) => Ok(Action::Done),
            Err(error) => {
                let (namespace, name) = (key.namespace(), key.name());
                let message = format!("Error updating Endpoint Slices for Service {namespace}/{name}: {error}");
                self.recorder.event(&*service, EventType::Warning, "FailedToUpdateEndpointSlices", message);
                Err(error)
            }
        }
    }
}

impl Sync {
    async fn carry_out(
        &self,
        key: &ObjectKey,
        service: &Service,
        plan: Plan,
        trigger: Option<&str>,
    ) -> Result<(), Status> {
        let api = self.client.namespaced::<EndpointSlice>(key.namespace());
        if service.metadata.deletion_timestamp.is_none() {
            for slice in plan.create {
                match api.create(slice.into_object(service, trigger)).await {
                    Ok(created) => self.tracker.written(key, &created.metadata),
                    Err(status) if is_namespace_terminating(&status) => return Ok(()),
                    Err(status) => {
                        let (namespace, name) = (key.namespace(), key.name());
                        return Err(explain(
                            status,
                            format!("failed to create EndpointSlice for Service {namespace}/{name}"),
                        ));
                    }
                }
            }
        }
        for (name, slice) in plan.update {
            let updated = self.update(key, &name, &slice, trigger).await.map_err(|status| {
                let (namespace, service) = (key.namespace(), key.name());
                explain(status, format!("failed to update {name} EndpointSlice for Service {namespace}/{service}"))
            })?;
            self.tracker.written(key, &updated.metadata);
        }
        for (name, uid) in plan.delete {
            match api.delete(&name, DeleteOptions::default()).await {
                Err(status) if !status.is_not_found() => {
                    let (namespace, service) = (key.namespace(), key.name());
                    let what = format!("failed to delete {name} EndpointSlice for Service {namespace}/{service}");
                    return Err(explain(status, what));
                }
                _ => self.tracker.deleted(key, uid),
            }
        }
        Ok(())
    }

    async fn update(
        &self,
        key: &ObjectKey,
        name: &str,
        slice: &Slice,
        trigger: Option<&str>,
    ) -> Result<Arc<EndpointSlice>, Status> {
        let updated = edit::<EndpointSlice>(&self.client, key.namespace(), name, "", |object| {
            object.metadata.labels = Some(slice.labels.clone());
            let annotations = object.metadata.annotations.get_or_insert_default();
            match trigger {
                Some(time) => annotations.insert(TRIGGER_TIME.to_owned(), time.to_owned()),
                None => annotations.remove(TRIGGER_TIME),
            };
            object.rest.insert("endpoints".to_owned(), json!(slice.endpoints));
            object.rest.insert("ports".to_owned(), json!(slice.ports));
            true
        });
        updated.await?.typed().map_err(Status::internal)
    }
}

/// The service that a slice of this controller belongs to.
fn service_of(slice: &EndpointSlice) -> Option<ObjectKey> {
    let labels = slice.metadata.labels.as_ref()?;
    let ours = labels.get(MANAGED_BY).is_some_and(|manager| manager == MANAGER);
    let name = labels.get(SERVICE_NAME).filter(|name| ours && !name.is_empty())?;
    Some(ObjectKey::new(slice.namespace(), name))
}

fn explain(mut status: Status, what: String) -> Status {
    status.message = format!("{what}: {}", status.message);
    status
}

impl Tracker {
    /// The services whose slices somebody else has touched.
    fn disturbed(&self, event: &Event<EndpointSlice>) -> Vec<ObjectKey> {
        let now = service_of(event.object());
        let before = event.previous().and_then(|old| service_of(old));
        match event {
            Event::Updated { .. } if now != before => now.into_iter().chain(before).collect(),
            Event::Added(slice) | Event::Updated { new: slice, .. } => {
                now.filter(|service| self.is_news(service, &slice.metadata)).into_iter().collect()
            }
            Event::Deleted(slice) => {
                now.filter(|service| self.is_unexpected_end(service, slice.uid())).into_iter().collect()
            }
        }
    }
}
