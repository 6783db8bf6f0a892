//! Roles and their bindings.
//!
//! Upstream: `pkg/apis/rbac/validation`, `pkg/apis/rbac/v1/defaults.go`.

use k8s_api::DynamicObject;
use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::labels::{SelectorOptions, has_invalid_values};
use k8s_api_kinds::metadata::invalid;
use k8s_api_kinds::shown::object;
use k8s_api_kinds::{At, Rules, View, names};

use crate::checks::{dns_subdomain, one_of};
use crate::trees::{child_or_new, field, fill, items, listed, required, selector};

const GROUP: &str = "rbac.authorization.k8s.io";

/// The rules of Roles (in a namespace) and ClusterRoles (not).
pub(crate) struct Roles {
    pub(crate) namespaced: bool,
}

/// The rules of RoleBindings (in a namespace) and ClusterRoleBindings (not).
pub(crate) struct Bindings {
    pub(crate) namespaced: bool,
}

impl Rules for Roles {
    fn validate(&self, role: &DynamicObject) -> ErrorList {
        validate_role(role, self.namespaced, SelectorOptions::default())
    }

    fn validate_update(&self, new: &DynamicObject, old: &DynamicObject) -> ErrorList {
        let kept = selectors(old).any(|selector| {
            serde_json::from_value(selector.value().clone()).is_ok_and(|selector| has_invalid_values(Some(&selector)))
        });
        validate_role(new, self.namespaced, SelectorOptions { allow_invalid_values: kept, ..Default::default() })
    }
}

fn selectors(role: &DynamicObject) -> impl ExactSizeIterator<Item = View<'_>> {
    field(role, "aggregationRule").get("clusterRoleSelectors").items()
}

fn validate_role(role: &DynamicObject, namespaced: bool, options: SelectorOptions) -> ErrorList {
    let mut errors = ErrorList::new();
    let list = At::new("rules");
    for (i, rule) in field(role, "rules").items().enumerate() {
        validate_rule(&mut errors, rule, namespaced, &list.index(i));
    }
    if field(role, "aggregationRule").is_some() {
        let aggregation = At::new("aggregationRule");
        let list = aggregation.child("clusterRoleSelectors");
        if selectors(role).len() == 0 {
            let detail = "at least one clusterRoleSelector required if aggregationRule is non-nil";
            errors.push(Error::required(&list, detail));
        }
        for (i, one) in selectors(role).enumerate() {
            selector(&mut errors, &list.index(i), one, options);
        }
    }
    errors
}

fn validate_rule(errors: &mut ErrorList, rule: View<'_>, namespaced: bool, at: &At<'_>) {
    if rule.get("verbs").is_empty() {
        errors.push(Error::required(&at.child("verbs"), "verbs must contain at least one value"));
    }
    let urls = rule.get("nonResourceURLs");
    let names = ["apiGroups", "resources", "resourceNames"];
    if !urls.is_empty() {
        let at = at.child("nonResourceURLs");
        if namespaced {
            let detail = "namespaced rules cannot apply to non-resource URLs";
            errors.push(Error::invalid(&at, listed(urls), detail));
        }
        if names.iter().any(|name| !rule.get(name).is_empty()) {
            let detail = "rules cannot apply to both regular resources and non-resource URLs";
            errors.push(Error::invalid(&at, listed(urls), detail));
        }
        return;
    }
    for (name, what) in [("apiGroups", "api group"), ("resources", "resource")] {
        if rule.get(name).is_empty() {
            let detail = format!("resource rules must supply at least one {what}");
            errors.push(Error::required(&at.child(name), detail));
        }
    }
}

impl Rules for Bindings {
    fn default(&self, binding: &mut DynamicObject) {
        if let Some(role) = child_or_new(&mut binding.rest, "roleRef") {
            fill(role, "apiGroup", GROUP);
        }
        for subject in items(&mut binding.rest, "subjects") {
            if matches!(subject.get("kind").and_then(|kind| kind.as_str()), Some("User" | "Group")) {
                fill(subject, "apiGroup", GROUP);
            }
        }
    }

    fn validate(&self, binding: &DynamicObject) -> ErrorList {
        let mut errors = ErrorList::new();
        let role = field(binding, "roleRef");
        let at = At::new("roleRef");
        one_of(&mut errors, &at.child("apiGroup"), role.get("apiGroup").text(), &[GROUP]);
        let kinds: &[&str] = if self.namespaced { &["Role", "ClusterRole"] } else { &["ClusterRole"] };
        one_of(&mut errors, &at.child("kind"), role.get("kind").text(), kinds);
        let name = role.get("name").text();
        if required(&mut errors, &at.child("name"), name) {
            invalid(&mut errors, &at.child("name"), name, names::path_segment(name));
        }
        let list = At::new("subjects");
        for (i, subject) in field(binding, "subjects").items().enumerate() {
            validate_subject(&mut errors, subject, self.namespaced, &list.index(i));
        }
        errors
    }

    fn validate_update(&self, new: &DynamicObject, old: &DynamicObject) -> ErrorList {
        let mut errors = self.validate(new);
        let role = field(new, "roleRef");
        if role != field(old, "roleRef") {
            let part = |name: &str| Some(role.get(name).text().into());
            let shown = object(&[("APIGroup", part("apiGroup")), ("Kind", part("kind")), ("Name", part("name"))]);
            errors.push(Error::invalid("roleRef", shown, "cannot change roleRef"));
        }
        errors
    }
}

fn validate_subject(errors: &mut ErrorList, subject: View<'_>, namespaced: bool, at: &At<'_>) {
    let name = subject.get("name").text();
    required(errors, &at.child("name"), name);
    let group = subject.get("apiGroup").text();
    match subject.get("kind").text() {
        "ServiceAccount" => {
            if !name.is_empty() {
                dns_subdomain(errors, &at.child("name"), name);
            }
            one_of(errors, &at.child("apiGroup"), group, &[""]);
            if !namespaced {
                required(errors, &at.child("namespace"), subject.get("namespace").text());
            }
        }
        "User" | "Group" => one_of(errors, &at.child("apiGroup"), group, &[GROUP]),
        kind => errors.push(Error::not_supported(&at.child("kind"), kind, &["ServiceAccount", "User", "Group"])),
    }
}
