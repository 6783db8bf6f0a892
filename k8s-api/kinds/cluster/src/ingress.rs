//! Ingresses and their classes.
//!
//! Upstream: `pkg/apis/networking`.

mod class;

pub(crate) use class::IngressClasses;
use k8s_api::DynamicObject;
use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::metadata::invalid;
use k8s_api_kinds::shown::Literal;
use k8s_api_kinds::{At, Rules, View, ip, names};

use crate::checks::{dns_label, dns_subdomain, port_num};
use crate::trees::{field, required, required_segment};

const CLASS_ANNOTATION: &str = "kubernetes.io/ingress.class";

pub(crate) struct Ingresses;

/// What an update may keep that a new ingress may not have.
#[derive(Clone, Copy, Default)]
struct Known {
    secret_names: bool,
    wildcard_rules: bool,
}

impl Rules for Ingresses {
    fn validate(&self, ingress: &DynamicObject) -> ErrorList {
        let mut errors = validate(ingress, Known::default());
        let annotation = ingress.metadata.annotations.as_ref().and_then(|all| all.get(CLASS_ANNOTATION));
        let class = field(ingress, "spec").get("ingressClassName");
        if let Some(annotation) = annotation.filter(|a| class.is_some() && class.text() != *a) {
            let at = format!("annotations.{CLASS_ANNOTATION}");
            errors.push(Error::invalid(&at, annotation, "must match `ingressClassName` when both are specified"));
        }
        errors
    }

    fn validate_update(&self, new: &DynamicObject, old: &DynamicObject) -> ErrorList {
        let spec = field(old, "spec");
        let bad_secret = |name: &str| !name.is_empty() && !names::dns1123_subdomain(name).is_empty();
        let bad_rule = |rule: View<'_>| {
            let mut errors = ErrorList::new();
            validate_http(&mut errors, rule.get("http"), &At::ROOT);
            rule.get("host").text().contains('*') && !errors.is_empty()
        };
        validate(
            new,
            Known {
                secret_names: spec.get("tls").items().any(|tls| bad_secret(tls.get("secretName").text())),
                wildcard_rules: spec.get("rules").items().any(bad_rule),
            },
        )
    }

    fn validate_subresource_update(&self, _: &str, new: &DynamicObject, old: &DynamicObject) -> ErrorList {
        let mut errors = ErrorList::new();
        let ingress = |object| field(object, "status").get("loadBalancer").get("ingress");
        let known: Vec<String> = ingress(old).items().map(|one| one.get("ip").text().to_owned()).collect();
        for (i, one) in ingress(new).items().enumerate() {
            let at = format!("status.loadBalancer.ingress[{i}]");
            let at = At::under(&at);
            let (address, host) = (one.get("ip").text(), one.get("hostname").text());
            if !address.is_empty() {
                errors.extend(ip::validate_legacy_ip(address, &known, &at.child("ip")));
            }
            if !host.is_empty() {
                dns_subdomain(&mut errors, &at.child("hostname"), host);
                not_an_address(&mut errors, host, &at.child("hostname"));
            }
        }
        errors
    }
}

fn validate(ingress: &DynamicObject, known: Known) -> ErrorList {
    let mut errors = ErrorList::new();
    let spec = field(ingress, "spec");
    let at = At::new("spec");
    let backend = spec.get("defaultBackend");
    if spec.get("rules").is_empty() && backend.is_none() {
        let detail = "either `defaultBackend` or `rules` must be specified";
        errors.push(Error::invalid(&at, Literal("null".to_owned()), detail));
    }
    if backend.is_some() {
        validate_backend(&mut errors, backend, &at.child("defaultBackend"));
    }
    let list = at.child("rules");
    for (i, rule) in spec.get("rules").items().enumerate() {
        validate_rule(&mut errors, rule, known, &list.index(i));
    }
    let list = at.child("tls");
    for (i, tls) in spec.get("tls").items().enumerate() {
        let at = list.index(i);
        let hosts = at.child("hosts");
        for (j, host) in tls.get("hosts").texts().enumerate() {
            validate_host(&mut errors, host, &hosts.index(j));
        }
        let secret = tls.get("secretName").text();
        if !known.secret_names && !secret.is_empty() {
            dns_subdomain(&mut errors, &at.child("secretName"), secret);
        }
    }
    let class = spec.get("ingressClassName");
    if class.is_some() {
        dns_subdomain(&mut errors, &at.child("ingressClassName"), class.text());
    }
    errors
}

