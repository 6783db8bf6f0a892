//! The ranges of service addresses, and the addresses taken from them.
//!
//! Upstream: `pkg/apis/networking`.

use k8s_api::DynamicObject;
use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::metadata::invalid;
use k8s_api_kinds::{At, Rules, View, ip, names};

use crate::checks::{dns_subdomain, text};
use crate::trees::{field, fixed, listed, required_segment};

const SPEC: At<'static> = At::new("spec");
const IMMUTABLE: &str = "field is immutable";

pub(crate) struct ServiceCidrs;

pub(crate) struct IpAddresses;

impl Rules for ServiceCidrs {
    fn validate(&self, ranges: &DynamicObject) -> ErrorList {
        let mut errors = ErrorList::new();
        validate_ranges(&mut errors, cidrs(ranges));
        errors
    }

    fn validate_update(&self, new: &DynamicObject, old: &DynamicObject) -> ErrorList {
        let mut errors = ErrorList::new();
        let (new, old) = (cidrs(new), cidrs(old));
        let list = SPEC.child("cidrs");
        let pairs = new.texts().zip(old.texts()).enumerate();
        let grows = old.len() == 1 && new.len() == 2;
        if new.len() != old.len() && !grows {
            errors.push(Error::invalid(&list, listed(new), IMMUTABLE));
            return errors;
        }
        for (i, (range, _)) in pairs.filter(|(_, (new, old))| new != old) {
            errors.push(Error::invalid(&list.index(i), range, IMMUTABLE));
        }
        if grows {
            validate_ranges(&mut errors, new);
        }
        errors
    }
}

fn cidrs(object: &DynamicObject) -> View<'_> {
    field(object, "spec").get("cidrs")
}

fn validate_ranges(errors: &mut ErrorList, ranges: View<'_>) {
    let list = SPEC.child("cidrs");
    if ranges.is_empty() {
        return errors.push(Error::required(&list, "at least one CIDR required"));
    }
    if ranges.len() > 2 {
        return errors.push(Error::invalid(&list, listed(ranges), "may only hold up to 2 values"));
    }
    for (i, range) in ranges.texts().enumerate() {
        errors.extend(ip::validate_cidr(range, &list.index(i)));
    }
    let families: Option<Vec<bool>> =
        ranges.texts().map(|range| ip::Cidr::parse_sloppy(range).map(|cidr| cidr.address.is_ipv6())).collect();
    if families.is_some_and(|families| families.len() == 2 && families[0] == families[1]) {
        let detail = "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64";
        errors.push(Error::invalid(&list, listed(ranges), detail));
    }
}

impl Rules for IpAddresses {
    fn validate(&self, address: &DynamicObject) -> ErrorList {
        let mut errors = ErrorList::new();
        let metadata = At::new("metadata");
        errors.extend(ip::validate_ip(text(&address.metadata.name), &metadata.child("name")));
        let parent = field(address, "spec").get("parentRef");
        let at = SPEC.child("parentRef");
        if parent.is_none() {
            errors.push(Error::required(&at, ""));
            return errors;
        }
        if !parent.get("group").text().is_empty() {
            dns_subdomain(&mut errors, &at.child("group"), parent.get("group").text());
        }
        required_segment(&mut errors, &at.child("resource"), parent.get("resource").text());
        required_segment(&mut errors, &at.child("name"), parent.get("name").text());
        let namespace = parent.get("namespace").text();
        invalid(&mut errors, &at.child("namespace"), namespace, names::path_segment(namespace));
        errors
    }

    fn validate_update(&self, new: &DynamicObject, old: &DynamicObject) -> ErrorList {
        let mut errors = ErrorList::new();
        let parent = |address| field(address, "spec").get("parentRef");
        fixed(&mut errors, &SPEC.child("parentRef"), parent(new), parent(old));
        errors
    }
}
