//! What makes a pod spec wrong, in the order in which upstream says so.
//!
//! Upstream: `pkg/apis/core/validation/validation.go`.

mod affinity;
mod annotations;
mod claims;
mod container;
mod containers;
mod dns;
mod env;
mod host;
mod mounts;
mod options;
mod os;
mod paths;
mod probes;
mod projected;
mod resources;
mod scheduling;
mod security;
mod selectors;
mod spread;
mod volume_claim;
mod volumes;
mod volumes_rare;
mod windows;

use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::{At, ip, labels, names};
use k8s_openapi::api::core::v1::{Container, Pod, PodSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::amounts::list;
use crate::blank::{items, text};
use crate::pod::ephemeral::as_container;

pub(crate) use annotations::{
    MIRROR, SECCOMP_CONTAINER_PREFIX, SECCOMP_POD, on_create as annotations_match_fields, pod_annotations,
};
pub(crate) use options::Options;
pub(crate) use scheduling::tolerations_by as tolerations;
pub(crate) use volume_claim::claim_spec;

/// What the parts of a spec must know of the rest of it.
pub(crate) struct Scope<'a> {
    pub(crate) spec: &'a PodSpec,
    pub(crate) options: &'a Options,
    /// The volumes that are valid, which mounts may name.
    pub(crate) volumes: volumes::Volumes<'a>,
    /// The names of the pod's resource claims, sorted.
    pub(crate) claims: std::collections::BTreeSet<&'a str>,
}

impl Scope<'_> {
    fn host_users(&self) -> bool {
        self.spec.host_users != Some(false)
    }
}

/// All mistakes in a pod beyond its metadata, whether it is new or changed.
pub(crate) fn pod(pod: &Pod, options: &Options) -> ErrorList {
    let mut errors = ErrorList::new();
    let Some(spec) = &pod.spec else { return errors };
    let metadata = At::new("metadata");
    pod_annotations(&pod.metadata, spec, options, &metadata.child("annotations"), &mut errors);
    let at = At::new("spec");
    self::spec(spec, Some(&pod.metadata), options, &at, &mut errors);
    if text(&spec.service_account_name).is_empty() {
        tokens_need_an_account(spec, &at, &mut errors);
    }
    containers::images_of_pods(&spec.containers, &at.child("containers"), &mut errors);
    containers::images_of_pods(list(&spec.init_containers), &at.child("initContainers"), &mut errors);
    errors
}

/// All mistakes in a pod spec; `metadata` is that of the pod, absent in a template.
pub(crate) fn spec(
    spec: &PodSpec,
    metadata: Option<&ObjectMeta>,
    options: &Options,
    at: &At<'_>,
    errors: &mut ErrorList,
) {
    let volumes = volumes::volumes(spec, metadata, options, &at.child("volumes"), errors);
    let claims = items(&spec.resource_claims).iter().map(|claim| claim.name.as_str()).filter(|n| !n.is_empty());
    let scope = Scope { spec, options, volumes, claims: claims.collect() };
    claims::pod_claims(spec, metadata, &at.child("resourceClaims"), errors);
    containers::containers(&scope, &at.child("containers"), errors);
    containers::init_containers(&scope, &at.child("initContainers"), errors);
    containers::ephemeral_containers(&scope, &at.child("ephemeralContainers"), errors);
    resources::pod_level(&scope, &at.child("resources"), errors);
    host::host_network_ports(&scope, at, errors);
    policies(spec, at, errors);
    errors.extend(labels::validate_labels(spec.node_selector.as_ref(), &at.child("nodeSelector")));
    security::pod_security_context(&scope, &at.child("securityContext"), errors);
    if let Some(affinity) = &spec.affinity {
        affinity::affinity(affinity, options, &at.child("affinity"), errors);
    }
    dns::dns_config(spec, &at.child("dnsConfig"), errors);
    scheduling::gates(spec, at, errors);
    spread::constraints(spec, options, &at.child("topologySpreadConstraints"), errors);
    windows::host_process(spec, at, errors);
    host::host_users(&scope, at, errors);
    host::hostname_override(spec, &at.child("hostnameOverride"), errors);
    names_of_others(spec, at, errors);
    scheduling::tolerations_by(items(&spec.tolerations), options, &at.child("tolerations"), errors);
    host_aliases(spec, &at.child("hostAliases"), errors);
    classes(&scope, at, errors);
    os::os(spec, at, errors);
    env::file_references(spec, at, errors);
}

fn policies(spec: &PodSpec, at: &At<'_>, errors: &mut ErrorList) {
    let policy = text(&spec.restart_policy);
    one_of(policy, &["Always", "OnFailure", "Never"], &at.child("restartPolicy"), errors);
    let policy = text(&spec.dns_policy);
    one_of(policy, &["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"], &at.child("dnsPolicy"), errors);
}

