//! Which replica set is which: by template, hash and age.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use k8s_api::Kind;
use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::core::v1::PodTemplateSpec;

use crate::history;

/// The label that tells the pods and the replica sets of one deployment apart.
pub(super) const HASH_LABEL: &str = "pod-template-hash";

const NAME_MAX: usize = 253;

/// Whether two templates make the same pods, whatever hash they bear.
pub(super) fn same(a: &PodTemplateSpec, b: &PodTemplateSpec) -> bool {
    let empty = BTreeMap::new();
    let labels = |template: &PodTemplateSpec| -> Vec<(String, String)> {
        let labels = template.metadata.as_ref().and_then(|meta| meta.labels.as_ref()).unwrap_or(&empty);
        let named = labels.iter().filter(|(key, _)| *key != HASH_LABEL);
        named.map(|(key, value)| (key.clone(), value.clone())).collect()
    };
    let rest = |template: &PodTemplateSpec| {
        let mut meta = template.metadata.clone().unwrap_or_default();
        meta.labels = None;
        meta.annotations = meta.annotations.filter(|annotations| !annotations.is_empty());
        meta
    };
    a.spec == b.spec && labels(a) == labels(b) && rest(a) == rest(b)
}

/// The hash of a template, spelled so that it cannot be a word; collisions are resolved by counting them.
pub(crate) fn hash(template: &PodTemplateSpec, collisions: Option<i32>) -> String {
    // A template always encodes: it came as JSON.
    let mut bytes = serde_json::to_vec(template).unwrap_or_default();
    if let Some(collisions) = collisions {
        bytes.extend_from_slice(&u64::from(collisions.unsigned_abs()).to_le_bytes());
    }
    history::spell(history::fnv_1a(&bytes))
}

/// The name of the replica set for a hash.
pub(super) fn name(deployment: &str, hash: &str) -> String {
    let room = NAME_MAX.saturating_sub(1 + hash.len());
    format!("{}-{hash}", deployment.get(..room).unwrap_or(deployment))
}

/// Older first, then by name.
pub(super) fn by_age(a: &ReplicaSet, b: &ReplicaSet) -> Ordering {
    let age = |set: &ReplicaSet| set.metadata.creation_timestamp.clone();
    age(a).cmp(&age(b)).then_with(|| a.name().cmp(b.name()))
}
