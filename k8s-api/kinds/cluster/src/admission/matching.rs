//! Which requests a webhook or policy is asked about.

use std::collections::BTreeSet;

use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::labels::SelectorOptions;
use k8s_api_kinds::metadata::invalid;
use k8s_api_kinds::{At, View, names};
use serde_json::{Map, Value, json};

use crate::checks::one_of;
use crate::trees::{fill, items, listed, required, selector};

const OPERATIONS: [&str; 5] = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
pub(super) const MATCH_POLICIES: [&str; 2] = ["Equivalent", "Exact"];

/// Fills in a match: everything equivalent, everywhere, of any scope.
pub(super) fn default(constraints: &mut Map<String, Value>, rule_lists: &[&str]) {
    fill(constraints, "matchPolicy", "Equivalent");
    fill(constraints, "namespaceSelector", json!({}));
    fill(constraints, "objectSelector", json!({}));
    for list in rule_lists {
        items(constraints, list).for_each(|rule| fill(rule, "scope", "*"));
    }
}

/// Checks the constraints of a policy or its binding.
pub(super) fn resources(errors: &mut ErrorList, constraints: View<'_>, at: &At<'_>) {
    one_of(errors, &at.child("matchPolicy"), constraints.get("matchPolicy").text(), &MATCH_POLICIES);
    for name in ["namespaceSelector", "objectSelector"] {
        selector(errors, &at.child(name), constraints.get(name), SelectorOptions::default());
    }
    for name in ["resourceRules", "excludeResourceRules"] {
        let list = at.child(name);
        for (i, one) in constraints.get(name).items().enumerate() {
            let at = list.index(i);
            resource_names(errors, one.get("resourceNames"), &at.child("resourceNames"));
            rule(errors, one, &at);
        }
    }
}

fn resource_names(errors: &mut ErrorList, all: View<'_>, list: &At<'_>) {
    let mut seen = BTreeSet::new();
    for (i, name) in all.texts().enumerate() {
        invalid(errors, &list.index(i), name, names::path_segment(name));
        if !seen.insert(name) {
            errors.push(Error::duplicate(&list.index(i), name));
        }
    }
}

/// Checks a rule: operations on resources of groups and versions.
pub(super) fn rule(errors: &mut ErrorList, rule: View<'_>, at: &At<'_>) {
    let operations = rule.get("operations");
    wildcard_alone(errors, operations, "operations", &at.child("operations"));
    let list = at.child("operations");
    for (i, operation) in operations.texts().enumerate() {
        one_of(errors, &list.index(i), operation, &OPERATIONS);
    }
    wildcard_alone(errors, rule.get("apiGroups"), "API groups", &at.child("apiGroups"));
    let versions = rule.get("apiVersions");
    let list = at.child("apiVersions");
    wildcard_alone(errors, versions, "API versions", &list);
    for (i, version) in versions.texts().enumerate() {
        required(errors, &list.index(i), version);
    }
    resource_list(errors, rule.get("resources"), &at.child("resources"));
    if rule.get("scope").is_some() {
        one_of(errors, &at.child("scope"), rule.get("scope").text(), &["*", "Cluster", "Namespaced"]);
    }
}

fn wildcard_alone(errors: &mut ErrorList, all: View<'_>, what: &str, at: &At<'_>) {
    if all.is_empty() {
        errors.push(Error::required(at, ""));
    }
    if all.len() > 1 && all.texts().any(|one| one == "*") {
        errors.push(Error::invalid(at, listed(all), format!("if '*' is present, must not specify other {what}")));
    }
}

fn resource_list(errors: &mut ErrorList, all: View<'_>, at: &At<'_>) {
    if all.is_empty() {
        errors.push(Error::required(at, ""));
    }
    let (mut whole, mut everywhere) = (BTreeSet::new(), BTreeSet::new());
    let mut plain = false;
    for (i, one) in all.texts().enumerate() {
        if !required(errors, &at.index(i), one) {
            continue;
        }
        let Some((resource, sub)) = one.split_once('/') else {
            plain = one != "*";
            continue;
        };
        for (present, set, key) in [(format!("{resource}/*"), &whole, resource), (format!("*/{sub}"), &everywhere, sub)]
        {
            if set.contains(key) {
                let detail = format!("if '{present}' is present, must not specify {one}");
                errors.push(Error::invalid(&at.index(i), one, detail));
            }
        }
        if sub == "*" {
            whole.insert(resource);
        }
        if resource == "*" {
            everywhere.insert(sub);
        }
    }
    let has = |wanted: &str| all.texts().any(|one| one == wanted);
    if all.len() > 1 && has("*/*") {
        errors.push(Error::invalid(at, listed(all), "if '*/*' is present, must not specify other resources"));
    }
    if has("*") && plain {
        let detail = "if '*' is present, must not specify other resources without subresources";
        errors.push(Error::invalid(at, listed(all), detail));
    }
}