/// A value that must be there and be one of an enumeration.
fn one_of(value: &str, allowed: &[&str], at: &At<'_>, errors: &mut ErrorList) {
    if value.is_empty() {
        errors.push(Error::required(at, ""));
    } else if !allowed.contains(&value) {
        errors.push(Error::not_supported(at, value, allowed));
    }
}

/// A value that, if there, must be one of an enumeration.
#[expect(clippy::ref_option, reason = "fields of k8s-openapi are passed as they are")]
fn known(value: &Option<String>, allowed: &[&str], at: &At<'_>, errors: &mut ErrorList) {
    if let Some(value) = value
        && !allowed.contains(&value.as_str())
    {
        errors.push(Error::not_supported(at, value, allowed));
    }
}

/// One error for each message about a value.
fn check(messages: names::Messages, value: &str, at: &At<'_>, errors: &mut ErrorList) {
    errors.extend(messages.into_iter().map(|message| Error::invalid(at, value, message)));
}

fn names_of_others(spec: &PodSpec, at: &At<'_>, errors: &mut ErrorList) {
    if let Some(name) = spec.service_account_name.as_deref().filter(|name| !name.is_empty()) {
        check(names::dns1123_subdomain(name), name, &at.child("serviceAccountName"), errors);
    }
    if let Some(name) = spec.node_name.as_deref().filter(|name| !name.is_empty()) {
        check(names::dns1123_subdomain(name), name, &at.child("nodeName"), errors);
    }
    if let Some(seconds) = spec.active_deadline_seconds
        && !(1..=i64::from(i32::MAX)).contains(&seconds)
    {
        let detail = names::range_error(1, i64::from(i32::MAX));
        errors.push(Error::invalid(&at.child("activeDeadlineSeconds"), seconds, detail));
    }
    for (name, field) in [(&spec.hostname, "hostname"), (&spec.subdomain, "subdomain")] {
        if let Some(name) = name.as_deref().filter(|name| !name.is_empty()) {
            check(names::dns1123_label(name), name, &at.child(field), errors);
        }
    }
}

fn host_aliases(spec: &PodSpec, at: &At<'_>, errors: &mut ErrorList) {
    for (i, alias) in items(&spec.host_aliases).iter().enumerate() {
        let at = at.index(i);
        errors.extend(ip::validate_legacy_ip(&alias.ip, &[], &at.child("ip")));
        let at = at.child("hostnames");
        for (j, name) in items(&alias.hostnames).iter().enumerate() {
            check(names::dns1123_subdomain(name), name, &at.index(j), errors);
        }
    }
}

fn classes(scope: &Scope<'_>, at: &At<'_>, errors: &mut ErrorList) {
    let spec = scope.spec;
    if let Some(name) = spec.priority_class_name.as_deref().filter(|name| !name.is_empty()) {
        check(names::dns1123_subdomain(name), name, &at.child("priorityClassName"), errors);
    }
    if let Some(name) = &spec.runtime_class_name {
        check(names::dns1123_subdomain(name), name, &at.child("runtimeClassName"), errors);
    }
    if let Some(policy) = &spec.preemption_policy {
        one_of(policy, &["PreemptLowerPriority", "Never"], &at.child("preemptionPolicy"), errors);
    }
    if let Some(overhead) = &spec.overhead {
        resources::overhead(overhead, scope, &at.child("overhead"), errors);
    }
}

fn tokens_need_an_account(spec: &PodSpec, at: &At<'_>, errors: &mut ErrorList) {
    let at = at.child("volumes");
    for (i, volume) in items(&spec.volumes).iter().enumerate() {
        for (j, source) in volume.projected.iter().flat_map(|p| items(&p.sources)).enumerate() {
            if source.service_account_token.is_some() {
                let at = at.index(i);
                let (at, detail) = (at.child("projected"), "must not be specified when serviceAccountName is not set");
                let at = at.child("sources");
                let at = at.index(j);
                errors.push(Error::forbidden(&at.child("serviceAccountToken"), detail));
            }
        }
    }
}

/// Visits all containers with their place: first those that run first.
pub(crate) fn visit(spec: &PodSpec, at: &At<'_>, mut visitor: impl FnMut(&Container, &At<'_>)) {
    let place = at.child("initContainers");
    for (i, container) in list(&spec.init_containers).iter().enumerate() {
        visitor(container, &place.index(i));
    }
    let place = at.child("containers");
    for (i, container) in spec.containers.iter().enumerate() {
        visitor(container, &place.index(i));
    }
    let place = at.child("ephemeralContainers");
    for (i, container) in items(&spec.ephemeral_containers).iter().enumerate() {
        visitor(&as_container(container), &place.index(i));
    }
}
