use k8s_api::DynamicObject;
use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::labels::SelectorOptions;
use k8s_api_kinds::metadata::invalid;
use k8s_api_kinds::{At, Rules, View, names};

use super::{match_conditions, matching, policy_name};
use crate::checks::{one_of, required_one_of};
use crate::trees::{child, field, fill, listed, required, selector, spec_mut};

const SPEC: At<'static> = At::new("spec");
const RULE_LISTS: [&str; 2] = ["resourceRules", "excludeResourceRules"];

/// The rules of admission policies, mutating and validating.
pub(crate) struct Policies {
    pub(crate) mutating: bool,
}

/// The rules of bindings of admission policies, mutating and validating.
pub(crate) struct Bindings {
    pub(crate) mutating: bool,
}

impl Rules for Policies {
    fn default(&self, policy: &mut DynamicObject) {
        let Some(spec) = spec_mut(policy) else { return };
        fill(spec, "failurePolicy", "Fail");
        if let Some(constraints) = child(spec, "matchConstraints") {
            matching::default(constraints, &RULE_LISTS);
        }
    }

    fn validate(&self, policy: &DynamicObject) -> ErrorList {
        let mut errors = ErrorList::new();
        let spec = field(policy, "spec");
        one_of(&mut errors, &SPEC.child("failurePolicy"), spec.get("failurePolicy").text(), &["Fail", "Ignore"]);
        if spec.get("paramKind").is_some() {
            param_kind(&mut errors, spec.get("paramKind"), &SPEC.child("paramKind"));
        }
        let constraints_at = SPEC.child("matchConstraints");
        let constraints = spec.get("matchConstraints");
        if constraints.is_none() {
            errors.push(Error::required(&constraints_at, ""));
        } else {
            matching::resources(&mut errors, constraints, &constraints_at);
            if constraints.get("resourceRules").is_empty() {
                errors.push(Error::required(&constraints_at.child("resourceRules"), ""));
            }
        }
        match_conditions(&mut errors, spec.get("matchConditions"), &SPEC.child("matchConditions"));
        variables(&mut errors, spec.get("variables"), &SPEC.child("variables"));
        if self.mutating {
            mutations(&mut errors, spec);
        } else {
            validations(&mut errors, spec, policy);
        }
        errors
    }
}

fn param_kind(errors: &mut ErrorList, kind: View<'_>, at: &At<'_>) {
    let version = kind.get("apiVersion").text();
    if required(errors, &at.child("apiVersion"), version) {
        let (group, version) = version.split_once('/').unwrap_or(("", version));
        if !group.is_empty() {
            crate::checks::dns_subdomain(errors, &at.child("apiVersion"), group);
        }
        invalid(errors, &at.child("apiVersion"), version, names::dns1035_label(version));
    }
    let name = kind.get("kind").text();
    if required(errors, &at.child("kind"), name) {
        for message in names::dns1035_label(&name.to_lowercase()) {
            let detail = format!("may have mixed case, but should otherwise match: {message}");
            errors.push(Error::invalid(&at.child("kind"), name, detail));
        }
    }
}

fn variables(errors: &mut ErrorList, variables: View<'_>, list: &At<'_>) {
    for (i, variable) in variables.items().enumerate() {
        let at = list.index(i);
        let name = variable.get("name").text();
        if name.trim().is_empty() {
            errors.push(Error::required(&at.child("name"), "name is not specified"));
        } else if !names::c_identifier(name).is_empty() {
            errors.push(Error::invalid(&at.child("name"), name, "must be a valid CEL identifier"));
        }
        expression(errors, variable.get("expression").text(), &at.child("expression"));
    }
}

fn expression(errors: &mut ErrorList, expression: &str, at: &At<'_>) {
    if expression.trim().is_empty() {
        errors.push(Error::required(at, "expression is not specified"));
    }
}

fn validations(errors: &mut ErrorList, spec: View<'_>, policy: &DynamicObject) {
    let (all, notes) = (spec.get("validations"), spec.get("auditAnnotations"));
    if all.is_empty() && notes.is_empty() {
        for name in ["validations", "auditAnnotations"] {
            let detail = "validations or auditAnnotations must contain at least one item";
            errors.push(Error::required(&SPEC.child(name), detail));
        }
        return;
    }
    let list = SPEC.child("validations");
    for (i, validation) in all.items().enumerate() {
        validation_at(errors, validation, &list.index(i));
    }
    let list = SPEC.child("auditAnnotations");
    let policy = crate::checks::text(&policy.metadata.name);
    let mut seen = Vec::new();
    for (i, note) in notes.items().enumerate() {
        let at = list.index(i);
        let key = note.get("key").text();
        let name = format!("{policy}/{key}");
        invalid(errors, &at.child("key"), &name, names::qualified_name(&name));
        if note.get("valueExpression").text().trim().is_empty() {
            errors.push(Error::required(&at.child("valueExpression"), "valueExpression is not specified"));
        }
        if seen.contains(&key) {
            errors.push(Error::duplicate(&at.child("key"), key));
        }
        seen.push(key);
    }
}

