//! Rules that an update may break because the stored object does: they are newer than it.
//!
//! Upstream: `GetValidationOptionsFromPodSpecAndMeta` in `pkg/api/pod/util.go`, with v1.36's features.

use k8s_openapi::api::core::v1::{Container, PodSpec, Toleration};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};

use super::{annotations, paths, resources, security, spread};
use crate::amounts::list;
use crate::blank::{items, text};
use k8s_api_kinds::labels::{SelectorOptions, has_invalid_values, validate_label_selector};
use k8s_api_kinds::names;

/// What of the rules is relaxed.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each relaxes one rule, named where it is checked")]
pub(crate) struct Options {
    /// The spec is a pod's own, not a template's.
    pub(crate) is_pod: bool,
    pub(crate) invalid_deletion_cost: bool,
    pub(crate) invalid_selector_values: bool,
    pub(crate) invalid_node_affinity_values: bool,
    pub(crate) invalid_spread_selector: bool,
    pub(crate) invalid_match_label_keys: bool,
    pub(crate) indivisible_huge_pages: bool,
    pub(crate) non_local_token_path: bool,
    pub(crate) namespaced_sysctls_on_host: bool,
    pub(crate) restarting_resize_of_init_containers: bool,
    pub(crate) user_namespaces_with_devices: bool,
    pub(crate) user_namespaces_on_host_network: bool,
    pub(crate) comparing_tolerations: bool,
    pub(crate) any_selinux_change: bool,
}

impl Options {
    /// The rules for a spec that replaces `old`, or is new.
    pub(crate) fn of(old: Option<(&PodSpec, Option<&ObjectMeta>)>) -> Self {
        let Some((spec, metadata)) = old else { return Self::default() };
        let annotations = metadata.and_then(|metadata| metadata.annotations.as_ref());
        let containers = || spec.containers.iter().chain(list(&spec.init_containers));
        Self {
            is_pod: false,
            invalid_deletion_cost: annotations.is_some_and(|map| annotations::deletion_cost(map).is_err()),
            invalid_selector_values: has_invalid_affinity_selector(spec),
            invalid_node_affinity_values: has_invalid_node_affinity(spec),
            invalid_spread_selector: has_invalid_spread_selector(spec),
            invalid_match_label_keys: spread::has_invalid_match_label_keys(spec),
            indivisible_huge_pages: containers().any(resources::has_indivisible_huge_pages)
                || resources::any_indivisible_huge_pages(spec.overhead.as_ref()),
            non_local_token_path: has_non_local_token_path(spec),
            namespaced_sysctls_on_host: security::has_sysctls_of_host(spec),
            restarting_resize_of_init_containers: list(&spec.init_containers).iter().any(restarts_on_resize),
            user_namespaces_with_devices: spec.host_users == Some(false)
                && containers().any(|container| !items(&container.volume_devices).is_empty()),
            user_namespaces_on_host_network: spec.host_users == Some(false) && spec.host_network == Some(true),
            comparing_tolerations: items(&spec.tolerations).iter().any(compares),
            any_selinux_change: spec
                .security_context
                .as_ref()
                .is_some_and(|context| context.se_linux_change_policy.is_some()),
        }
    }

    /// The same rules for a pod's own spec.
    pub(crate) fn for_pod(self) -> Self {
        Self { is_pod: true, ..self }
    }

    /// How label selectors are checked.
    pub(crate) fn selectors(&self) -> SelectorOptions {
        SelectorOptions { allow_invalid_values: self.invalid_selector_values, ..Default::default() }
    }
}

fn compares(toleration: &Toleration) -> bool {
    matches!(text(&toleration.operator), "Lt" | "Gt")
}

fn restarts_on_resize(container: &Container) -> bool {
    container.restart_policy.as_deref() != Some("Always")
        && items(&container.resize_policy).iter().any(|policy| policy.restart_policy == "RestartContainer")
}

fn has_invalid_affinity_selector(spec: &PodSpec) -> bool {
    let Some(affinity) = &spec.affinity else { return false };
    let invalid = |selector: &Option<LabelSelector>| has_invalid_values(selector.as_ref());
    let pods = affinity.pod_affinity.iter();
    let required = pods.clone().flat_map(|a| items(&a.required_during_scheduling_ignored_during_execution));
    let preferred = pods.flat_map(|a| items(&a.preferred_during_scheduling_ignored_during_execution));
    let anti = affinity.pod_anti_affinity.iter();
    let anti_required = anti.clone().flat_map(|a| items(&a.required_during_scheduling_ignored_during_execution));
    let anti_preferred = anti.flat_map(|a| items(&a.preferred_during_scheduling_ignored_during_execution));
    required
        .chain(anti_required)
        .chain(preferred.chain(anti_preferred).map(|weighted| &weighted.pod_affinity_term))
        .any(|term| invalid(&term.label_selector) || invalid(&term.namespace_selector))
}

fn has_invalid_node_affinity(spec: &PodSpec) -> bool {
    let node = spec.affinity.as_ref().and_then(|affinity| affinity.node_affinity.as_ref());
    node.and_then(|node| node.required_during_scheduling_ignored_during_execution.as_ref())
        .into_iter()
        .flat_map(|selector| &selector.node_selector_terms)
        .flat_map(|term| items(&term.match_expressions))
        .flat_map(|requirement| items(&requirement.values))
        .any(|value| !names::label_value(value).is_empty())
}

fn has_invalid_spread_selector(spec: &PodSpec) -> bool {
    items(&spec.topology_spread_constraints).iter().any(|constraint| {
        !validate_label_selector(constraint.label_selector.as_ref(), SelectorOptions::default(), &"").is_empty()
    })
}

fn has_non_local_token_path(spec: &PodSpec) -> bool {
    let sources = items(&spec.volumes).iter().filter_map(|v| v.projected.as_ref()).flat_map(|p| items(&p.sources));
    sources.filter_map(|source| source.service_account_token.as_ref()).any(|token| !paths::is_local(&token.path))
}
