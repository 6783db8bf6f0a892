//! What the controllers of pods have in common: finding, making and deleting them.
//!
//! Upstream: `k8s.io/kubernetes/pkg/controller` (`controller_utils.go`).

use k8s_api::{Kind, Status};
use k8s_api_client::events::EventType;
use k8s_api_client::{Client, DeleteOptions, Informer, Recorder};
use k8s_ctrl::{Error, owner};
use k8s_openapi::api::core::v1::{Pod, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

/// The index of objects by the uid of their controller; see [`orphans`] for those that have none.
pub(crate) const BY_CONTROLLER: &str = "k8s-ctrl/controller";

/// The longest name; with a generated suffix, the name before it is cut.
const NAME_MAX: usize = 253;

/// Makes and deletes pods for an owner, and tells people.
#[derive(Clone, Debug)]
pub(crate) struct PodControl {
    pub(crate) client: Client,
    pub(crate) recorder: Recorder,
}

/// Adds the index [`BY_CONTROLLER`].
pub(crate) fn index<K: Kind>(informer: &Informer<K>) {
    informer.add_index(BY_CONTROLLER, |object| {
        let value = match owner::controller(object.metadata()) {
            Some(reference) => reference.uid.clone(),
            None => orphans(object.namespace()),
        };
        vec![value]
    });
}

/// Where [`BY_CONTROLLER`] lists the objects of a namespace that nobody controls.
pub(crate) fn orphans(namespace: &str) -> String {
    format!("orphans/{namespace}")
}

/// The pod that `owner` makes from a template; the server completes its name.
pub(crate) fn from_template<O: Kind>(owner: &O, template: &PodTemplateSpec) -> Pod {
    let meta = template.metadata.as_ref();
    let name = owner.name();
    let prefix = if name.len() < NAME_MAX { format!("{name}-") } else { name.to_owned() };
    Pod {
        metadata: ObjectMeta {
            labels: meta.and_then(|meta| meta.labels.clone()),
            annotations: meta.and_then(|meta| meta.annotations.clone()),
            finalizers: meta.and_then(|meta| meta.finalizers.clone()),
            generate_name: Some(prefix),
            owner_references: Some(vec![owner::controller_reference(owner)]),
            ..ObjectMeta::default()
        },
        spec: template.spec.clone(),
        status: None,
    }
}

/// Whether a pod has not ended, but is to go.
pub(crate) fn is_terminating(pod: &Pod) -> bool {
    pod.metadata.deletion_timestamp.is_some() && !k8s_ctrl::pod::is_terminal(pod)
}

/// Whether a write was refused because its namespace is on its way out.
pub(crate) fn is_namespace_terminating(error: &Error) -> bool {
    let Error::Api(status) = error else { return false };
    let mut causes = status.details.iter().flat_map(|details| &details.causes);
    causes.any(|cause| cause.reason == "NamespaceTerminating")
}

impl PodControl {
    /// Makes a pod and records that it did, or why it could not.
    pub(crate) async fn create<O: Kind>(&self, owner: &O, pod: Pod) -> Result<(), Error> {
        if pod.metadata.labels.as_ref().is_none_or(std::collections::BTreeMap::is_empty) {
            return Err(Error::blocked("unable to create pods, no labels"));
        }
        match self.client.namespaced::<Pod>(owner.namespace()).create(pod).await {
            Ok(pod) => {
                let message = format!("Created pod: {}", pod.name());
                self.recorder.event(owner, EventType::Normal, "SuccessfulCreate", message);
                Ok(())
            }
            Err(status) => {
                let error = Error::from(status);
                if !is_namespace_terminating(&error) {
                    let message = format!("Error creating: {error}");
                    self.recorder.event(owner, EventType::Warning, "FailedCreate", message);
                }
                Err(error)
            }
        }
    }

    /// Deletes a pod and records that it did, or why it could not. One that is gone already is nothing to tell.
    ///
    /// Returns whether there was one to delete.
    pub(crate) async fn delete<O: Kind>(&self, owner: &O, name: &str) -> Result<bool, Error> {
        let api = self.client.namespaced::<Pod>(owner.namespace());
        let outcome: Result<_, Status> = api.delete(name, DeleteOptions::default()).await;
        match outcome {
            Ok(_) => {
                self.recorder.event(owner, EventType::Normal, "SuccessfulDelete", format!("Deleted pod: {name}"));
                Ok(true)
            }
            Err(status) if status.is_not_found() => Ok(false),
            Err(status) => {
                let message = format!("Error deleting: {status}");
                self.recorder.event(owner, EventType::Warning, "FailedDelete", message);
                Err(Error::blocked(format!("unable to delete pods: {status}")))
            }
        }
    }
}
