//! How many pods the owners of pods want.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use k8s_api::{GroupVersionResource, Kind, Status};
use k8s_api_client::informer::Reader;
use k8s_api_client::{Call, Client, ResourceTarget, Response};
use k8s_ctrl::{Error, owner};
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::autoscaling::v1::Scale;
use k8s_openapi::api::core::v1::{Pod, ReplicationController};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;

/// Finds the sizes of owners: in caches where they are of the usual kinds, otherwise through their `scale`.
pub(super) struct Scales {
    pub(super) client: Client,
    pub(super) sets: Reader<ReplicaSet>,
    pub(super) deployments: Reader<Deployment>,
    pub(super) old_sets: Reader<ReplicationController>,
    pub(super) stateful: Reader<StatefulSet>,
}

/// The uid of an owner and its size.
type Found = Option<(String, i32)>;

impl Scales {
    /// The sum of the sizes of all owners of these pods, and whether some have none.
    pub(super) async fn total(&self, pods: &[Arc<Pod>]) -> Result<(i32, bool), Error> {
        // By the uid of who controls the pod: that is another than the deployment whose size counts.
        let mut asked: BTreeSet<&str> = BTreeSet::new();
        let mut sizes = BTreeMap::new();
        let mut has_unmanaged = false;
        for pod in pods {
            let Some(reference) = owner::controller(&pod.metadata) else {
                has_unmanaged = true;
                continue;
            };
            if !asked.insert(&reference.uid) {
                continue;
            }
            let Some((uid, size)) = self.find(reference, pod.namespace()).await? else {
                return Err(Error::blocked(format!("found no controllers for pod \"{}\"", pod.name())));
            };
            sizes.insert(uid, size);
        }
        Ok((sizes.values().sum(), has_unmanaged))
    }

    async fn find(&self, reference: &OwnerReference, namespace: &str) -> Result<Found, Error> {
        let group = reference.api_version.split_once('/').map_or("", |(group, _)| group);
        let found = match (group, &*reference.kind) {
            ("", "ReplicationController") => {
                cached(&self.old_sets, reference, namespace, |set| set.spec.as_ref().and_then(|spec| spec.replicas))
            }
            ("apps" | "extensions", "ReplicaSet") => self.of_set(reference, namespace),
            ("apps", "StatefulSet") => {
                cached(&self.stateful, reference, namespace, |set| set.spec.as_ref().and_then(|spec| spec.replicas))
            }
            _ => None,
        };
        match found {
            Some(found) => Ok(Some(found)),
            None => self.ask(reference, group, namespace).await,
        }
    }

    /// The size of a replica set's deployment, or of the set itself when it has none.
    fn of_set(&self, reference: &OwnerReference, namespace: &str) -> Found {
        let set = self.sets.get(namespace, &reference.name).filter(|set| set.uid() == reference.uid)?;
        match owner::controller(&set.metadata).filter(|above| above.kind == "Deployment") {
            Some(above) => cached(&self.deployments, above, namespace, |deployment| {
                deployment.spec.as_ref().and_then(|spec| spec.replicas)
            }),
            None => Some((set.uid().to_owned(), set.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1))),
        }
    }

    async fn ask(&self, reference: &OwnerReference, group: &str, namespace: &str) -> Result<Found, Error> {
        let version = reference.api_version.rsplit('/').next().unwrap_or_default();
        let unknown = || {
            let (kind, version) = (&reference.kind, &reference.api_version);
            Error::blocked(format!("no matches for kind \"{kind}\" in version \"{version}\""))
        };
        let served = match self.client.discover_version(group, version).await {
            Err(status) if status.is_not_found() => return Err(unknown()),
            served => served?,
        };
        let served = served.into_iter().find(|served| served.kind.kind == reference.kind).ok_or_else(unknown)?;
        match self.scale(served.resource.clone(), namespace, &reference.name).await {
            Ok(scale) if scale.uid() == reference.uid => {
                Ok(Some((scale.uid().to_owned(), scale.spec.and_then(|spec| spec.replicas).unwrap_or_default())))
            }
            Ok(_) => Ok(None),
            Err(status) if status.is_not_found() => {
                let object = self.client.dynamic(served.resource.clone(), namespace).get(&reference.name).await;
                if object.is_err() {
                    return Ok(None);
                }
                // It is there, and its scale is not.
                let plural = &served.resource.resource;
                let name = if group.is_empty() { plural.to_string() } else { format!("{plural}.{group}") };
                Err(Error::blocked(format!("{name} does not implement the scale subresource")))
            }
            Err(status) => Err(status.into()),
        }
    }

    async fn scale(&self, resource: GroupVersionResource, namespace: &str, name: &str) -> Result<Scale, Status> {
        let target = ResourceTarget::object(resource, namespace, name).subresource("scale");
        let reply = self.client.call(target, Call::Get { resource_version: String::new() }).await?;
        match reply.response {
            Response::Object { object, .. } => serde_json::from_slice(&object.to_json()).map_err(Status::internal),
            _ => Err(Status::internal("a scale was asked for, and something else came")),
        }
    }
}

fn cached<K: Kind>(
    reader: &Reader<K>,
    reference: &OwnerReference,
    namespace: &str,
    size: impl Fn(&K) -> Option<i32>,
) -> Found {
    let owner = reader.get(namespace, &reference.name).filter(|owner| owner.uid() == reference.uid)?;
    Some((owner.uid().to_owned(), size(&owner).unwrap_or(1)))
}
