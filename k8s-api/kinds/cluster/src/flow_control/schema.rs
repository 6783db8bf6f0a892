use k8s_api::DynamicObject;
use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::{At, Rules, View, names};
use serde_json::Value;

use crate::checks::{dns_label, dns_subdomain, text};
use crate::trees::{field, listed, required, spec_mut};

const SPEC: At<'static> = At::new("spec");
const MAX_PRECEDENCE: i64 = 10_000;
const VERBS: [&str; 9] = ["create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"];

pub(crate) struct FlowSchemas;

impl Rules for FlowSchemas {
    fn default(&self, schema: &mut DynamicObject) {
        let Some(spec) = spec_mut(schema) else { return };
        if spec.get("matchingPrecedence").and_then(Value::as_i64).unwrap_or(0) == 0 {
            spec.insert("matchingPrecedence".to_owned(), 1000.into());
        }
    }

    fn validate(&self, schema: &DynamicObject) -> ErrorList {
        let mut errors = ErrorList::new();
        let spec = field(schema, "spec");
        precedence(&mut errors, spec.get("matchingPrecedence").int().unwrap_or(0), text(&schema.metadata.name));
        let method = spec.get("distinguisherMethod");
        let kind = method.get("type").text();
        if method.is_some() && !matches!(kind, "ByNamespace" | "ByUser") {
            let at = SPEC.child("distinguisherMethod");
            let shown = k8s_api_kinds::shown::object(&[("Type", Some(kind.into()))]);
            errors.push(Error::not_supported(&at.child("type"), shown, &["ByNamespace", "ByUser"]));
        }
        let level = spec.get("priorityLevelConfiguration").get("name").text();
        let at = SPEC.child("priorityLevelConfiguration");
        if level.is_empty() {
            errors.push(Error::required(&at.child("name"), "must reference a priority level"));
        } else {
            dns_subdomain(&mut errors, &at.child("name"), level);
        }
        let list = SPEC.child("rules");
        for (i, rule) in spec.get("rules").items().enumerate() {
            validate_rule(&mut errors, rule, &list.index(i));
        }
        super::fixed::check_schema(&mut errors, schema);
        errors
    }
}

fn precedence(errors: &mut ErrorList, precedence: i64, name: &str) {
    let wrong = match precedence {
        ..=0 => "must be a positive value".to_owned(),
        1 if name != "exempt" => "only the schema named 'exempt' may have matchingPrecedence 1".to_owned(),
        1..=MAX_PRECEDENCE => return,
        _ => format!("must not be greater than {MAX_PRECEDENCE}"),
    };
    errors.push(Error::invalid(&SPEC.child("matchingPrecedence"), precedence, wrong));
}

fn validate_rule(errors: &mut ErrorList, rule: View<'_>, at: &At<'_>) {
    let list = at.child("subjects");
    if rule.get("subjects").is_empty() {
        errors.push(Error::required(&list, "subjects must contain at least one value"));
    }
    for (i, subject) in rule.get("subjects").items().enumerate() {
        validate_subject(errors, subject, &list.index(i));
    }
    let (resources, urls) = (rule.get("resourceRules"), rule.get("nonResourceRules"));
    if resources.is_empty() && urls.is_empty() {
        errors.push(Error::required(at, "at least one of resourceRules and nonResourceRules has to be non-empty"));
    }
    let list = at.child("resourceRules");
    for (i, rule) in resources.items().enumerate() {
        resource_rule(errors, rule, &list.index(i));
    }
    let list = at.child("nonResourceRules");
    for (i, rule) in urls.items().enumerate() {
        url_rule(errors, rule, &list.index(i));
    }
}

