//! API services.
//!
//! Upstream: `k8s.io/kube-aggregator/pkg/apis/apiregistration` and `pkg/registry/apiservice`.

use k8s_api::DynamicObject;
use k8s_api::field::{Error, ErrorList, quote};
use k8s_api_kinds::metadata::invalid;
use k8s_api_kinds::{At, Rules, names};
use serde_json::json;

use crate::checks::{dns_subdomain, text};
use crate::trees::{child, field, fill, required};

const SPEC: At<'static> = At::new("spec");

pub(crate) struct ApiServices;

impl Rules for ApiServices {
    fn default(&self, service: &mut DynamicObject) {
        if let Some(reference) = child(&mut service.rest, "spec").and_then(|spec| child(spec, "service")) {
            fill(reference, "port", 443);
        }
    }

    fn prepare_for_create(&self, service: &mut DynamicObject) {
        // What the server itself serves is there as soon as anybody asks.
        if field(service, "spec").get("service").is_none() {
            let condition = json!({
                "type": "Available",
                "status": "True",
                "lastTransitionTime": service.metadata.creation_timestamp,
                "reason": "Local",
                "message": "Local APIServices are always available",
            });
            service.rest.insert("status".to_owned(), json!({ "conditions": [condition] }));
        }
    }

    fn validate(&self, service: &DynamicObject) -> ErrorList {
        let mut errors = ErrorList::new();
        let spec = field(service, "spec");
        let (group, version) = (spec.get("group").text(), spec.get("version").text());
        let (name, wanted) = (text(&service.metadata.name), format!("{version}.{group}"));
        if name != wanted {
            let detail = format!(r#"must be `spec.version+"."+spec.group`: {}"#, quote(&wanted));
            errors.push(Error::invalid("metadata.name", name, detail));
        }
        if group.is_empty() && version != "v1" {
            let detail = "only v1 may have an empty group and it better be legacy kube";
            errors.push(Error::required(&SPEC.child("group"), detail));
        } else if !group.is_empty() {
            dns_subdomain(&mut errors, &SPEC.child("group"), group);
        }
        invalid(&mut errors, &SPEC.child("version"), version, names::dns1035_label(version));
        for (field, max) in [("groupPriorityMinimum", 20_000), ("versionPriority", 1000)] {
            let priority = spec.get(field).int().unwrap_or(0);
            if !(1..=max).contains(&priority) {
                let detail = format!("must be positive and less than {max}");
                errors.push(Error::invalid(&SPEC.child(field), priority, detail));
            }
        }
        reach(&mut errors, service);
        errors
    }
}

/// How the server behind the service is reached.
fn reach(errors: &mut ErrorList, service: &DynamicObject) {
    let spec = field(service, "spec");
    let (reference, insecure) = (spec.get("service"), spec.get("insecureSkipTLSVerify").is_true());
    let bundle = spec.get("caBundle").text();
    let insecure_at = SPEC.child("insecureSkipTLSVerify");
    if reference.is_none() {
        if !bundle.is_empty() {
            let shown = format!("{} bytes", bundle.trim_end_matches('=').len() * 3 / 4);
            errors.push(Error::invalid(&SPEC.child("caBundle"), shown, "local APIServices may not have a caBundle"));
        }
        if insecure {
            errors.push(Error::invalid(&insecure_at, true, "local APIServices may not have insecureSkipTLSVerify"));
        }
        return;
    }
    let at = SPEC.child("service");
    required(errors, &at.child("namespace"), reference.get("namespace").text());
    required(errors, &at.child("name"), reference.get("name").text());
    let port = reference.get("port").int().unwrap_or(0);
    let messages = names::port_num(port);
    if !messages.is_empty() {
        let detail = format!("port is not valid: {}", messages.join(", "));
        errors.push(Error::invalid(&at.child("port"), port, detail));
    }
    if insecure && !bundle.is_empty() {
        errors.push(Error::invalid(&insecure_at, true, "may not be true if caBundle is present"));
    }
}
