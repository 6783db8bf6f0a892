use std::sync::Arc;

use k8s_api::Kind;
use k8s_api::selector::Selector;
use k8s_api_client::ObjectKey;
use k8s_api_client::informer::{Event, Reader};
use k8s_ctrl::expectations::Expectations;
use k8s_ctrl::owner;
use k8s_openapi::Resource;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;

use super::facts;
use super::removals::Removals;

/// Finds the jobs that changes of pods are about, and counts what they were waiting for.
pub(super) struct Observer {
    pub(super) jobs: Reader<Job>,
    pub(super) expectations: Arc<Expectations>,
    pub(super) removals: Arc<Removals>,
}

impl Observer {
    /// The keys to reconcile after these changes.
    pub(super) fn observe(&self, events: &[Event<Pod>]) -> Vec<ObjectKey> {
        let mut keys = Vec::new();
        for event in events {
            self.one(event, &mut keys);
            if let [.., a, b] = &keys[..]
                && a == b
            {
                keys.pop();
            }
        }
        keys
    }

    fn one(&self, event: &Event<Pod>, keys: &mut Vec<ObjectKey>) {
        let pod = &**event.object();
        let key = self.job_of(pod);
        if let Some(key) = &key {
            let goes = pod.metadata.deletion_timestamp.is_some();
            let gone = matches!(event, Event::Deleted(_));
            if goes || gone {
                self.expectations.deletion_observed(key, pod.uid());
            } else if matches!(event, Event::Added(_)) {
                self.expectations.creation_observed(key);
            }
            if gone || !facts::is_tracked(pod) {
                self.removals.observed(key, pod.uid());
            }
        }
        if let Some(old) = event.previous() {
            let before = owner::controller(&old.metadata);
            if before != owner::controller(&pod.metadata) {
                keys.extend(self.job_of(old));
            }
        }
        let is_news = event
            .previous()
            .is_none_or(|old| old.metadata.labels != pod.metadata.labels || owner::controller(&old.metadata).is_some());
        match key {
            Some(key) => keys.push(key),
            None if owner::controller(&pod.metadata).is_none() && is_news => self.orphan(pod, keys),
            None => {}
        }
    }

    /// The job that controls a pod.
    pub(super) fn job_of(&self, pod: &Pod) -> Option<ObjectKey> {
        let reference = owner::controller(&pod.metadata).filter(|reference| reference.kind == Job::KIND)?;
        let job = self.jobs.get(pod.namespace(), &reference.name).filter(|job| job.uid() == reference.uid)?;
        Some(ObjectKey::of(&*job))
    }

    fn orphan(&self, pod: &Pod, keys: &mut Vec<ObjectKey>) {
        let Some(labels) = pod.metadata.labels.as_ref().filter(|labels| !labels.is_empty()) else { return };
        self.jobs.for_each_in(pod.namespace(), |job| {
            let selector = Selector::of(job.spec.as_ref().and_then(|spec| spec.selector.as_ref()));
            if selector.is_ok_and(|selector| !selector.is_everything() && selector.matches(labels)) {
                keys.push(ObjectKey::of(&**job));
            }
        });
    }
}
