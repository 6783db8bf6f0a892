use std::sync::Arc;
use std::task::{Context, Poll};

use k8s_api::Kind;
use k8s_api_client::informer::{Event, Selection};
use k8s_api_client::{Informer, Informers};
use k8s_openapi::api::apps::v1::{ReplicaSet, StatefulSet};
use k8s_openapi::api::core::v1::{Namespace, Node, Pod, ReplicationController, Service};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;

use super::feed::Feed;
use crate::{Cache, Error, Labels, Selector, convert};

/// Everything that is followed.
pub(super) struct Observed {
    pub(super) nodes: Feed<Node>,
    pub(super) pods: Feed<Pod>,
    namespaces: Feed<Namespace>,
    services: Feed<Service>,
    replication_controllers: Feed<ReplicationController>,
    replica_sets: Feed<ReplicaSet>,
    stateful_sets: Feed<StatefulSet>,
    budgets: Feed<PodDisruptionBudget>,
}

impl Observed {
    pub(super) fn new(informers: &Informers) -> Self {
        // Pods that have ended take nothing from their nodes.
        let running = Selection::default().fields("status.phase!=Failed,status.phase!=Succeeded");
        Self {
            nodes: Feed::of(informers),
            pods: Feed::from(informers.select(running)),
            namespaces: Feed::of(informers),
            services: Feed::of(informers),
            replication_controllers: Feed::of(informers),
            replica_sets: Feed::of(informers),
            stateful_sets: Feed::of(informers),
            budgets: Feed::of(informers),
        }
    }

    pub(super) fn pods(&self) -> &Informer<Pod> {
        self.pods.informer()
    }

    pub(super) async fn synced(&self) {
        self.nodes.synced().await;
        self.pods.synced().await;
        self.namespaces.synced().await;
        self.services.synced().await;
        self.replication_controllers.synced().await;
        self.replica_sets.synced().await;
        self.stateful_sets.synced().await;
        self.budgets.synced().await;
    }

    /// Ready when anything has arrived.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // All are polled, so that all know whom to wake.
        let polled = [
            self.nodes.poll(cx),
            self.pods.poll(cx),
            self.namespaces.poll(cx),
            self.services.poll(cx),
            self.replication_controllers.poll(cx),
            self.replica_sets.poll(cx),
            self.stateful_sets.poll(cx),
            self.budgets.poll(cx),
        ];
        if polled.iter().any(Poll::is_ready) { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Notes what has arrived about namespaces, services, controllers and budgets; whether it changed anything.
    ///
    /// What did not change is not touched: these objects report their status all the time, and a change costs a copy
    /// of what the snapshots share.
    pub(super) fn update(&mut self, cache: &mut Cache) -> bool {
        let mut news = false;
        each(&mut self.namespaces, &mut news, |namespace, there| {
            let labels = there.then(|| namespace.metadata.labels.clone().map(Labels::from).unwrap_or_default());
            let changed = cache.surroundings().namespace(namespace.name()) != labels.as_ref();
            if changed {
                cache.surroundings_mut().set_namespace(namespace.name().into(), labels);
            }
            Ok(changed)
        });
        each(&mut self.services, &mut news, |service, there| {
            let selector = convert::service(service).filter(|_| there);
            let (namespace, name) = (service.namespace().into(), service.name().into());
            let changed = cache.surroundings().service(&namespace, &name) != selector.as_ref();
            if changed {
                cache.surroundings_mut().set_service(namespace, name, selector);
            }
            Ok(changed)
        });
        each(&mut self.replication_controllers, &mut news, |controller, there| {
            Ok(owner(cache, controller, there, convert::replication_controller(controller)))
        });
        each(&mut self.replica_sets, &mut news, |set, there| Ok(owner(cache, set, there, convert::replica_set(set)?)));
        each(&mut self.stateful_sets, &mut news, |set, there| {
            Ok(owner(cache, set, there, convert::stateful_set(set)?))
        });
        each(&mut self.budgets, &mut news, |budget, there| {
            let view = if there { Some(convert::budget(budget)?) } else { None };
            let (namespace, name) = (budget.namespace().into(), budget.name().into());
            let changed = cache.surroundings().budget(&namespace, &name) != view.as_ref();
            if changed {
                cache.surroundings_mut().set_budget(namespace, name, view);
            }
            Ok(changed)
        });
        news
    }
}

/// Notes each object that has arrived, and whether it is still there; `note` says whether that changed anything.
fn each<K: Kind>(feed: &mut Feed<K>, news: &mut bool, mut note: impl FnMut(&K, bool) -> Result<bool, Error>) {
    while let Some(event) = feed.take() {
        let there = !matches!(event, Event::Deleted(_));
        match note(event.object(), there) {
            Ok(changed) => *news |= changed,
            Err(error) => tracing::warn!(%error, "leaving out an object"),
        }
    }
}

fn owner<K: Kind>(cache: &mut Cache, object: &K, there: bool, (kind, selector): (Arc<str>, Selector)) -> bool {
    let (namespace, name) = (object.namespace().into(), object.name().into());
    let selector = there.then_some(selector);
    let changed = cache.surroundings().owner(&kind, &namespace, &name) != selector.as_ref();
    if changed {
        cache.surroundings_mut().set_owner(kind, namespace, name, selector);
    }
    changed
}
