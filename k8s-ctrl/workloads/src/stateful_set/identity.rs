//! Names, labels and volumes of pods that have a place.

use std::collections::BTreeMap;

use k8s_api::Kind;
use k8s_openapi::api::apps::v1::{StatefulSet, StatefulSetSpec};
use k8s_openapi::api::core::v1::{
    PersistentVolumeClaim, PersistentVolumeClaimVolumeSource, Pod, PodTemplateSpec, Volume,
};

use crate::pods;

pub(super) const REVISION: &str = "controller-revision-hash";
const POD_NAME: &str = "statefulset.kubernetes.io/pod-name";
const POD_INDEX: &str = "apps.kubernetes.io/pod-index";

/// The set and the place that the name of a pod says.
pub(super) fn parent(name: &str) -> Option<(&str, i32)> {
    let (parent, ordinal) = name.rsplit_once('-')?;
    let is_number = !ordinal.is_empty() && ordinal.bytes().all(|b| b.is_ascii_digit());
    Some((parent, ordinal.parse().ok().filter(|_| is_number)?))
}

/// The place of a pod; -1 when its name says none.
pub(super) fn ordinal(pod: &Pod) -> i32 {
    parent(pod.name()).map_or(-1, |(_, ordinal)| ordinal)
}

/// The revision a pod was made from.
pub(super) fn revision(pod: &Pod) -> &str {
    pod.metadata.labels.as_ref().and_then(|labels| labels.get(REVISION)).map_or("", String::as_str)
}

/// The pod of a place.
pub(super) fn pod(set: &StatefulSet, template: &PodTemplateSpec, revision: &str, ordinal: i32) -> Pod {
    let name = format!("{}-{ordinal}", set.name());
    let mut pod = pods::from_template(set, template);
    pod.metadata.generate_name = Some(format!("{}-", set.name()));
    pod.metadata.namespace.clone_from(&set.metadata.namespace);
    identify(&mut pod, &name, ordinal);
    pod.metadata.name = Some(name.clone());
    pod.metadata.labels.get_or_insert_default().insert(REVISION.to_owned(), revision.to_owned());
    if let (Some(spec), Some(of_set)) = (&mut pod.spec, &set.spec) {
        spec.hostname = Some(name);
        spec.subdomain = of_set.service_name.clone().filter(|name| !name.is_empty());
        let claims = claims(set, of_set, ordinal);
        if !claims.is_empty() {
            let own = spec.volumes.take().unwrap_or_default();
            let mut volumes: Vec<_> = claims.iter().map(|(name, claim)| volume(name, claim.name())).collect();
            volumes.extend(own.into_iter().filter(|volume| !claims.contains_key(&volume.name)));
            spec.volumes = Some(volumes);
        }
    }
    pod
}

/// The labels by which a pod is known.
fn identify(pod: &mut Pod, name: &str, ordinal: i32) {
    let labels = pod.metadata.labels.get_or_insert_default();
    labels.insert(POD_NAME.to_owned(), name.to_owned());
    labels.insert(POD_INDEX.to_owned(), ordinal.to_string());
}

/// Whether a pod still bears its name as a label.
pub(super) fn is_labelled(pod: &Pod) -> bool {
    pod.metadata.labels.as_ref().and_then(|labels| labels.get(POD_NAME)).is_some_and(|label| label == pod.name())
}

/// The labels that a pod must bear, as a patch.
pub(super) fn labels_patch(pod: &Pod) -> serde_json::Value {
    let (name, ordinal) = (pod.name(), ordinal(pod).to_string());
    serde_json::json!({ "metadata": { "labels": { POD_NAME: name, POD_INDEX: ordinal } } })
}

/// The claims of a place, by the name of their template.
pub(super) fn claims(
    set: &StatefulSet,
    spec: &StatefulSetSpec,
    ordinal: i32,
) -> BTreeMap<String, PersistentVolumeClaim> {
    let templates = spec.volume_claim_templates.iter().flatten();
    let claim = |template: &PersistentVolumeClaim| {
        let mut claim = template.clone();
        claim.metadata.name = Some(format!("{}-{}-{ordinal}", template.name(), set.name()));
        claim.metadata.namespace.clone_from(&set.metadata.namespace);
        let labels = claim.metadata.labels.get_or_insert_default();
        labels.extend(spec.selector.match_labels.clone().unwrap_or_default());
        (template.name().to_owned(), claim)
    };
    templates.map(claim).collect()
}

fn volume(name: &str, claim: &str) -> Volume {
    let source = PersistentVolumeClaimVolumeSource { claim_name: claim.to_owned(), read_only: None };
    Volume { name: name.to_owned(), persistent_volume_claim: Some(source), ..Volume::default() }
}
