//! What a claim asks for. Whether an expression means something is for those who compile it.

use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::{At, View};

use crate::checks::{dns_label, dns_subdomain, one_of};
use crate::trees::required;

pub(super) fn validate(errors: &mut ErrorList, devices: View<'_>, at: &At<'_>) {
    let list = at.child("requests");
    let requests = devices.get("requests");
    for (i, request) in requests.items().enumerate() {
        let at = list.index(i);
        let name = request.get("name").text();
        if required(errors, &at.child("name"), name) {
            dns_label(errors, &at.child("name"), name);
        }
        if requests.items().take(i).any(|earlier| earlier.get("name").text() == name) {
            errors.push(Error::duplicate(&at.child("name"), name));
        }
        kinds(errors, request, &at);
    }
    let list = at.child("constraints");
    for (i, constraint) in devices.get("constraints").items().enumerate() {
        validate_constraint(errors, constraint, requests, &list.index(i));
    }
}

fn kinds(errors: &mut ErrorList, request: View<'_>, at: &At<'_>) {
    let (exactly, first) = (request.get("exactly"), request.get("firstAvailable"));
    match (exactly.is_some(), !first.is_empty()) {
        (false, false) => {
            errors.push(Error::required(at, "exactly one of `exactly` or `firstAvailable` is required"));
        }
        (true, true) => {
            let detail = "exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set";
            errors.push(Error::invalid(at, "", detail));
        }
        (true, false) => one(errors, exactly, &at.child("exactly")),
        (false, true) => {
            let list = at.child("firstAvailable");
            for (i, request) in first.items().enumerate() {
                let at = list.index(i);
                let name = request.get("name").text();
                if required(errors, &at.child("name"), name) {
                    dns_label(errors, &at.child("name"), name);
                }
                one(errors, request, &at);
            }
        }
    }
}

fn one(errors: &mut ErrorList, request: View<'_>, at: &At<'_>) {
    let class = request.get("deviceClassName").text();
    if required(errors, &at.child("deviceClassName"), class) {
        dns_subdomain(errors, &at.child("deviceClassName"), class);
    }
    let list = at.child("selectors");
    for (i, selector) in request.get("selectors").items().enumerate() {
        if selector.get("cel").is_none() {
            errors.push(Error::required(&list.index(i).child("cel"), ""));
        }
    }
    let mode = request.get("allocationMode").text();
    let count = request.get("count").int().unwrap_or(0);
    match mode {
        "ExactCount" if count <= 0 => {
            errors.push(Error::invalid(&at.child("count"), count, "must be greater than zero"));
        }
        "All" if count != 0 => {
            let detail = "must not be specified when allocationMode is 'All'";
            errors.push(Error::invalid(&at.child("count"), count, detail));
        }
        _ => one_of(errors, &at.child("allocationMode"), mode, &["All", "ExactCount"]),
    }
}

fn validate_constraint(errors: &mut ErrorList, constraint: View<'_>, requests: View<'_>, at: &At<'_>) {
    let known = |wanted: &str| {
        let (name, sub) = wanted.split_once('/').unwrap_or((wanted, ""));
        requests.items().any(|request| {
            let subs = request.get("firstAvailable");
            request.get("name").text() == name
                && (sub.is_empty() || subs.items().any(|one| one.get("name").text() == sub))
        })
    };
    let list = at.child("requests");
    for (i, name) in constraint.get("requests").texts().enumerate().filter(|(_, name)| !known(name)) {
        let detail = "must be the name of a request in the claim or the name of a request and a subrequest separated \
                      by '/'";
        errors.push(Error::invalid(&list.index(i), name, detail));
    }
    let attribute = constraint.get("matchAttribute").text();
    if !attribute.is_empty() && !attribute.contains('/') {
        let detail = "a fully qualified name must be a domain and a name separated by a slash";
        errors.push(Error::invalid(&at.child("matchAttribute"), attribute, detail));
    }
}
