use k8s_api::DynamicObject;
use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::labels::SelectorOptions;
use k8s_api_kinds::metadata::invalid;
use k8s_api_kinds::{At, Rules, View, names};

use super::{match_conditions, matching, service, url};
use crate::checks::one_of;
use crate::trees::{child, field, fill, items, listed, required, selector};

const VERSIONS: [&str; 2] = ["v1", "v1beta1"];

/// The rules of webhook configurations, mutating and validating.
pub(crate) struct Webhooks {
    pub(crate) mutating: bool,
}

impl Rules for Webhooks {
    fn default(&self, configuration: &mut DynamicObject) {
        for hook in items(&mut configuration.rest, "webhooks") {
            fill(hook, "failurePolicy", "Fail");
            matching::default(hook, &["rules"]);
            fill(hook, "timeoutSeconds", 10);
            if self.mutating {
                fill(hook, "reinvocationPolicy", "Never");
            }
            if let Some(service) = child(hook, "clientConfig").and_then(|client| child(client, "service")) {
                fill(service, "port", 443);
            }
        }
    }

    fn validate(&self, configuration: &DynamicObject) -> ErrorList {
        let mut errors = ErrorList::new();
        let list = At::new("webhooks");
        let mut seen = Vec::new();
        for (i, hook) in field(configuration, "webhooks").items().enumerate() {
            let at = list.index(i);
            validate_hook(&mut errors, hook, self.mutating, &at);
            review_versions(&mut errors, hook.get("admissionReviewVersions"), &at.child("admissionReviewVersions"));
            let name = hook.get("name").text();
            if !name.is_empty() && seen.contains(&name) {
                errors.push(Error::duplicate(&at.child("name"), name));
            }
            seen.push(name);
        }
        errors
    }
}

fn validate_hook(errors: &mut ErrorList, hook: View<'_>, mutating: bool, at: &At<'_>) {
    qualified_domain(errors, hook.get("name").text(), &at.child("name"));
    let list = at.child("rules");
    for (i, rule) in hook.get("rules").items().enumerate() {
        matching::rule(errors, rule, &list.index(i));
    }
    one_of(errors, &at.child("failurePolicy"), hook.get("failurePolicy").text(), &["Fail", "Ignore"]);
    one_of(errors, &at.child("matchPolicy"), hook.get("matchPolicy").text(), &matching::MATCH_POLICIES);
    let effects = hook.get("sideEffects");
    if effects.is_none() {
        errors.push(Error::required(&at.child("sideEffects"), "must specify one of None, NoneOnDryRun"));
    } else {
        one_of(errors, &at.child("sideEffects"), effects.text(), &["None", "NoneOnDryRun"]);
    }
    if let Some(seconds) = hook.get("timeoutSeconds").int().filter(|seconds| !(1..=30).contains(seconds)) {
        let detail = "the timeout value must be between 1 and 30 seconds";
        errors.push(Error::invalid(&at.child("timeoutSeconds"), seconds, detail));
    }
    for name in ["namespaceSelector", "objectSelector"] {
        selector(errors, &at.child(name), hook.get(name), SelectorOptions::default());
    }
    if mutating {
        let policy = hook.get("reinvocationPolicy").text();
        one_of(errors, &at.child("reinvocationPolicy"), policy, &["IfNeeded", "Never"]);
    }
    client(errors, hook.get("clientConfig"), &at.child("clientConfig"));
    match_conditions(errors, hook.get("matchConditions"), &at.child("matchConditions"));
}

fn client(errors: &mut ErrorList, client: View<'_>, at: &At<'_>) {
    let (address, behind) = (client.get("url"), client.get("service"));
    match (address.is_some(), behind.is_some()) {
        (true, false) => url(errors, address.text(), &at.child("url")),
        (false, true) => service(errors, behind, &at.child("service")),
        _ => errors.push(Error::required(at, "exactly one of url or service is required")),
    }
}

/// A domain of at least three labels.
fn qualified_domain(errors: &mut ErrorList, name: &str, at: &At<'_>) {
    if !required(errors, at, name) {
        return;
    }
    let messages = names::dns1123_subdomain(name);
    if !messages.is_empty() {
        errors.push(Error::invalid(at, name, messages.join(",")));
    } else if name.split('.').count() < 3 {
        let detail = "should be a domain with at least three segments separated by dots";
        errors.push(Error::invalid(at, name, detail));
    }
}

fn review_versions(errors: &mut ErrorList, versions: View<'_>, at: &At<'_>) {
    if versions.is_empty() {
        return errors.push(Error::required(at, "must specify one of v1, v1beta1"));
    }
    let all: Vec<&str> = versions.texts().collect();
    for (i, version) in all.iter().enumerate() {
        if all[..i].contains(version) {
            errors.push(Error::invalid(&at.index(i), *version, "duplicate version"));
            continue;
        }
        invalid(errors, &at.index(i), version, names::dns1035_label(version));
    }
    if !all.iter().any(|version| VERSIONS.contains(version)) {
        errors.push(Error::invalid(at, listed(versions), "must include at least one of v1, v1beta1"));
    }
}
