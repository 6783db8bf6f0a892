//! What an update may change, and what it clears since the new type has no use for it.

use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::At;
use k8s_api_kinds::shown::{json, optional};
use k8s_openapi::api::core::v1::{LoadBalancerStatus, Service, ServiceSpec};

use super::{
    externally_accessible, is_headless, kind_of, needs_cluster_ip, needs_health_check_port, needs_node_port, spec,
};
use crate::checks::text;

const SPEC: At<'static> = At::new("spec");
const MAY_NOT_CHANGE: &str = "may not change once set";

pub(super) fn validate(new: &Service, old: &Service) -> ErrorList {
    let mut errors = ErrorList::new();
    let (Some(new_spec), Some(old_spec)) = (&new.spec, &old.spec) else { return errors };
    if needs_cluster_ip(new) && needs_cluster_ip(old) {
        if !(is_headless(new) && is_headless(old)) {
            cluster_ips(&mut errors, new_spec, old_spec);
        }
        if !is_headless(new) && !is_headless(old) {
            ip_families(&mut errors, new_spec, old_spec);
        }
    }
    let both_balance = kind_of(new) == "LoadBalancer" && kind_of(old) == "LoadBalancer";
    if both_balance && new_spec.load_balancer_class != old_spec.load_balancer_class {
        let class = optional(new_spec.load_balancer_class.as_deref());
        errors.push(Error::invalid(&SPEC.child("loadBalancerClass"), class, MAY_NOT_CHANGE));
    }
    spec::load_balancer_class(&mut errors, new_spec);
    if needs_health_check_port(new)
        && needs_health_check_port(old)
        && new_spec.health_check_node_port != old_spec.health_check_node_port
    {
        errors.push(Error::forbidden(&SPEC.child("healthCheckNodePort"), "field is immutable"));
    }
    errors
}

fn cluster_ips(errors: &mut ErrorList, new: &ServiceSpec, old: &ServiceSpec) {
    let (ips, old_ips) =
        (new.cluster_ips.as_deref().unwrap_or_default(), old.cluster_ips.as_deref().unwrap_or_default());
    let at = SPEC.child("clusterIPs");
    let mut refuse = |i: usize, detail: &str| errors.push(Error::invalid(&at.index(i), json_or_null(ips), detail));
    if ips.len() == old_ips.len() {
        for (i, _) in ips.iter().zip(old_ips).enumerate().filter(|(_, (new, old))| new != old) {
            refuse(i, MAY_NOT_CHANGE);
        }
        return;
    }
    match (ips.first(), old_ips.first()) {
        (None, Some(_)) => refuse(0, "primary clusterIP can not be unset"),
        (Some(first), Some(old)) if first != old => refuse(0, MAY_NOT_CHANGE),
        _ => {}
    }
    if old_ips.len() > ips.len() && ips.len() == 1 {
        single_stack_to_release(errors, new, "clusterIP");
    }
}

fn ip_families(errors: &mut ErrorList, new: &ServiceSpec, old: &ServiceSpec) {
    let families = new.ip_families.as_deref().unwrap_or_default();
    let old_families = old.ip_families.as_deref().unwrap_or_default();
    let ips = new.cluster_ips.as_deref().unwrap_or_default();
    let list = SPEC.child("ipFamilies");
    let at = list.index(0);
    if families.len() == old_families.len() {
        for _ in families.iter().zip(old_families).filter(|(new, old)| new != old) {
            errors.push(Error::invalid(&at, json_or_null(families), MAY_NOT_CHANGE));
        }
        return;
    }
    let released = old_families.len() > families.len();
    if released && ips.is_empty() {
        errors.push(Error::invalid(&at, json_or_null(families), "primary ipFamily can not be unset"));
    }
    if let (Some(first), Some(old)) = (families.first(), old_families.first())
        && first != old
    {
        // Upstream shows the addresses here, not the families.
        errors.push(Error::invalid(&at, json_or_null(ips), MAY_NOT_CHANGE));
    }
    if released && families.len() == 1 {
        single_stack_to_release(errors, new, "ipFamily");
    }
}

fn single_stack_to_release(errors: &mut ErrorList, new: &ServiceSpec, what: &str) {
    if new.ip_family_policy.as_deref() != Some("SingleStack") {
        let detail = format!("must be set to 'SingleStack' when releasing the secondary {what}");
        let policy = optional(new.ip_family_policy.as_deref());
        errors.push(Error::invalid(&SPEC.child("ipFamilyPolicy"), policy, detail));
    }
}

fn json_or_null(list: &[String]) -> k8s_api_kinds::shown::Literal {
    if list.is_empty() { k8s_api_kinds::shown::Literal("null".to_owned()) } else { json(list) }
}

/// Clears what the server may have set for the old type and the client left as it was.
pub(super) fn drop_what_the_type_has_no_use_for(new: &mut Service, old: &Service) {
    let stops = |needs: fn(&Service) -> bool, new: &Service| needs(old) && !needs(new);
    let addresses = stops(needs_cluster_ip, new);
    let ports = stops(needs_node_port, new);
    let health = stops(needs_health_check_port, new);
    let external = stops(externally_accessible, new);
    let balances = stops(|service| kind_of(service) == "LoadBalancer", new);
    let balancer = kind_of(new) == "LoadBalancer";
    let (Some(spec), Some(old)) = (&mut new.spec, &old.spec) else { return };
    if addresses {
        drop_addresses(spec, old);
    }
    if ports && same_node_ports(spec, old) {
        for port in spec.ports.iter_mut().flatten() {
            port.node_port = None;
        }
    }
    clear_if(health, &mut spec.health_check_node_port, &old.health_check_node_port);
    clear_if(balances, &mut spec.allocate_load_balancer_node_ports, &old.allocate_load_balancer_node_ports);
    clear_if(balances, &mut spec.load_balancer_class, &old.load_balancer_class);
    clear_if(external, &mut spec.external_traffic_policy, &old.external_traffic_policy);
    if !balancer && let Some(status) = &mut new.status {
        status.load_balancer = Some(LoadBalancerStatus::default());
    }
}

fn drop_addresses(spec: &mut ServiceSpec, old: &ServiceSpec) {
    if spec.cluster_ip == old.cluster_ip && spec.cluster_ips == old.cluster_ips {
        spec.cluster_ip = None;
        spec.cluster_ips = None;
    }
    clear_if(true, &mut spec.ip_families, &old.ip_families);
    if text(&spec.ip_family_policy) == text(&old.ip_family_policy) {
        spec.ip_family_policy = None;
    }
}

#[expect(clippy::ref_option, reason = "borrowed straight from a struct of optional fields")]
fn clear_if<T: PartialEq>(applies: bool, new: &mut Option<T>, old: &Option<T>) {
    if applies && new == old {
        *new = None;
    }
}

fn same_node_ports(new: &ServiceSpec, old: &ServiceSpec) -> bool {
    let had = |port: i32| old.ports.iter().flatten().any(|p| p.node_port == Some(port));
    new.ports.iter().flatten().filter_map(|port| port.node_port).all(had)
}
