//! What is written onto replica sets and deployments: revisions and sizes.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};

use super::size;

pub(super) const REVISION: &str = "deployment.kubernetes.io/revision";
pub(super) const ROLLBACK_TO: &str = "deprecated.deployment.rollback.to";
const HISTORY: &str = "deployment.kubernetes.io/revision-history";
const DESIRED: &str = "deployment.kubernetes.io/desired-replicas";
const MAX: &str = "deployment.kubernetes.io/max-replicas";
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// A history is at most so many bytes.
const HISTORY_MAX: usize = 2000;

/// Annotations by key.
pub(super) type Annotations = BTreeMap<String, String>;

/// Whether an annotation stays with its object instead of going from a deployment to its replica sets and back.
pub(super) fn is_own(key: &str) -> bool {
    [LAST_APPLIED, REVISION, HISTORY, DESIRED, MAX, ROLLBACK_TO].contains(&key)
}

/// The revision of a replica set: 0 when it has none, `None` when it is no number.
pub(super) fn revision(set: &ReplicaSet) -> Option<i64> {
    text(set, REVISION).map_or(Some(0), |text| text.parse().ok())
}

/// The size of the deployment as the replica set was told last.
pub(super) fn desired(set: &ReplicaSet) -> Option<i32> {
    number(set, DESIRED)
}

/// The largest number of pods of the deployment as the replica set was told last.
pub(super) fn max(set: &ReplicaSet) -> Option<i32> {
    number(set, MAX)
}

/// What a replica set is told about sizes.
pub(super) fn sizes(deployment: &Deployment) -> Annotations {
    let wanted = size::wanted(deployment);
    let max = wanted + size::max_surge(deployment);
    Annotations::from([(DESIRED.to_owned(), wanted.to_string()), (MAX.to_owned(), max.to_string())])
}

/// What the newest replica set is to bear: the deployment's own annotations and its revision, with the one before in
/// its history. Only what differs from `present`.
pub(super) fn of_new(deployment: &Deployment, present: &Annotations, revision: i64) -> Annotations {
    let inherited = deployment.metadata.annotations.iter().flatten();
    let mut changes: Annotations = inherited
        .filter(|(key, value)| !is_own(key) && present.get(*key) != Some(value))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let before = present.get(REVISION);
    let Ok(number) = before.filter(|text| !text.is_empty()).map_or(Ok(0), |text| text.parse::<i64>()) else {
        return changes;
    };
    if number < revision {
        changes.insert(REVISION.to_owned(), revision.to_string());
        let history = present.get(HISTORY).map(String::as_str).unwrap_or_default();
        if let Some(history) = before.and_then(|before| extended(history, before)) {
            changes.insert(HISTORY.to_owned(), history);
        }
    }
    changes
}

/// A history with one more revision at its end, without as many at its beginning as it takes; `None` when even that
/// would be too long.
fn extended(history: &str, revision: &str) -> Option<String> {
    if history.is_empty() {
        return Some(revision.to_owned());
    }
    let mut kept = history;
    loop {
        if kept.len() + 1 + revision.len() <= HISTORY_MAX {
            return Some(if kept.is_empty() { revision.to_owned() } else { format!("{kept},{revision}") });
        }
        kept = kept.split_once(',').map_or("", |(_, rest)| rest);
        if kept.is_empty() && revision.len() >= HISTORY_MAX {
            return None;
        }
    }
}

fn text<'a>(set: &'a ReplicaSet, key: &str) -> Option<&'a String> {
    set.metadata.annotations.as_ref()?.get(key)
}

fn number(set: &ReplicaSet, key: &str) -> Option<i32> {
    text(set, key)?.parse().ok().filter(|number| *number >= 0)
}
