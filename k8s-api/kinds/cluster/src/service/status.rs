//! What a load balancer may report.

use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::{At, ip};
use k8s_openapi::api::core::v1::{LoadBalancerIngress, Service};

use super::{kind_of, spec};
use crate::checks::{one_of, text};

pub(super) fn validate(new: &Service, old: &Service) -> ErrorList {
    let mut errors = ErrorList::new();
    let status = At::new("status");
    let balancer = status.child("loadBalancer");
    let at = balancer.child("ingress");
    let reported = ingress(new);
    if kind_of(new) != "LoadBalancer" && !reported.is_empty() {
        errors.push(Error::forbidden(&at, "may only be used when `spec.type` is 'LoadBalancer'"));
        return errors;
    }
    let known: Vec<String> = ingress(old).iter().filter_map(|one| one.ip.clone()).collect();
    for (i, one) in reported.iter().enumerate() {
        validate_ingress(&mut errors, one, &known, &at.index(i));
    }
    errors
}

fn ingress(service: &Service) -> &[LoadBalancerIngress] {
    let status = service.status.as_ref().and_then(|status| status.load_balancer.as_ref());
    status.and_then(|balancer| balancer.ingress.as_deref()).unwrap_or_default()
}

fn validate_ingress(errors: &mut ErrorList, one: &LoadBalancerIngress, known: &[String], at: &At<'_>) {
    let address = text(&one.ip);
    if !address.is_empty() {
        errors.extend(ip::validate_legacy_ip(address, known, &at.child("ip")));
    }
    let mode_at = at.child("ipMode");
    match &one.ip_mode {
        None if !address.is_empty() => {
            errors.push(Error::required(&mode_at, "must be specified when `ip` is set"));
        }
        None => {}
        Some(_) if address.is_empty() => {
            errors.push(Error::forbidden(&mode_at, "may not be specified when `ip` is not set"));
        }
        Some(mode) => one_of(errors, &mode_at, mode, &["Proxy", "VIP"]),
    }
    if !text(&one.hostname).is_empty() {
        spec::host_name(errors, &at.child("hostname"), text(&one.hostname));
    }
}