fn validate_subject(errors: &mut ErrorList, subject: View<'_>, at: &At<'_>) {
    let kinds = [("serviceAccount", "ServiceAccount"), ("user", "User"), ("group", "Group")];
    let kind = subject.get("kind").text();
    let Some((own, _)) = kinds.iter().find(|(_, name)| *name == kind) else {
        return errors.push(Error::not_supported(&at.child("kind"), kind, &["Group", "ServiceAccount", "User"]));
    };
    let given = subject.get(own);
    let own_at = at.child(own);
    if given.is_none() {
        errors.push(Error::required(&own_at, format!("{own} is required when subject kind is '{kind}'")));
    } else {
        let name = given.get("name").text();
        if required(errors, &own_at.child("name"), name) && kind == "ServiceAccount" && name != "*" {
            dns_subdomain(errors, &own_at.child("name"), name);
        }
        let namespace = given.get("namespace").text();
        if kind == "ServiceAccount" && namespace.is_empty() {
            let detail = "must specify namespace for service account";
            errors.push(Error::required(&own_at.child("namespace"), detail));
        } else if kind == "ServiceAccount" {
            dns_label(errors, &own_at.child("namespace"), namespace);
        }
    }
    for (other, name) in kinds.iter().filter(|(other, _)| other != own && subject.get(other).is_some()) {
        let detail = format!("{other} is forbidden when subject kind is not '{name}'");
        errors.push(Error::forbidden(&at.child(other), detail));
    }
}

fn has_wildcard(list: View<'_>) -> bool {
    list.texts().any(|one| one == "*")
}

fn wildcard_alone(errors: &mut ErrorList, list: View<'_>, what: &str, at: &At<'_>) {
    if list.len() > 1 && has_wildcard(list) {
        errors.push(Error::invalid(at, listed(list), format!("if '*' is present, must not specify other {what}")));
    }
}

fn verbs(errors: &mut ErrorList, verbs: View<'_>, at: &At<'_>) {
    if verbs.is_empty() {
        errors.push(Error::required(at, "verbs must contain at least one value"));
    } else if has_wildcard(verbs) {
        wildcard_alone(errors, verbs, "verbs", at);
    } else if !verbs.texts().all(|verb| VERBS.contains(&verb)) {
        errors.push(Error::not_supported(at, listed(verbs), &VERBS));
    }
}

fn resource_rule(errors: &mut ErrorList, rule: View<'_>, at: &At<'_>) {
    verbs(errors, rule.get("verbs"), &at.child("verbs"));
    for (field, what, others) in [("apiGroups", "api group", "api groups"), ("resources", "resource", "resources")] {
        let list = rule.get(field);
        if list.is_empty() {
            let detail = format!("resource rules must supply at least one {what}");
            errors.push(Error::required(&at.child(field), detail));
        }
        wildcard_alone(errors, list, others, &at.child(field));
    }
    let namespaces = rule.get("namespaces");
    let list = at.child("namespaces");
    if namespaces.is_empty() && !rule.get("clusterScope").is_true() {
        let detail = "resource rules that are not cluster scoped must supply at least one namespace";
        errors.push(Error::required(&list, detail));
    } else if has_wildcard(namespaces) {
        wildcard_alone(errors, namespaces, "namespaces", &list);
    } else {
        for (i, name) in namespaces.texts().enumerate() {
            for message in names::dns1123_label(name) {
                let detail = format!("each member of this list must be '*' or a DNS-1123 label; {message}");
                errors.push(Error::invalid(&list.index(i), name, detail));
            }
        }
    }
}

fn url_rule(errors: &mut ErrorList, rule: View<'_>, at: &At<'_>) {
    verbs(errors, rule.get("verbs"), &at.child("verbs"));
    let urls = rule.get("nonResourceURLs");
    let list = at.child("nonResourceURLs");
    if urls.is_empty() {
        errors.push(Error::required(&list, "nonResourceURLs must contain at least one value"));
    } else if has_wildcard(urls) {
        wildcard_alone(errors, urls, "non-resource URLs", &list);
    } else {
        for (i, url) in urls.texts().enumerate() {
            errors.extend(wrong_url(url).map(|detail| Error::invalid(&list.index(i), url, detail)));
        }
    }
}

fn wrong_url(url: &str) -> Option<&'static str> {
    let stars = url.matches('*').count();
    match url {
        "" => Some("must not be empty"),
        "/" => None,
        _ if !url.starts_with('/') => Some("must start with slash"),
        _ if url.contains(' ') => Some("must not contain white-space"),
        _ if url.contains("//") => Some("must not contain double slash"),
        _ if stars > 1 || (stars == 1 && !url.ends_with("/*")) => Some("wildcard can only do suffix matching"),
        _ => None,
    }
}