fn validation_at(errors: &mut ErrorList, validation: View<'_>, at: &At<'_>) {
    expression(errors, validation.get("expression").text(), &at.child("expression"));
    for name in ["messageExpression", "message"] {
        let value = validation.get(name).text();
        if !value.is_empty() && value.trim().is_empty() {
            errors.push(Error::invalid(&at.child(name), value, "must be non-empty if specified"));
        } else if name == "message" && value.trim().contains(['\n', '\r']) {
            errors.push(Error::invalid(&at.child(name), value, "must not contain line breaks"));
        }
    }
    if validation.get("reason").is_some() {
        let reasons = ["Forbidden", "Invalid", "RequestEntityTooLarge"];
        one_of(errors, &at.child("reason"), validation.get("reason").text(), &reasons);
    }
}

fn mutations(errors: &mut ErrorList, spec: View<'_>) {
    let list = SPEC.child("mutations");
    if spec.get("mutations").is_empty() {
        errors.push(Error::required(&list, "mutations must contain at least one item"));
    }
    for (i, mutation) in spec.get("mutations").items().enumerate() {
        let at = list.index(i);
        let (apply, patch) = (mutation.get("applyConfiguration"), mutation.get("jsonPatch"));
        match mutation.get("patchType").text() {
            "ApplyConfiguration" => one_kind(errors, ("applyConfiguration", apply), ("jsonPatch", patch), &at),
            "JSONPatch" => one_kind(errors, ("jsonPatch", patch), ("applyConfiguration", apply), &at),
            kind => {
                let kinds = ["ApplyConfiguration", "JSONPatch"];
                required_one_of(errors, &at.child("patchType"), kind, &kinds);
            }
        }
    }
    let policy = spec.get("reinvocationPolicy").text();
    required_one_of(errors, &SPEC.child("reinvocationPolicy"), policy, &["IfNeeded", "Never"]);
}

fn one_kind(errors: &mut ErrorList, wanted: (&str, View<'_>), other: (&str, View<'_>), at: &At<'_>) {
    let kind = if wanted.0 == "jsonPatch" { "JSONPatch" } else { "ApplyConfiguration" };
    if other.1.is_some() {
        let detail = format!("must not be specified when patchType is {kind}");
        errors.push(Error::invalid(&at.child(other.0), format!("{{{}}}", other.0), detail));
    }
    if wanted.1.is_none() {
        let detail = format!("must be specified when patchType is {kind}");
        errors.push(Error::required(&at.child(wanted.0), detail));
    } else {
        required(errors, &at.child(wanted.0).child("expression"), wanted.1.get("expression").text().trim());
    }
}

impl Rules for Bindings {
    fn default(&self, binding: &mut DynamicObject) {
        if let Some(constraints) = spec_mut(binding).and_then(|spec| child(spec, "matchResources")) {
            matching::default(constraints, &RULE_LISTS);
        }
    }

    fn validate(&self, binding: &DynamicObject) -> ErrorList {
        let mut errors = ErrorList::new();
        let spec = field(binding, "spec");
        policy_name(&mut errors, spec.get("policyName").text(), &SPEC.child("policyName"));
        if spec.get("paramRef").is_some() {
            param_ref(&mut errors, spec.get("paramRef"), &SPEC.child("paramRef"));
        }
        if spec.get("matchResources").is_some() {
            matching::resources(&mut errors, spec.get("matchResources"), &SPEC.child("matchResources"));
        }
        if !self.mutating {
            actions(&mut errors, spec.get("validationActions"), &SPEC.child("validationActions"));
        }
        errors
    }
}

fn param_ref(errors: &mut ErrorList, reference: View<'_>, at: &At<'_>) {
    const EXCLUSIVE: &str = "name and selector are mutually exclusive";
    let (name, selects) = (reference.get("name").text(), reference.get("selector"));
    let both = !name.is_empty() && selects.is_some();
    if !name.is_empty() {
        invalid(errors, &at.child("name"), name, names::path_segment(name));
    }
    if both {
        errors.push(Error::forbidden(&at.child("name"), EXCLUSIVE));
    }
    selector(errors, &at.child("selector"), selects, SelectorOptions::default());
    if both {
        errors.push(Error::forbidden(&at.child("selector"), EXCLUSIVE));
    }
    if name.is_empty() && selects.is_none() {
        errors.push(Error::required(at, "one of name or selector must be specified"));
    }
    let action = reference.get("parameterNotFoundAction").text();
    required_one_of(errors, &at.child("parameterNotFoundAction"), action, &["Deny", "Allow"]);
}

fn actions(errors: &mut ErrorList, all: View<'_>, at: &At<'_>) {
    if all.is_empty() {
        errors.push(Error::required(at, "at least one validation action is required"));
    }
    let texts: Vec<&str> = all.texts().collect();
    for (i, action) in texts.iter().enumerate() {
        one_of(errors, &at.index(i), action, &["Audit", "Deny", "Warn"]);
        if texts[..i].contains(action) {
            errors.push(Error::duplicate(&at.index(i), *action));
        }
    }
    if texts.contains(&"Deny") && texts.contains(&"Warn") {
        let detail = "must not contain both Deny and Warn (repeating the same validation failure information in the API \
                      response and headers serves no purpose)";
        errors.push(Error::invalid(at, listed(all), detail));
    }
}
