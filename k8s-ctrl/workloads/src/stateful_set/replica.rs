//! Making and deleting one pod, with its claims.

use k8s_api::{Kind, Status};
use k8s_api_client::events::EventType;
use k8s_api_client::{DeleteOptions, PatchKind};
use k8s_ctrl::Error;
use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod};

use super::{Sync, identity};

impl Sync {
    /// Makes a pod, after its claims.
    pub(super) async fn create(&self, set: &StatefulSet, pod: Pod) -> Result<(), Error> {
        let name = pod.name().to_owned();
        if let Err(error) = self.create_claims(set, &pod).await {
            self.record(set, "Create", &name, Err(&error));
            return Err(error);
        }
        match self.client.namespaced::<Pod>(set.namespace()).create(pod).await {
            Err(status) if status.is_already_exists() => Err(status.into()),
            outcome => {
                let outcome = outcome.map(drop).map_err(Error::from);
                self.record(set, "Create", &name, outcome.as_ref().copied());
                outcome
            }
        }
    }

    /// Deletes a pod.
    pub(super) async fn delete(&self, set: &StatefulSet, pod: &Pod) -> Result<(), Error> {
        let api = self.client.namespaced::<Pod>(set.namespace());
        let outcome: Result<_, Status> = api.delete(pod.name(), DeleteOptions::default()).await;
        let outcome = match outcome {
            Err(status) if !status.is_not_found() => Err(Error::from(status)),
            _ => Ok(()),
        };
        self.record(set, "Delete", pod.name(), outcome.as_ref().copied());
        outcome
    }

    /// Gives a pod back the labels by which it is known.
    pub(super) async fn relabel(&self, set: &StatefulSet, pod: &Pod) -> Result<(), Error> {
        let api = self.client.namespaced::<Pod>(set.namespace());
        let patched = api.patch(pod.name(), PatchKind::Merge, &identity::labels_patch(pod)).await;
        let outcome = patched.map(drop).map_err(Error::from);
        self.record(set, "Update", pod.name(), outcome.as_ref().copied());
        outcome
    }

    /// Makes the claims of a pod that are missing.
    pub(super) async fn create_claims(&self, set: &StatefulSet, pod: &Pod) -> Result<(), Error> {
        let Some(spec) = &set.spec else { return Ok(()) };
        let api = self.client.namespaced::<PersistentVolumeClaim>(set.namespace());
        for claim in identity::claims(set, spec, identity::ordinal(pod)).into_values() {
            let name = claim.name().to_owned();
            if let Some(present) = self.claims.get(set.namespace(), &name) {
                if present.metadata.deletion_timestamp.is_some() {
                    return Err(Error::blocked(format!("pvc {name} is being deleted")));
                }
                continue;
            }
            let (kind, reason, message) = match api.create(claim).await {
                Err(status) if status.is_already_exists() => continue,
                Ok(_) => {
                    let message =
                        format!("Create Claim {name} Pod {} in StatefulSet {} success", pod.name(), set.name());
                    (EventType::Normal, "SuccessfulCreate", message)
                }
                Err(status) => {
                    let (pod, of) = (pod.name(), set.name());
                    let message =
                        format!("Create Claim {name} for Pod {pod} in StatefulSet {of} failed error: {status}");
                    self.recorder.event(set, EventType::Warning, "FailedCreate", message);
                    return Err(Error::blocked(format!("failed to create PVC {name}: {status}")));
                }
            };
            self.recorder.event(set, kind, reason, message);
        }
        Ok(())
    }

    fn record(&self, set: &StatefulSet, verb: &str, pod: &str, outcome: Result<(), &Error>) {
        let of = set.name();
        let (succeeded, failed) = match verb {
            "Create" => ("SuccessfulCreate", "FailedCreate"),
            "Delete" => ("SuccessfulDelete", "FailedDelete"),
            _ => ("SuccessfulUpdate", "FailedUpdate"),
        };
        match outcome {
            Ok(()) => {
                let message = format!("{verb} Pod {pod} in StatefulSet {of} successful");
                self.recorder.event(set, EventType::Normal, succeeded, message);
            }
            Err(error) => {
                let message = format!("{verb} Pod {pod} in StatefulSet {of} failed error: {error}");
                self.recorder.event(set, EventType::Warning, failed, message);
            }
        }
    }
}
