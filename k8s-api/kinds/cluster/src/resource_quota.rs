//! Resource quotas.
//!
//! Upstream: `pkg/registry/core/resourcequota`, `ValidateResourceQuota*`.

use k8s_api::DynamicObject;
use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::{At, Rules, View};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use crate::resources::{is_standard_for_quota, validate_name, validate_value};
use crate::trees::{field, listed};

const SCOPES: [&str; 7] = [
    "Terminating",
    "NotTerminating",
    "BestEffort",
    "NotBestEffort",
    "PriorityClass",
    "VolumeAttributesClass",
    "CrossNamespacePodAffinity",
];
const CONTRADICTIONS: [[&str; 2]; 2] = [["BestEffort", "NotBestEffort"], ["Terminating", "NotTerminating"]];
const COMPUTE: [&str; 6] = ["cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory"];

const SPEC: At<'static> = At::new("spec");

pub(crate) struct ResourceQuotas;

impl Rules for ResourceQuotas {
    fn validate(&self, quota: &DynamicObject) -> ErrorList {
        let mut errors = ErrorList::new();
        let spec = field(quota, "spec");
        amounts(&mut errors, spec.get("hard"), &SPEC.child("hard"));
        scopes(&mut errors, spec);
        if spec.get("scopeSelector").is_some() {
            scope_selector(&mut errors, spec);
        }
        let status = At::new("status");
        for name in ["hard", "used"] {
            amounts(&mut errors, field(quota, "status").get(name), &status.child(name));
        }
        errors
    }

    fn validate_update(&self, new: &DynamicObject, old: &DynamicObject) -> ErrorList {
        let mut errors = self.validate(new);
        let sorted = |quota| {
            let mut scopes: Vec<&str> = field(quota, "spec").get("scopes").texts().collect();
            scopes.sort_unstable();
            scopes.dedup();
            scopes
        };
        if sorted(new) != sorted(old) {
            let scopes = listed(field(new, "spec").get("scopes"));
            errors.push(Error::invalid(&SPEC.child("scopes"), scopes, "field is immutable"));
        }
        errors
    }

    fn validate_subresource_update(&self, _: &str, new: &DynamicObject, _: &DynamicObject) -> ErrorList {
        let mut errors = ErrorList::new();
        let status = At::new("status");
        for name in ["hard", "used"] {
            amounts(&mut errors, field(new, "status").get(name), &status.child(name));
        }
        errors
    }
}

fn amounts(errors: &mut ErrorList, list: View<'_>, at: &At<'_>) {
    for (name, amount) in list.entries() {
        let at = at.key(name);
        validate_name(errors, &at, name);
        if !name.contains('/') && !is_standard_for_quota(name) {
            errors.push(Error::invalid(&at, name, "must be a standard resource for quota"));
        }
        validate_value(errors, &at, name, &Quantity(amount.text().to_owned()));
    }
}

fn applies(scope: &str, resource: &str) -> bool {
    match scope {
        "Terminating" | "NotTerminating" | "NotBestEffort" | "PriorityClass" | "CrossNamespacePodAffinity" => {
            resource == "pods" || COMPUTE.contains(&resource)
        }
        "BestEffort" => resource == "pods",
        "VolumeAttributesClass" => matches!(resource, "persistentvolumeclaims" | "requests.storage"),
        _ => true,
    }
}

/// The resources of a quota that a scope says nothing of.
fn misfits<'a>(spec: View<'a>, scope: &'a str) -> impl Iterator<Item = &'a str> {
    let names = spec.get("hard").entries().map(|(name, _)| name);
    names.filter(move |name| is_standard_for_quota(name) && !applies(scope, name))
}

fn scopes(errors: &mut ErrorList, spec: View<'_>) {
    let all = spec.get("scopes");
    let at = SPEC.child("scopes");
    for scope in all.texts() {
        if !SCOPES.contains(&scope) {
            errors.push(Error::invalid(&at, listed(all), "unsupported scope"));
        }
        for _ in misfits(spec, scope) {
            errors.push(Error::invalid(&at, listed(all), "unsupported scope applied to resource"));
        }
    }
    for pair in CONTRADICTIONS {
        if pair.iter().all(|scope| all.texts().any(|other| other == *scope)) {
            errors.push(Error::invalid(&at, listed(all), "conflicting scopes"));
        }
    }
}

fn scope_selector(errors: &mut ErrorList, spec: View<'_>) {
    let selector = spec.get("scopeSelector");
    let at = SPEC.child("scopeSelector");
    let at = at.child("matchExpressions");
    let expressions = selector.get("matchExpressions");
    for expression in expressions.items() {
        let scope = expression.get("scopeName").text();
        if !SCOPES.contains(&scope) {
            errors.push(Error::invalid(&at.child("scopeName"), scope, "unsupported scope"));
        }
        for _ in misfits(spec, scope) {
            let shown = k8s_api_kinds::internal::show("ScopeSelector", selector.value());
            errors.push(Error::invalid(&at, shown, "unsupported scope applied to resource"));
        }
        operator(errors, expression, scope, &at);
    }
    for pair in CONTRADICTIONS {
        let has = |scope: &str| expressions.items().any(|e| e.get("scopeName").text() == scope);
        if pair.iter().all(|scope| has(scope)) {
            errors.push(Error::invalid(&at, listed(spec.get("scopes")), "conflicting scopes"));
        }
    }
}

fn operator(errors: &mut ErrorList, expression: View<'_>, scope: &str, at: &At<'_>) {
    let operator = expression.get("operator").text();
    let values = expression.get("values");
    let exists_only = !matches!(scope, "PriorityClass" | "VolumeAttributesClass") && SCOPES.contains(&scope);
    if exists_only && operator != "Exists" {
        let detail = "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, \
                      ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort \
                      or ResourceQuotaScopeCrossNamespacePodAffinity";
        errors.push(Error::invalid(&at.child("operator"), operator, detail));
    }
    match operator {
        "In" | "NotIn" if values.is_empty() => {
            let detail = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector";
            errors.push(Error::required(&at.child("values"), detail));
        }
        "Exists" | "DoesNotExist" if !values.is_empty() => {
            let detail = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector";
            errors.push(Error::invalid(&at.child("values"), listed(values), detail));
        }
        "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
        other => errors.push(Error::invalid(&at.child("operator"), other, "not a valid selector operator")),
    }
}
