//! What a pod spec means where it says nothing.
//!
//! Upstream: `pkg/apis/core/v1/defaults.go`, its generated companion and `conversion.go`.

mod container;
mod volume;

use k8s_openapi::api::core::v1::{Affinity, Pod, PodAffinityTerm, PodSecurityContext, PodSpec, PodStatus, Toleration};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};

use crate::amounts::{self, Amounts, tidy_list};
use crate::blank::{items_mut, or_text};
use k8s_api_kinds::tidy;

pub(crate) use volume::claim_spec;

/// Annotations by which releases before 1.8 said what init containers now say.
const INIT_CONTAINER_ANNOTATIONS: [&str; 4] = [
    "pod.beta.kubernetes.io/init-containers",
    "pod.alpha.kubernetes.io/init-containers",
    "pod.beta.kubernetes.io/init-container-statuses",
    "pod.alpha.kubernetes.io/init-container-statuses",
];

/// Defaults of a pod: those of its spec, and some that only pods have and templates do not.
pub(crate) fn pod(pod: &mut Pod) {
    let spec = pod.spec.get_or_insert_default();
    let init_containers = spec.init_containers.iter_mut().flatten();
    for container in spec.containers.iter_mut().chain(init_containers) {
        container::requests_from_limits(container);
    }
    pod_level_resources(spec);
    spec.enable_service_links.get_or_insert(true);
    if spec.host_network == Some(true) {
        let init_containers = spec.init_containers.iter_mut().flatten();
        for port in spec.containers.iter_mut().chain(init_containers).flat_map(|c| items_mut(&mut c.ports)) {
            if port.host_port.unwrap_or_default() == 0 {
                port.host_port = Some(port.container_port);
            }
        }
    }
    self::spec(spec);
    if spec.termination_grace_period_seconds.is_some_and(|seconds| seconds < 0) {
        spec.termination_grace_period_seconds = Some(1);
    }
    if let Some(annotations) = &mut pod.metadata.annotations {
        for key in INIT_CONTAINER_ANNOTATIONS {
            annotations.remove(key);
        }
    }
    status(pod.status.get_or_insert_default());
}

/// Defaults of a pod spec, wherever it stands.
pub(crate) fn spec(spec: &mut PodSpec) {
    tidy!(spec =>
        ephemeral_containers, host_aliases, host_ipc, host_network, host_pid, hostname, image_pull_secrets,
        init_containers, node_name, node_selector, priority_class_name, readiness_gates, resource_claims,
        scheduling_gates, service_account, service_account_name, subdomain, tolerations, topology_spread_constraints,
        volumes,
    );
    or_text(&mut spec.dns_policy, "ClusterFirst");
    or_text(&mut spec.restart_policy, "Always");
    or_text(&mut spec.scheduler_name, "default-scheduler");
    spec.termination_grace_period_seconds.get_or_insert(30);
    security_context(spec.security_context.get_or_insert_default());
    if spec.service_account_name.is_none() {
        spec.service_account_name = spec.service_account.take();
    }
    if spec.service_account != spec.service_account_name {
        spec.service_account = spec.service_account_name.clone();
    }
    items_mut(&mut spec.volumes).iter_mut().for_each(volume::volume);
    items_mut(&mut spec.init_containers).iter_mut().for_each(container::container);
    spec.containers.iter_mut().for_each(container::container);
    items_mut(&mut spec.ephemeral_containers).iter_mut().for_each(container::ephemeral);
    tidy_list(&mut spec.overhead);
    if let Some(resources) = &mut spec.resources {
        container::resources(resources);
    }
    items_mut(&mut spec.tolerations).iter_mut().for_each(toleration);
    if let Some(affinity) = &mut spec.affinity {
        self::affinity(affinity);
    }
    for constraint in items_mut(&mut spec.topology_spread_constraints) {
        tidy!(constraint => match_label_keys);
        constraint.label_selector.iter_mut().for_each(selector);
    }
    if let Some(dns) = &mut spec.dns_config {
        tidy!(dns => nameservers, options, searches);
    }
    for alias in items_mut(&mut spec.host_aliases) {
        tidy!(alias => hostnames);
    }
}

/// Metadata that stands inside a spec: empty parts left out.
pub(crate) fn inner_metadata(metadata: &mut Option<ObjectMeta>) {
    k8s_api_kinds::canonical::meta(metadata.get_or_insert_default());
}

/// A label selector without empty lists and maps.
pub(crate) fn selector(selector: &mut LabelSelector) {
    tidy!(selector => match_expressions, match_labels);
    for requirement in items_mut(&mut selector.match_expressions) {
        tidy!(requirement => values);
    }
}

