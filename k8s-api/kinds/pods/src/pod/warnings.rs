//! What is allowed in a pod and still rarely meant.
//!
//! Upstream: `pkg/api/pod/warnings.go`.

mod overlap;
mod ports;

use std::collections::BTreeSet;

use k8s_api::field::quote;
use k8s_api_kinds::{At, ip, names};
use k8s_openapi::api::core::v1::{
    AppArmorProfile, Container, NodeSelectorTerm, PersistentVolumeClaimSpec, PodSpec, PodTemplateSpec, Volume,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{app_armor, validation};
use crate::amounts::{Amounts, read};
use crate::blank::{items, text};

type Warnings = Vec<String>;

/// Warns of a name that is no DNS label and will be used as one.
pub(crate) fn name(used_in: &str, name: &str) -> Option<String> {
    let messages = super::is_no_label(name)?;
    Some(format!(
        "metadata.name: this is used in {used_in}, which can result in surprising behavior; a DNS label is recommended: [{}]",
        messages.join(" ")
    ))
}

/// Warnings about a template at this place.
pub(crate) fn template(template: &PodTemplateSpec, at: &At<'_>) -> Warnings {
    let mut warnings = Warnings::new();
    if let Some(spec) = &template.spec {
        let none = ObjectMeta::default();
        self::spec(spec, template.metadata.as_ref().unwrap_or(&none), Some(at), &mut warnings);
    }
    warnings
}

/// Warnings about a spec; `place` is that of the template it belongs to, none for a pod.
pub(crate) fn spec(spec: &PodSpec, metadata: &ObjectMeta, place: Option<&At<'_>>, warnings: &mut Warnings) {
    let root = place.copied().unwrap_or(At::ROOT);
    let at = root.child("spec");
    node_labels(spec, &at, warnings);
    spread(spec, &at, warnings);
    let annotations = root.child("metadata");
    let annotations = annotations.child("annotations");
    dead_annotations(metadata, &annotations, warnings);
    let volumes = at.child("volumes");
    for (i, volume) in items(&spec.volumes).iter().enumerate() {
        self::volume(volume, &volumes.index(i), warnings);
    }
    overlap::paths(items(&spec.volumes), warnings);
    duplicates(spec, &at, warnings);
    fractional(spec.overhead.as_ref(), &at.child("overhead"), warnings);
    let seccomp = spec.security_context.as_ref().is_some_and(|context| context.seccomp_profile.is_some());
    if !seccomp && has(metadata, validation::SECCOMP_POD) {
        let at = annotations.key(validation::SECCOMP_POD);
        warnings.push(format!("{at}: non-functional in v1.27+; use the \"seccompProfile\" field instead"));
    }
    let of_pod = spec.security_context.as_ref().and_then(|context| context.app_armor_profile.as_ref());
    validation::visit(spec, &at, |container, at| {
        profiles(container, metadata, of_pod, place.is_some(), &annotations, warnings);
        self::container(container, at, warnings);
    });
    ports::ports(spec, &at, warnings);
    if spec.termination_grace_period_seconds.is_some_and(|seconds| seconds < 0) {
        let at = at.child("terminationGracePeriodSeconds");
        warnings.push(format!("{at}: must be >= 0; negative values are invalid and will be treated as 1"));
    }
    null_selectors(spec, &at, warnings);
    addresses(spec, &at, warnings);
}

fn has(metadata: &ObjectMeta, annotation: &str) -> bool {
    metadata.annotations.as_ref().is_some_and(|annotations| annotations.contains_key(annotation))
}

/// Why a node label should not be used any more.
fn deprecated_label(label: &str) -> Option<&'static str> {
    Some(match label {
        "beta.kubernetes.io/arch" => "deprecated since v1.14; use \"kubernetes.io/arch\" instead",
        "beta.kubernetes.io/os" => "deprecated since v1.14; use \"kubernetes.io/os\" instead",
        "failure-domain.beta.kubernetes.io/region" => {
            "deprecated since v1.17; use \"topology.kubernetes.io/region\" instead"
        }
        "failure-domain.beta.kubernetes.io/zone" => {
            "deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead"
        }
        "beta.kubernetes.io/instance-type" => {
            "deprecated since v1.17; use \"node.kubernetes.io/instance-type\" instead"
        }
        "app.kubernetes.io/created-by" => "deprecated since v1.9",
        "scheduler.alpha.kubernetes.io/preferAvoidPods" => "deprecated since v1.22; use Taints and Tolerations instead",
        "node-role.kubernetes.io/master" => "use \"node-role.kubernetes.io/control-plane\" instead",
        _ => return None,
    })
}

