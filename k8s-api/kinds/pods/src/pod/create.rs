//! What the server adds to a new pod before anybody sees it.
//!
//! Upstream: `PrepareForCreate` in `pkg/registry/core/pod/strategy.go`.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    Affinity, AppArmorProfile, Container, Pod, PodAffinityTerm, PodCondition, PodSpec, PodStatus,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};

use super::{app_armor, disabled, qos};
use crate::blank::{items, items_mut, text};

type Labels = BTreeMap<String, String>;

/// Prepares a new pod: pending, its class of service known, selectors completed from its own labels.
///
/// A pod behind gates says so in a condition; its transition time is the pod's creation.
pub(super) fn prepare(pod: &mut Pod) {
    pod.metadata.generation = Some(1);
    let created = pod.metadata.creation_timestamp.clone();
    let spec = pod.spec.get_or_insert_default();
    pod.status = Some(PodStatus {
        phase: Some("Pending".to_owned()),
        qos_class: Some(qos::class(spec).to_owned()),
        ..Default::default()
    });
    disabled::drop_fields(spec, None);
    if !items(&spec.scheduling_gates).is_empty() {
        let condition = PodCondition {
            type_: "PodScheduled".to_owned(),
            status: "False".to_owned(),
            reason: Some("SchedulingGated".to_owned()),
            message: Some("Scheduling is blocked due to non-empty scheduling gates".to_owned()),
            last_transition_time: created,
            ..Default::default()
        };
        pod.status.get_or_insert_default().conditions = Some(vec![condition]);
    }
    if let Some(labels) = &pod.metadata.labels {
        complete_selectors(spec, labels);
    }
    app_armor_from_annotations(pod);
}

/// Writes the pod's own values of the keys that its terms say must or must not be equal into their selectors.
fn complete_selectors(spec: &mut PodSpec, labels: &Labels) {
    if let Some(Affinity { pod_affinity, pod_anti_affinity, .. }) = &mut spec.affinity {
        if let Some(pods) = pod_affinity {
            let preferred = pods.preferred_during_scheduling_ignored_during_execution.iter_mut().flatten();
            preferred.for_each(|weighted| complete_term(&mut weighted.pod_affinity_term, labels));
            let required = pods.required_during_scheduling_ignored_during_execution.iter_mut().flatten();
            required.for_each(|term| complete_term(term, labels));
        }
        if let Some(pods) = pod_anti_affinity {
            let preferred = pods.preferred_during_scheduling_ignored_during_execution.iter_mut().flatten();
            preferred.for_each(|weighted| complete_term(&mut weighted.pod_affinity_term, labels));
            let required = pods.required_during_scheduling_ignored_during_execution.iter_mut().flatten();
            required.for_each(|term| complete_term(term, labels));
        }
    }
    for constraint in items_mut(&mut spec.topology_spread_constraints) {
        if let Some(selector) = &mut constraint.label_selector {
            complete(selector, items(&constraint.match_label_keys), "In", labels);
        }
    }
}

fn complete_term(term: &mut PodAffinityTerm, labels: &Labels) {
    if let Some(selector) = &mut term.label_selector {
        complete(selector, items(&term.match_label_keys), "In", labels);
        complete(selector, items(&term.mismatch_label_keys), "NotIn", labels);
    }
}

fn complete(selector: &mut LabelSelector, keys: &[String], operator: &str, labels: &Labels) {
    for key in keys {
        if let Some(value) = labels.get(key) {
            selector.match_expressions.get_or_insert_default().push(LabelSelectorRequirement {
                key: key.clone(),
                operator: operator.to_owned(),
                values: Some(vec![value.clone()]),
            });
        }
    }
}

/// Carries the AppArmor profiles that old clients put into annotations over to where they belong.
fn app_armor_from_annotations(pod: &mut Pod) {
    let (Some(annotations), Some(spec)) = (&pod.metadata.annotations, &mut pod.spec) else { return };
    if !annotations.keys().any(|key| key.starts_with(app_armor::ANNOTATION_PREFIX)) || super::is_windows(spec) {
        return;
    }
    let of_pod = spec.security_context.as_ref().and_then(|context| context.app_armor_profile.clone());
    let init_containers = spec.init_containers.iter_mut().flatten();
    for container in init_containers.chain(&mut spec.containers) {
        if let Some(profile) = annotated_profile(container, annotations)
            && of_pod.as_ref() != Some(&profile)
        {
            container.security_context.get_or_insert_default().app_armor_profile = Some(profile);
        }
    }
}

fn annotated_profile(container: &Container, annotations: &Labels) -> Option<AppArmorProfile> {
    if container.security_context.as_ref().is_some_and(|context| context.app_armor_profile.is_some()) {
        return None;
    }
    let annotation = annotations.get(&format!("{}{}", app_armor::ANNOTATION_PREFIX, container.name))?;
    app_armor::from_annotation(annotation)
        .filter(|profile| profile.type_ != "Localhost" || !text(&profile.localhost_profile).trim().is_empty())
}
