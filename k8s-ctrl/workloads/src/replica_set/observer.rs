use std::sync::Arc;

use k8s_api::Kind;
use k8s_api_client::ObjectKey;
use k8s_api_client::informer::{Event, Reader};
use k8s_ctrl::expectations::Expectations;
use k8s_ctrl::owner;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;

use super::pod_set::PodSet;

/// Finds the sets that changes of pods are about, and counts what they were waiting for.
pub(super) struct Observer<S> {
    pub(super) sets: Reader<S>,
    pub(super) expectations: Arc<Expectations>,
}

/// The sets found, each mostly once, and the last owner that was looked up: a burst mostly is about one.
#[derive(Default)]
struct Found {
    keys: Vec<ObjectKey>,
    last: Option<(String, Option<ObjectKey>)>,
}

impl<S: PodSet> Observer<S> {
    /// The keys to reconcile after these changes.
    pub(super) fn observe(&self, events: &[Event<Pod>]) -> Vec<ObjectKey> {
        let mut found = Found::default();
        for event in events {
            match event {
                Event::Added(pod) if pod.metadata.deletion_timestamp.is_some() => self.gone(pod, &mut found),
                Event::Added(pod) => self.added(pod, &mut found),
                Event::Updated { old, new } => self.updated(old, new, &mut found),
                Event::Deleted(pod) => self.gone(pod, &mut found),
            }
        }
        found.keys
    }

    fn added(&self, pod: &Pod, found: &mut Found) {
        let Some(reference) = owner::controller(&pod.metadata) else { return self.orphan(pod, found) };
        if let Some(key) = self.resolve(pod, reference, found) {
            self.expectations.creation_observed(&key);
            found.add(key);
        }
    }

    fn updated(&self, old: &Pod, new: &Pod, found: &mut Found) {
        let relabelled = old.metadata.labels != new.metadata.labels;
        if new.metadata.deletion_timestamp.is_some() {
            // The end of its grace is nothing to wait for: as soon as it is to go, another may take its place.
            self.gone(new, found);
            return if relabelled {
                self.gone(old, found);
            };
        }
        let (before, now) = (owner::controller(&old.metadata), owner::controller(&new.metadata));
        if before != now
            && let Some(key) = before.and_then(|reference| self.resolve(old, reference, found))
        {
            found.add(key);
        }
        match now {
            Some(reference) => {
                if let Some(key) = self.resolve(new, reference, found) {
                    found.add(key);
                }
            }
            None if relabelled || before.is_some() => self.orphan(new, found),
            None => {}
        }
    }

    fn gone(&self, pod: &Pod, found: &mut Found) {
        let reference = owner::controller(&pod.metadata);
        if let Some(key) = reference.and_then(|reference| self.resolve(pod, reference, found)) {
            self.expectations.deletion_observed(&key, pod.uid());
            found.add(key);
        }
    }

    fn orphan(&self, pod: &Pod, found: &mut Found) {
        if pod.metadata.labels.as_ref().is_none_or(std::collections::BTreeMap::is_empty) {
            return;
        }
        self.sets.for_each_in(pod.namespace(), |set| {
            let selects = |selector: k8s_api::selector::Selector| {
                !selector.is_everything() && selector.matches(pod.metadata.labels.as_ref())
            };
            if set.selector().is_ok_and(selects) {
                found.add(ObjectKey::of(&**set));
            }
        });
    }

    fn resolve(&self, pod: &Pod, reference: &OwnerReference, found: &mut Found) -> Option<ObjectKey> {
        if reference.kind != S::KIND {
            return None;
        }
        if let Some((uid, key)) = &found.last
            && *uid == reference.uid
        {
            return key.clone();
        }
        let set = self.sets.get(pod.namespace(), &reference.name).filter(|set| set.uid() == reference.uid);
        let key = set.map(|set| ObjectKey::of(&*set));
        found.last = Some((reference.uid.clone(), key.clone()));
        key
    }
}

impl Found {
    fn add(&mut self, key: ObjectKey) {
        if self.keys.last() != Some(&key) {
            self.keys.push(key);
        }
    }
}
