//! Which replica set is which: by template, hash and age.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use k8s_api::Kind;
use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::core::v1::PodTemplateSpec;

/// The label that tells the pods and the replica sets of one deployment apart.
pub(super) const HASH_LABEL: &str = "pod-template-hash";

const NAME_MAX: usize = 253;

/// The letters of upstream's safe encoding: no vowels, nothing that reads as another letter.
const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

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
pub(super) fn hash(template: &PodTemplateSpec, collisions: Option<i32>) -> String {
    let mut sum: u32 = 0x811c_9dc5;
    let mut feed = |bytes: &[u8]| {
        for byte in bytes {
            sum = (sum ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
        }
    };
    // A template always encodes: it came as JSON.
    feed(&serde_json::to_vec(template).unwrap_or_default());
    if let Some(collisions) = collisions {
        feed(&u64::from(collisions.unsigned_abs()).to_le_bytes());
    }
    sum.to_string().bytes().map(|digit| char::from(LETTERS[usize::from(digit) % LETTERS.len()])).collect()
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
