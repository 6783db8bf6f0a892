//! Network policies.
//!
//! Upstream: `pkg/apis/networking`.

use k8s_api::DynamicObject;
use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::labels::SelectorOptions;
use k8s_api_kinds::{At, Rules, View, ip};
use serde_json::{Map, Value};

use crate::checks::port_num;
use crate::trees::{field, fill, items, listed, port, required, selector, spec_mut};

const DIRECTIONS: [(&str, &str); 2] = [("ingress", "from"), ("egress", "to")];

pub(crate) struct NetworkPolicies;

/// What an update may keep that a new policy may not have.
#[derive(Default)]
struct Known {
    selectors: SelectorOptions,
    ranges: Vec<String>,
}

impl Rules for NetworkPolicies {
    fn default(&self, policy: &mut DynamicObject) {
        let Some(spec) = spec_mut(policy) else { return };
        for (direction, _) in DIRECTIONS {
            for rule in items(spec, direction) {
                for port in items(rule, "ports").filter(|port| absent(port, "protocol")) {
                    fill(port, "protocol", "TCP");
                }
            }
        }
        let listed = |name: &str| spec.get(name).and_then(Value::as_array).is_some_and(|list| !list.is_empty());
        if !listed("policyTypes") {
            let types: &[&str] = if listed("egress") { &["Ingress", "Egress"] } else { &["Ingress"] };
            spec.insert("policyTypes".to_owned(), types.to_vec().into());
        }
    }

    fn validate(&self, policy: &DynamicObject) -> ErrorList {
        validate(policy, &Known::default())
    }

    fn validate_update(&self, new: &DynamicObject, old: &DynamicObject) -> ErrorList {
        validate(new, &known(old))
    }
}

fn absent(object: &Map<String, Value>, name: &str) -> bool {
    object.get(name).is_none_or(Value::is_null)
}

fn known(old: &DynamicObject) -> Known {
    let spec = field(old, "spec");
    let mut errors = ErrorList::new();
    selector(&mut errors, &At::ROOT, spec.get("podSelector"), SelectorOptions::default());
    let selectors = SelectorOptions { allow_invalid_values: !errors.is_empty(), ..SelectorOptions::default() };
    let mut ranges = Vec::new();
    for (direction, peers) in DIRECTIONS {
        for block in spec.get(direction).items().flat_map(|rule| rule.get(peers).items()).map(|p| p.get("ipBlock")) {
            ranges.push(block.get("cidr").text().to_owned());
            ranges.extend(block.get("except").texts().map(str::to_owned));
        }
    }
    Known { selectors, ranges }
}

fn validate(policy: &DynamicObject, known: &Known) -> ErrorList {
    let mut errors = ErrorList::new();
    let spec = field(policy, "spec");
    let at = At::new("spec");
    selector(&mut errors, &at.child("podSelector"), spec.get("podSelector"), known.selectors);
    for (direction, peers) in DIRECTIONS {
        let list = at.child(direction);
        for (i, rule) in spec.get(direction).items().enumerate() {
            let at = list.index(i);
            let ports_at = at.child("ports");
            for (j, port) in rule.get("ports").items().enumerate() {
                validate_port(&mut errors, port, &ports_at.index(j));
            }
            let peers_at = at.child(peers);
            for (j, peer) in rule.get(peers).items().enumerate() {
                validate_peer(&mut errors, peer, known, &peers_at.index(j));
            }
        }
    }
    let types = spec.get("policyTypes");
    let list = at.child("policyTypes");
    if types.len() > 2 {
        errors.push(Error::invalid(&list, listed(types), "may not specify more than two policyTypes"));
        return errors;
    }
    for (i, kind) in types.texts().enumerate().filter(|(_, kind)| !matches!(*kind, "Ingress" | "Egress")) {
        errors.push(Error::not_supported(&list.index(i), kind, &["Ingress", "Egress"]));
    }
    errors
}

fn validate_port(errors: &mut ErrorList, one: View<'_>, at: &At<'_>) {
    let protocol = one.get("protocol").text();
    if !matches!(protocol, "TCP" | "UDP" | "SCTP") {
        errors.push(Error::not_supported(&at.child("protocol"), protocol, &["TCP", "UDP", "SCTP"]));
    }
    let (number, end) = (one.get("port"), one.get("endPort").int());
    let end_at = at.child("endPort");
    let port_at = at.child("port");
    match (number.is_some(), number.int(), end) {
        (false, _, Some(end)) => {
            errors.push(Error::invalid(&end_at, end, "may not be specified when `port` is not specified"));
        }
        (false, _, None) => {}
        (true, Some(start), end) => {
            port(errors, &port_at, number);
            if let Some(end) = end {
                if end < start {
                    errors.push(Error::invalid(&end_at, start, "must be greater than or equal to `port`"));
                }
                port_num(errors, &end_at, end as i32);
            }
        }
        (true, None, end) => {
            if let Some(end) = end {
                errors.push(Error::invalid(&end_at, end, "may not be specified when `port` is non-numeric"));
            }
            port(errors, &port_at, number);
        }
    }
}

fn validate_peer(errors: &mut ErrorList, peer: View<'_>, known: &Known, at: &At<'_>) {
    for name in ["podSelector", "namespaceSelector"] {
        selector(errors, &at.child(name), peer.get(name), known.selectors);
    }
    let block = peer.get("ipBlock");
    if block.is_some() {
        validate_block(errors, block, known, &at.child("ipBlock"));
    }
    let given = ["podSelector", "namespaceSelector", "ipBlock"].iter().filter(|n| peer.get(n).is_some()).count();
    if given == 0 {
        errors.push(Error::required(at, "must specify a peer"));
    } else if given > 1 && block.is_some() {
        errors.push(Error::forbidden(at, "may not specify both ipBlock and another peer"));
    }
}

fn validate_block(errors: &mut ErrorList, block: View<'_>, known: &Known, at: &At<'_>) {
    let range = block.get("cidr").text();
    if !required(errors, &at.child("cidr"), range) {
        return;
    }
    errors.extend(ip::validate_legacy_cidr(range, &known.ranges, &at.child("cidr")));
    let Some(whole) = ip::Cidr::parse_sloppy(range) else { return };
    let list = at.child("except");
    for (i, except) in block.get("except").texts().enumerate() {
        let at = list.index(i);
        errors.extend(ip::validate_legacy_cidr(except, &known.ranges, &at));
        let Some(part) = ip::Cidr::parse_sloppy(except) else { continue };
        let inside = ip::Cidr { address: part.network().address, prefix: whole.prefix }.network() == whole.network();
        if part.address.is_ipv4() != whole.address.is_ipv4() || !inside || whole.prefix >= part.prefix {
            errors.push(Error::invalid(&at, except, "must be a strict subset of `cidr`"));
        }
    }
}
