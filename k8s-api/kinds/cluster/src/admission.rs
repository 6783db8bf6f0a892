//! Webhooks and policies of admission.
//!
//! Expressions are taken as they are: compiling them is the policy engine's.
//!
//! Upstream: `pkg/apis/admissionregistration`.

mod matching;
mod policy;
mod webhook;

use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::names;
use k8s_api_kinds::{At, View};
pub(crate) use policy::{Bindings, Policies};
pub(crate) use webhook::Webhooks;

use crate::checks::{dns_subdomain, qualified_name};
use crate::trees::required;

/// The service behind a webhook. Upstream mixes up name and namespace here, and so the order of its errors.
pub(crate) fn service(errors: &mut ErrorList, service: View<'_>, at: &At<'_>) {
    required(errors, &at.child("name"), service.get("namespace").text());
    required(errors, &at.child("namespace"), service.get("name").text());
    let port = service.get("port").int().unwrap_or(0);
    let messages = names::port_num(port);
    if !messages.is_empty() {
        let detail = format!("port is not valid: {}", messages.join(", "));
        errors.push(Error::invalid(&at.child("port"), port, detail));
    }
    service_path(errors, service.get("path").text(), &at.child("path"));
}

fn service_path(errors: &mut ErrorList, path: &str, at: &At<'_>) {
    match path {
        "" | "/" => return,
        "//" => return errors.push(Error::invalid(at, path, "segment[0] may not be empty")),
        _ => {}
    }
    if !path.starts_with('/') {
        errors.push(Error::invalid(at, path, "must start with a '/'"));
    }
    let steps = path.get(1..).unwrap_or_default();
    for (i, step) in steps.strip_suffix('/').unwrap_or(steps).split('/').enumerate() {
        if step.is_empty() {
            errors.push(Error::invalid(at, path, format!("segment[{i}] may not be empty")));
            continue;
        }
        for message in names::dns1123_subdomain(step) {
            errors.push(Error::invalid(at, path, format!("segment[{i}]: {message}")));
        }
    }
}

/// The address of a webhook: `https://host[/path]`, and nothing more.
pub(crate) fn url(errors: &mut ErrorList, url: &str, at: &At<'_>) {
    const FORM: &str = "; desired format: https://host[/path]";
    let (rest, fragment) = url.split_once('#').unwrap_or((url, ""));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (scheme, rest) = rest.split_once("://").unwrap_or(("", ""));
    let authority = rest.split('/').next().unwrap_or_default();
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let mut refuse = |part: &str, detail: String| errors.push(Error::invalid(at, part, detail));
    if scheme != "https" {
        refuse(scheme, format!("'https' is the only allowed URL scheme{FORM}"));
    }
    if host.is_empty() {
        refuse(host, format!("host must be specified{FORM}"));
    }
    if !user.is_empty() {
        refuse(user, "user information is not permitted in the URL".to_owned());
    }
    if !fragment.is_empty() {
        refuse(fragment, "fragments are not permitted in the URL".to_owned());
    }
    if !query.is_empty() {
        refuse(query, "query parameters are not permitted in the URL".to_owned());
    }
}

/// The conditions of a match, but for what their expressions mean.
fn match_conditions(errors: &mut ErrorList, conditions: View<'_>, list: &At<'_>) {
    if conditions.len() > 64 {
        errors.push(Error::too_many(list, conditions.len(), 64));
    }
    let mut seen = Vec::new();
    for (i, condition) in conditions.items().enumerate() {
        let at = list.index(i);
        let name = condition.get("name").text();
        required(errors, &at.child("expression"), condition.get("expression").text().trim());
        if required(errors, &at.child("name"), name) {
            qualified_name(errors, &at.child("name"), name);
        }
        if !name.is_empty() && seen.contains(&name) {
            errors.push(Error::duplicate(&at.child("name"), name));
        }
        seen.push(name);
    }
}

/// The name of a policy or binding's subject.
fn policy_name(errors: &mut ErrorList, name: &str, at: &At<'_>) {
    if required(errors, at, name) {
        dns_subdomain(errors, at, name);
    }
}