fn security_context(context: &mut PodSecurityContext) {
    tidy!(context => supplemental_groups, sysctls);
    if let Some(options) = &mut context.se_linux_options {
        tidy!(options => level, role, type_, user);
    }
}

fn toleration(toleration: &mut Toleration) {
    tidy!(toleration => effect, key, operator, value);
}

fn affinity(affinity: &mut Affinity) {
    if let Some(node) = &mut affinity.node_affinity {
        tidy!(node => preferred_during_scheduling_ignored_during_execution);
        let preferred = items_mut(&mut node.preferred_during_scheduling_ignored_during_execution);
        let required = node.required_during_scheduling_ignored_during_execution.iter_mut();
        let terms = required.flat_map(|s| s.node_selector_terms.iter_mut());
        for term in terms.chain(preferred.iter_mut().map(|p| &mut p.preference)) {
            tidy!(term => match_expressions, match_fields);
            let fields = term.match_fields.iter_mut().flatten();
            for requirement in term.match_expressions.iter_mut().flatten().chain(fields) {
                tidy!(requirement => values);
            }
        }
    }
    if let Some(pods) = &mut affinity.pod_affinity {
        tidy!(pods =>
            preferred_during_scheduling_ignored_during_execution, required_during_scheduling_ignored_during_execution);
        let preferred = pods.preferred_during_scheduling_ignored_during_execution.iter_mut().flatten();
        preferred.map(|w| &mut w.pod_affinity_term).for_each(pod_affinity_term);
        items_mut(&mut pods.required_during_scheduling_ignored_during_execution).iter_mut().for_each(pod_affinity_term);
    }
    if let Some(pods) = &mut affinity.pod_anti_affinity {
        tidy!(pods =>
            preferred_during_scheduling_ignored_during_execution, required_during_scheduling_ignored_during_execution);
        let preferred = pods.preferred_during_scheduling_ignored_during_execution.iter_mut().flatten();
        preferred.map(|w| &mut w.pod_affinity_term).for_each(pod_affinity_term);
        items_mut(&mut pods.required_during_scheduling_ignored_during_execution).iter_mut().for_each(pod_affinity_term);
    }
}

fn pod_affinity_term(term: &mut PodAffinityTerm) {
    tidy!(term => match_label_keys, mismatch_label_keys, namespaces);
    term.label_selector.iter_mut().for_each(selector);
    term.namespace_selector.iter_mut().for_each(selector);
}

/// Where a pod as a whole says how much it may use, completes what it says from its containers.
fn pod_level_resources(spec: &mut PodSpec) {
    let Some(resources) = &mut spec.resources else { return };
    let (containers, init_containers) = (&spec.containers, amounts::list(&spec.init_containers));
    let none = |list: &Option<Amounts>| list.as_ref().is_none_or(Amounts::is_empty);
    if none(&resources.limits) && none(&resources.requests) {
        return;
    }
    for (name, amount) in amounts::aggregate(containers, init_containers, amounts::limits) {
        if amounts::is_huge_page(name) && amounts::get(&resources.requests, name).is_none() {
            let limits = resources.limits.get_or_insert_default();
            limits.entry(name.to_owned()).or_insert_with(|| amount.into());
        }
    }
    if none(&resources.limits) {
        return;
    }
    let requests = resources.requests.get_or_insert_default();
    for (name, amount) in amounts::aggregate(containers, init_containers, amounts::requests) {
        if amounts::is_pod_level(name) && amounts::may_overcommit(name) {
            requests.entry(name.to_owned()).or_insert_with(|| amount.into());
        }
    }
    for (name, amount) in resources.limits.iter().flatten() {
        if amounts::is_pod_level(name) {
            requests.entry(name.clone()).or_insert_with(|| amount.clone());
        }
    }
}

/// A pod's first address stands in a field of its own as well.
fn status(status: &mut PodStatus) {
    tidy!(status =>
        conditions, container_statuses, ephemeral_container_statuses, host_ip, host_ips, init_container_statuses,
        message, nominated_node_name, observed_generation, phase, pod_ip, pod_ips, qos_class, reason, resize,
        resource_claim_statuses,
    );
    let first = status.pod_ips.as_ref().and_then(|ips| ips.first());
    match (&status.pod_ip, first) {
        (Some(ip), first) if first.is_none_or(|first| first.ip != *ip) => {
            status.pod_ips = Some(vec![k8s_openapi::api::core::v1::PodIP { ip: ip.clone() }]);
        }
        (None, Some(first)) => status.pod_ip = Some(first.ip.clone()),
        _ => {}
    }
}
