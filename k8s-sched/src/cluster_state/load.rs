use std::sync::Arc;

use k8s_api::{Kind, Status};
use k8s_api_client::{Client, ListOptions};
use k8s_openapi::api::apps::v1::{ReplicaSet, StatefulSet};
use k8s_openapi::api::core::v1::{Namespace, Node, Pod, ReplicationController, Service};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;

use super::ClusterState;
use crate::{Error, Labels, PodInfo, Profile, Selector, convert};

impl ClusterState {
    /// The cluster behind `client` as it is now, and the pods in it that wait for a node.
    ///
    /// Reads nodes, pods that have not ended, namespaces, services, controllers of pods and disruption budgets, one
    /// after the other: what changes meanwhile may be seen in part.
    ///
    /// # Errors
    /// [`Error::Api`] when one of these cannot be read, [`Error::Object`] when one cannot be understood and
    /// [`Error::Profile`] when the profile cannot be run.
    pub async fn from_client(client: &Client, profile: Profile) -> Result<(Self, Vec<Arc<PodInfo>>), Error> {
        let mut state = Self::new(profile, 0)?;
        for node in all::<Node>(client, "").await? {
            state.set_node(convert::node(&node));
        }
        let mut pending = Vec::new();
        for pod in all::<Pod>(client, "status.phase!=Failed,status.phase!=Succeeded").await? {
            let pod = Arc::new(convert::pod(&pod)?);
            if !state.set_pod(pod.clone()) {
                pending.push(pod);
            }
        }
        state.load_surroundings(client).await?;
        Ok((state, pending))
    }

    async fn load_surroundings(&mut self, client: &Client) -> Result<(), Error> {
        for namespace in all::<Namespace>(client, "").await? {
            let labels = namespace.metadata.labels.clone().map(Labels::from).unwrap_or_default();
            self.surroundings_mut().set_namespace(namespace.name().into(), Some(labels));
        }
        for service in all::<Service>(client, "").await? {
            let (namespace, name) = (service.namespace().into(), service.name().into());
            self.surroundings_mut().set_service(namespace, name, convert::service(&service));
        }
        for controller in all::<ReplicationController>(client, "").await? {
            self.set_owner(&*controller, convert::replication_controller(&controller));
        }
        for set in all::<ReplicaSet>(client, "").await? {
            self.set_owner(&*set, convert::replica_set(&set)?);
        }
        for set in all::<StatefulSet>(client, "").await? {
            self.set_owner(&*set, convert::stateful_set(&set)?);
        }
        for budget in all::<PodDisruptionBudget>(client, "").await? {
            let (namespace, name) = (budget.namespace().into(), budget.name().into());
            self.surroundings_mut().set_budget(namespace, name, Some(convert::budget(&budget)?));
        }
        Ok(())
    }

    fn set_owner<K: Kind>(&mut self, object: &K, (kind, selector): (Arc<str>, Selector)) {
        let (namespace, name) = (object.namespace().into(), object.name().into());
        self.surroundings_mut().set_owner(kind, namespace, name, Some(selector));
    }
}

/// All objects of a kind that the fields select, read in pages.
async fn all<K: Kind>(client: &Client, fields: &str) -> Result<Vec<Arc<K>>, Error> {
    let failed = |status: Status| Error::Api { action: format!("reading {}", K::KIND), source: Box::new(status) };
    let mut options = ListOptions::default().fields(fields).limit(500);
    let mut objects = Vec::new();
    loop {
        let page = client.api::<K>().list(options.clone()).await.map_err(failed)?;
        objects.extend(page.items);
        if page.continue_token.is_empty() {
            return Ok(objects);
        }
        options.continue_token = page.continue_token;
    }
}
