//! Writes for each service with a selector one object that says where its pods are: the older form of endpoint slices.
//!
//! Upstream: `k8s.io/kubernetes/pkg/controller/endpoint`.

mod subsets;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use k8s_api::{Kind, Status};
use k8s_api_client::events::EventType;
use k8s_api_client::informer::{Event, Reader};
use k8s_api_client::{Client, DeleteOptions, ObjectKey, Recorder};
use k8s_ctrl::edit::edit;
use k8s_ctrl::{Action, Context, Controller, Error, Reconcile, Reconciler};
use k8s_openapi::api::core::v1::{Endpoints as Object, Pod, Service};
use serde_json::json;

use crate::endpoint_slice::PAUSE;
use crate::service::{self, HEADLESS, TRIGGER_TIME, TriggerTimes, has_cluster_ip};
use crate::service_account::is_namespace_terminating;
use subsets::Subsets;

const MANAGED_BY: &str = "endpoints.kubernetes.io/managed-by";
const OVER_CAPACITY: &str = "endpoints.kubernetes.io/over-capacity";
const LEADER: &str = "control-plane.alpha.kubernetes.io/leader";

/// Keeps the Endpoints of services with a selector.
#[derive(Clone, Copy, Debug, Default)]
pub struct Endpoints;

struct Sync {
    client: Client,
    recorder: Recorder,
    services: Reader<Service>,
    pods: Reader<Pod>,
    endpoints: Reader<Object>,
    triggers: TriggerTimes,
}

#[async_trait]
impl Controller for Endpoints {
    fn name(&self) -> &'static str {
        "endpoints-controller"
    }

    fn account(&self) -> &'static str {
        "endpoint-controller"
    }

    async fn run(&self, ctx: Context) {
        let informers = ctx.informers();
        let (services, pods) = (informers.get::<Service>(), informers.get::<Pod>());
        let endpoints = informers.get::<Object>();
        let sync = Sync {
            client: ctx.client().clone(),
            recorder: ctx.recorder().clone(),
            services: services.reader(),
            pods: pods.reader(),
            endpoints: endpoints.reader(),
            triggers: TriggerTimes::default(),
        };
        let reader = services.reader();
        Reconciler::new(self.name())
            .throttle(PAUSE)
            .watches(&services)
            .maps(&pods, move |event, keys| service::affected(&reader, event, keys))
            .maps(&endpoints, |event, keys| {
                let annotations = event.object().metadata.annotations.as_ref();
                let is_lock = annotations.is_some_and(|annotations| annotations.contains_key(LEADER));
                // What exists at the start may belong to a service that is gone.
                if !is_lock && !matches!(event, Event::Updated { .. }) {
                    keys.push(ObjectKey::of(&**event.object()));
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
            if self.endpoints.find(key).is_some() {
                self.delete(key).await?;
            }
            return Ok(Action::Done);
        };
        let Some(selector) = service::selector(&service) else { return Ok(Action::Done) };
        let mut pods = Vec::new();
        self.pods.for_each_in(key.namespace(), |pod| {
            if selector.matches(pod.metadata.labels.as_ref()) {
                pods.push(pod.clone());
            }
        });
        let trigger = self.triggers.advance(&service, &pods);
        let wanted = Subsets::of(&service, &pods);
        let labels = labels(&service);
        let current = self.endpoints.find(key);
        if current.as_ref().is_some_and(|current| is_so(current, &wanted, &labels)) {
            return Ok(Action::Done);
        }
        let written = if current.is_some() {
            self.update(key, &wanted, &labels, trigger.as_deref()).await
        } else {
            self.create(key, &wanted, &labels, trigger.as_deref()).await
        };
        match written {
            Err(status) => self.failed(&service, current.is_some(), status),
            Ok(()) => Ok(Action::Done),
        }
    }
}

impl Sync {
    async fn delete(&self, key: &ObjectKey) -> Result<(), Status> {
        match self.client.namespaced::<Object>(key.namespace()).delete(key.name(), DeleteOptions::default()).await {
            Err(status) if !status.is_not_found() => Err(status),
            _ => Ok(()),
        }
    }

    async fn create(
        &self,
        key: &ObjectKey,
        wanted: &Subsets,
        labels: &BTreeMap<String, String>,
        trigger: Option<&str>,
    ) -> Result<(), Status> {
        let mut object = Object::default();
        object.metadata.name = Some(key.name().to_owned());
        object.metadata.labels = Some(labels.clone());
        let mut annotations = BTreeMap::new();
        annotate(&mut annotations, wanted, trigger);
        object.metadata.annotations = (!annotations.is_empty()).then_some(annotations);
        object.subsets = Some(wanted.list.clone());
        self.client.namespaced::<Object>(key.namespace()).create(object).await.map(drop)
    }

    async fn update(
        &self,
        key: &ObjectKey,
        wanted: &Subsets,
        labels: &BTreeMap<String, String>,
        trigger: Option<&str>,
    ) -> Result<(), Status> {
        let written = edit::<Object>(&self.client, key.namespace(), key.name(), "", |object| {
            object.metadata.labels = Some(labels.clone());
            annotate(object.metadata.annotations.get_or_insert_default(), wanted, trigger);
            object.rest.insert("subsets".to_owned(), json!(wanted.list));
            true
        });
        written.await.map(drop)
    }

    fn failed(&self, service: &Service, existed: bool, status: Status) -> Result<Action, Error> {
        if is_namespace_terminating(&status) {
            return Ok(Action::Done);
        }
        let (namespace, name) = (service.namespace(), service.name());
        let (reason, message) = if existed {
            ("FailedToUpdateEndpoint", format!("Failed to update endpoint {namespace}/{name}: {status}"))
        } else {
            ("FailedToCreateEndpoint", format!("Failed to create endpoint for service {namespace}/{name}: {status}"))
        };
        let mut about = Object::default();
        about.metadata.name = Some(name.to_owned());
        about.metadata.namespace = Some(namespace.to_owned());
        self.recorder.event(&about, EventType::Warning, reason, message);
        Err(status.into())
    }
}

fn is_so(current: &Object, wanted: &Subsets, labels: &BTreeMap<String, String>) -> bool {
    let marked = current.metadata.annotations.as_ref().is_some_and(|a| a.contains_key(OVER_CAPACITY));
    marked == wanted.truncated && current.metadata.labels.as_ref() == Some(labels) && wanted.are(current)
}

fn labels(service: &Service) -> BTreeMap<String, String> {
    let mut labels = service.metadata.labels.clone().unwrap_or_default();
    labels.remove(HEADLESS);
    if !service.spec.as_ref().is_some_and(has_cluster_ip) {
        labels.insert(HEADLESS.to_owned(), String::new());
    }
    labels.insert(MANAGED_BY.to_owned(), "endpoint-controller".to_owned());
    labels
}

fn annotate(annotations: &mut BTreeMap<String, String>, wanted: &Subsets, trigger: Option<&str>) {
    match trigger {
        Some(time) => annotations.insert(TRIGGER_TIME.to_owned(), time.to_owned()),
        None => annotations.remove(TRIGGER_TIME),
    };
    if wanted.truncated {
        annotations.insert(OVER_CAPACITY.to_owned(), "truncated".to_owned());
    } else {
        annotations.remove(OVER_CAPACITY);
    }
}