fn validate_host(errors: &mut ErrorList, host: &str, at: &At<'_>) {
    if host.contains('*') {
        invalid(errors, at, host, names::wildcard_dns1123_subdomain(host));
    } else {
        dns_subdomain(errors, at, host);
    }
}

fn not_an_address(errors: &mut ErrorList, host: &str, at: &At<'_>) {
    if ip::parse_sloppy(host).is_some() {
        errors.push(Error::invalid(at, host, "must be a DNS name, not an IP address"));
    }
}

fn validate_rule(errors: &mut ErrorList, rule: View<'_>, known: Known, at: &At<'_>) {
    let host = rule.get("host").text();
    if !host.is_empty() {
        not_an_address(errors, host, &at.child("host"));
        validate_host(errors, host, &at.child("host"));
    }
    if !(host.contains('*') && known.wildcard_rules) {
        validate_http(errors, rule.get("http"), at);
    }
}

fn validate_http(errors: &mut ErrorList, http: View<'_>, at: &At<'_>) {
    if http.is_none() {
        return;
    }
    let at = at.child("http");
    let list = at.child("paths");
    let paths = http.get("paths");
    if paths.is_empty() {
        errors.push(Error::required(&list, ""));
    }
    for (i, path) in paths.items().enumerate() {
        validate_path(errors, path, &list.index(i));
    }
}

fn validate_path(errors: &mut ErrorList, one: View<'_>, at: &At<'_>) {
    let path = one.get("path").text();
    let path_at = at.child("path");
    let mut refuse = |detail: String| errors.push(Error::invalid(&path_at, path, detail));
    match one.get("pathType") {
        none if none.is_none() => {
            errors.push(Error::required(&at.child("pathType"), "pathType must be specified"));
            return;
        }
        kind if matches!(kind.text(), "Exact" | "Prefix") => {
            if !path.starts_with('/') {
                refuse("must be an absolute path".to_owned());
            }
            for sequence in ["//", "/./", "/../", "%2f", "%2F"] {
                if path.contains(sequence) {
                    refuse(format!("must not contain '{sequence}'"));
                }
            }
            for suffix in ["/..", "/."] {
                if path.ends_with(suffix) {
                    refuse(format!("cannot end with '{suffix}'"));
                }
            }
        }
        kind if kind.text() == "ImplementationSpecific" => {
            if !path.is_empty() && !path.starts_with('/') {
                refuse("must be an absolute path".to_owned());
            }
        }
        kind => {
            let kinds = ["Exact", "ImplementationSpecific", "Prefix"];
            errors.push(Error::not_supported(&at.child("pathType"), kind.text(), &kinds));
        }
    }
    validate_backend(errors, one.get("backend"), &at.child("backend"));
}

fn validate_backend(errors: &mut ErrorList, backend: View<'_>, at: &At<'_>) {
    let (resource, service) = (backend.get("resource"), backend.get("service"));
    match (resource.is_some(), service.is_some()) {
        (true, true) => errors.push(Error::invalid(at, "", "cannot set both resource and service backends")),
        (true, false) => typed_reference(errors, resource, &at.child("resource")),
        (false, true) => service_backend(errors, service, at),
        (false, false) => errors.push(Error::invalid(at, "", "resource or service backend is required")),
    }
}

fn service_backend(errors: &mut ErrorList, service: View<'_>, at: &At<'_>) {
    let service_at = at.child("service");
    let name = service.get("name").text();
    if required(errors, &service_at.child("name"), name) {
        dns_label(errors, &service_at.child("name"), name);
    }
    let port_at = service_at.child("port");
    let name = service.get("port").get("name").text();
    let number = service.get("port").get("number").int().filter(|number| *number != 0);
    match (name, number) {
        ("", None) => errors.push(Error::required(at, "port name or number is required")),
        ("", Some(number)) => port_num(errors, &port_at.child("number"), number as i32),
        (name, None) => invalid(errors, &port_at.child("name"), name, names::port_name(name)),
        (_, Some(_)) => errors.push(Error::invalid(at, "", "cannot set both port name & port number")),
    }
}

/// A reference to an object of any kind in the same namespace.
fn typed_reference(errors: &mut ErrorList, reference: View<'_>, at: &At<'_>) {
    if reference.get("apiGroup").is_some() {
        dns_subdomain(errors, &at.child("apiGroup"), reference.get("apiGroup").text());
    }
    required_segment(errors, &at.child("kind"), reference.get("kind").text());
    required_segment(errors, &at.child("name"), reference.get("name").text());
}