fn node_labels(spec: &PodSpec, at: &At<'_>, warnings: &mut Warnings) {
    let place = at.child("nodeSelector");
    for key in spec.node_selector.iter().flat_map(std::collections::BTreeMap::keys) {
        warnings.extend(deprecated_label(key).map(|message| format!("{}: {message}", place.key(key))));
    }
    let Some(node) = spec.affinity.as_ref().and_then(|affinity| affinity.node_affinity.as_ref()) else { return };
    let at = at.child("affinity");
    let at = at.child("nodeAffinity");
    if let Some(required) = &node.required_during_scheduling_ignored_during_execution {
        let at = at.child("requiredDuringSchedulingIgnoredDuringExecution");
        let at = at.child("nodeSelectorTerms");
        for (i, one) in required.node_selector_terms.iter().enumerate() {
            term(one, false, &at.index(i), warnings);
        }
    }
    let at = at.child("preferredDuringSchedulingIgnoredDuringExecution");
    for (i, preferred) in items(&node.preferred_during_scheduling_ignored_during_execution).iter().enumerate() {
        let at = at.index(i);
        term(&preferred.preference, true, &at.child("preference"), warnings);
    }
}

fn term(term: &NodeSelectorTerm, check_values: bool, at: &At<'_>, warnings: &mut Warnings) {
    let at = at.child("matchExpressions");
    for (i, expression) in items(&term.match_expressions).iter().enumerate() {
        let (at, key) = (at.index(i), &expression.key);
        warnings.extend(deprecated_label(key).map(|message| format!("{}: {key} is {message}", at.child("key"))));
        if !check_values {
            continue;
        }
        let at = at.child("values");
        for (i, value) in items(&expression.values).iter().enumerate() {
            let messages = names::label_value(value).into_iter();
            warnings.extend(messages.map(|message| format!("{}: {value} is invalid, {message}", at.index(i))));
        }
    }
}

fn spread(spec: &PodSpec, at: &At<'_>, warnings: &mut Warnings) {
    let at = at.child("topologySpreadConstraints");
    for (i, constraint) in items(&spec.topology_spread_constraints).iter().enumerate() {
        let (at, key) = (at.index(i), &constraint.topology_key);
        warnings
            .extend(deprecated_label(key).map(|message| format!("{}: {key} is {message}", at.child("topologyKey"))));
        if constraint.label_selector.is_none() {
            warnings.push(null_selector(&at.child("labelSelector")));
        }
    }
}

fn null_selector(at: &At<'_>) -> String {
    format!("{at}: a null labelSelector results in matching no pod")
}

fn dead_annotations(metadata: &ObjectMeta, at: &At<'_>, warnings: &mut Warnings) {
    let dead = [
        (
            "scheduler.alpha.kubernetes.io/critical-pod",
            "non-functional in v1.16+; use the \"priorityClassName\" field instead",
        ),
        ("security.alpha.kubernetes.io/sysctls", "non-functional in v1.11+; use the \"sysctls\" field instead"),
        ("security.alpha.kubernetes.io/unsafe-sysctls", "non-functional in v1.11+; use the \"sysctls\" field instead"),
    ];
    for (key, message) in dead.into_iter().filter(|(key, _)| has(metadata, key)) {
        warnings.push(format!("{}: {message}", at.key(key)));
    }
}

