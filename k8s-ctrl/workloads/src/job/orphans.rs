//! Lets go of pods that no job will count any more: their job is gone, done, or not theirs.

use std::sync::Arc;

use async_trait::async_trait;
use k8s_api::Kind;
use k8s_api_client::informer::{Event, Informer, Reader};
use k8s_api_client::{Client, ObjectKey};
use k8s_ctrl::{Action, Error, Reconcile, Reconciler, owner};
use k8s_openapi::Resource;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;

use super::{facts, track};
use crate::pods::BY_CONTROLLER;

struct Orphans {
    client: Client,
    jobs: Reader<Job>,
    pods: Reader<Pod>,
}

/// Works until the future is dropped.
pub(super) async fn run(name: &'static str, client: Client, jobs: &Informer<Job>, pods: &Informer<Pod>) {
    let orphans = Arc::new(Orphans { client, jobs: jobs.reader(), pods: pods.reader() });
    let (of_pod, of_job) = (orphans.clone(), orphans.clone());
    Reconciler::new(name)
        .maps(pods, move |event, keys| {
            if let Some(pod) = event.current().filter(|pod| of_pod.is_orphan(pod)) {
                keys.push(ObjectKey::of(&**pod));
            }
        })
        .maps(jobs, move |event, keys| {
            let job = event.object();
            if matches!(event, Event::Deleted(_)) || facts::is_finished(job) {
                of_job.pods.for_each_indexed(BY_CONTROLLER, job.uid(), |pod| {
                    if facts::is_tracked(pod) {
                        keys.push(ObjectKey::of(&**pod));
                    }
                });
            }
        })
        .run(orphans)
        .await;
}

impl Orphans {
    fn is_orphan(&self, pod: &Pod) -> bool {
        if !facts::is_tracked(pod) {
            return false;
        }
        let Some(reference) = owner::controller(&pod.metadata) else { return true };
        if reference.kind != Job::KIND || reference.api_version != Job::API_VERSION {
            return false;
        }
        let job = self.jobs.get(pod.namespace(), &reference.name).filter(|job| job.uid() == reference.uid);
        job.is_none_or(|job| !facts::is_foreign(&job) && facts::is_finished(&job))
    }
}

#[async_trait]
impl Reconcile for Orphans {
    async fn reconcile(&self, key: &ObjectKey) -> Result<Action, Error> {
        if let Some(pod) = self.pods.find(key).filter(|pod| self.is_orphan(pod)) {
            track::remove_finalizer(&self.client, &pod).await?;
        }
        Ok(Action::Done)
    }
}