fn volume(volume: &Volume, at: &At<'_>, warnings: &mut Warnings) {
    if volume.photon_persistent_disk.is_some() {
        let at = at.child("photonPersistentDisk");
        warnings.push(format!("{at}: deprecated in v1.11, non-functional in v1.16+"));
    }
    if volume.git_repo.is_some() {
        warnings.push(format!("{}: deprecated in v1.11, and disabled by default in v1.33+", at.child("gitRepo")));
    }
    let before = [
        ("scaleIO", volume.scale_io.is_some(), "v1.16", "v1.22+"),
        ("flocker", volume.flocker.is_some(), "v1.22", "v1.25+"),
        ("storageOS", volume.storageos.is_some(), "v1.22", "v1.25+"),
        ("quobyte", volume.quobyte.is_some(), "v1.22", "v1.25+"),
        ("glusterfs", volume.glusterfs.is_some(), "v1.25", "v1.26+"),
    ];
    let after =
        [("cephfs", volume.cephfs.is_some(), "v1.28", "v1.31+"), ("rbd", volume.rbd.is_some(), "v1.28", "v1.31+")];
    let dead = |list: &[(&str, bool, &str, &str)], warnings: &mut Warnings| {
        for (field, _, deprecated, gone) in list.iter().filter(|(_, used, ..)| *used) {
            let at = at.child(field);
            warnings.push(format!("{at}: deprecated in {deprecated}, non-functional in {gone}"));
        }
    };
    dead(&before, warnings);
    if let Some(template) = volume.ephemeral.as_ref().and_then(|source| source.volume_claim_template.as_ref()) {
        let at = at.child("ephemeral");
        let at = at.child("volumeClaimTemplate");
        claim(&template.spec, &at.child("spec"), warnings);
    }
    dead(&after, warnings);
}

/// Warnings about what is asked of a persistent volume.
pub(crate) fn claim(spec: &PersistentVolumeClaimSpec, at: &At<'_>, warnings: &mut Warnings) {
    let at = at.child("resources");
    if let Some(resources) = &spec.resources {
        fraction(resources.requests.as_ref(), "storage", &at.child("requests"), warnings);
        fraction(resources.limits.as_ref(), "storage", &at.child("limits"), warnings);
    }
}

fn fractional(list: Option<&Amounts>, at: &At<'_>, warnings: &mut Warnings) {
    fraction(list, "memory", at, warnings);
    fraction(list, "ephemeral-storage", at, warnings);
}

fn fraction(list: Option<&Amounts>, name: &str, at: &At<'_>, warnings: &mut Warnings) {
    let Some(amount) = list.and_then(|list| list.get(name)).map(read) else { return };
    if amount.milli_value() % 1000 != 0 {
        let (at, shown) = (at.key(name), quote(&amount.to_string()));
        warnings.push(format!("{at}: fractional byte value {shown} is invalid, must be an integer"));
    }
}

fn duplicates(spec: &PodSpec, at: &At<'_>, warnings: &mut Warnings) {
    let (place, mut seen) = (at.child("hostAliases"), BTreeSet::new());
    for (i, alias) in items(&spec.host_aliases).iter().enumerate() {
        if !seen.insert(&alias.ip) {
            let at = place.index(i);
            warnings.push(format!("{}: duplicate ip {}", at.child("ip"), quote(&alias.ip)));
        }
    }
    let (place, mut seen) = (at.child("imagePullSecrets"), BTreeSet::new());
    let secrets = items(&spec.image_pull_secrets);
    for (i, secret) in secrets.iter().enumerate() {
        if !seen.insert(&secret.name) {
            let at = place.index(i);
            warnings.push(format!("{}: duplicate name {}", at.child("name"), quote(&secret.name)));
        }
    }
    for (i, _) in secrets.iter().enumerate().filter(|(_, secret)| secret.name.is_empty()) {
        let at = place.index(i);
        warnings.push(format!("{}: invalid empty name \"\"", at.child("name")));
    }
}

/// Profiles in annotations that fields should name.
fn profiles(
    container: &Container,
    metadata: &ObjectMeta,
    of_pod: Option<&AppArmorProfile>,
    in_template: bool,
    at: &At<'_>,
    warnings: &mut Warnings,
) {
    let Some(annotations) = &metadata.annotations else { return };
    let context = container.security_context.as_ref();
    if context.is_none_or(|context| context.seccomp_profile.is_none()) {
        let key = format!("{}{}", validation::SECCOMP_CONTAINER_PREFIX, container.name);
        if annotations.contains_key(&key) {
            let at = at.key(&key);
            warnings.push(format!("{at}: non-functional in v1.27+; use the \"seccompProfile\" field instead"));
        }
    }
    let field = context.and_then(|context| context.app_armor_profile.as_ref());
    let key = format!("{}{}", app_armor::ANNOTATION_PREFIX, container.name);
    let Some(annotation) = annotations.get(&key) else { return };
    let profile = app_armor::from_annotation(annotation);
    let deprecated = if in_template {
        field.is_none() && (of_pod.is_none() || profile.as_ref() != of_pod)
    } else {
        // The server has carried a valid profile of a pod over to the field, unless the pod as a whole has the same one.
        profile.is_none() && field.is_none() || profile.is_some() && field == profile.as_ref()
    };
    if deprecated {
        let at = at.key(&key);
        warnings.push(format!("{at}: deprecated since v1.30; use the \"appArmorProfile\" field instead"));
    }
}

fn container(container: &Container, at: &At<'_>, warnings: &mut Warnings) {
    if let Some(resources) = &container.resources {
        let at = at.child("resources");
        let (limits, requests) = (at.child("limits"), at.child("requests"));
        for name in ["memory", "ephemeral-storage"] {
            fraction(resources.limits.as_ref(), name, &limits, warnings);
            fraction(resources.requests.as_ref(), name, &requests, warnings);
        }
    }
    let (at, mut seen) = (at.child("env"), BTreeSet::new());
    for (i, variable) in items(&container.env).iter().enumerate() {
        if seen.insert(&variable.name) {
            continue;
        }
        let (value, reference) = (text(&variable.value), format!("$({})", variable.name));
        if variable.value_from.is_some() || value == reference || !value.contains(&reference) {
            let (at, name) = (at.index(i), quote(&variable.name));
            warnings.push(format!("{at}: hides previous definition of {name}, which may be dropped when using apply"));
        }
    }
}

fn null_selectors(spec: &PodSpec, at: &At<'_>, warnings: &mut Warnings) {
    let Some(affinity) = &spec.affinity else { return };
    let pods = affinity.pod_affinity.as_ref().map(|a| {
        (
            "podAffinity",
            items(&a.required_during_scheduling_ignored_during_execution),
            items(&a.preferred_during_scheduling_ignored_during_execution),
        )
    });
    let anti = affinity.pod_anti_affinity.as_ref().map(|a| {
        (
            "podAntiAffinity",
            items(&a.required_during_scheduling_ignored_during_execution),
            items(&a.preferred_during_scheduling_ignored_during_execution),
        )
    });
    let at = at.child("affinity");
    for (field, required, preferred) in pods.into_iter().chain(anti) {
        let at = at.child(field);
        let place = at.child("requiredDuringSchedulingIgnoredDuringExecution");
        for (i, _) in required.iter().enumerate().filter(|(_, term)| term.label_selector.is_none()) {
            let at = place.index(i);
            warnings.push(null_selector(&at.child("labelSelector")));
        }
        let place = at.child("preferredDuringSchedulingIgnoredDuringExecution");
        let null = preferred.iter().enumerate().filter(|(_, one)| one.pod_affinity_term.label_selector.is_none());
        for (i, _) in null {
            let at = place.index(i);
            let at = at.child("podAffinityTerm");
            warnings.push(null_selector(&at.child("labelSelector")));
        }
    }
}

fn addresses(spec: &PodSpec, at: &At<'_>, warnings: &mut Warnings) {
    if let Some(config) = &spec.dns_config {
        let at = at.child("dnsConfig");
        let at = at.child("nameservers");
        for (i, server) in items(&config.nameservers).iter().enumerate() {
            warnings.extend(ip::warnings_for_ip(server, &at.index(i)));
        }
    }
    let at = at.child("hostAliases");
    for (i, alias) in items(&spec.host_aliases).iter().enumerate() {
        let at = at.index(i);
        warnings.extend(ip::warnings_for_ip(&alias.ip, &at.child("ip")));
    }
}
