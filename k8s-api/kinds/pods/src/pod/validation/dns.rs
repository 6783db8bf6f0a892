//! How a pod resolves names.

use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::{At, ip, names, shown};
use k8s_openapi::api::core::v1::PodSpec;

use super::check;
use crate::blank::{items, text};

const MAX_NAMESERVERS: usize = 3;
const MAX_SEARCHES: usize = 32;
const MAX_SEARCH_CHARACTERS: usize = 2048;

pub(super) fn dns_config(spec: &PodSpec, at: &At<'_>, errors: &mut ErrorList) {
    let needed = text(&spec.dns_policy) == "None";
    let Some(config) = &spec.dns_config else {
        if needed {
            errors.push(Error::required(at, "must provide `dnsConfig` when `dnsPolicy` is None"));
        }
        return;
    };
    let (servers, searches) = (items(&config.nameservers), items(&config.searches));
    let place = at.child("nameservers");
    if needed && servers.is_empty() {
        let detail = "must provide at least one DNS nameserver when `dnsPolicy` is None";
        errors.push(Error::required(&place, detail));
        return;
    }
    if servers.len() > MAX_NAMESERVERS {
        let detail = format!("must not have more than {MAX_NAMESERVERS} nameservers");
        errors.push(Error::invalid(&place, shown::json(servers), detail));
    }
    for (i, server) in servers.iter().enumerate() {
        errors.extend(ip::validate_legacy_ip(server, &[], &place.index(i)));
    }
    self::searches(searches, &at.child("searches"), errors);
    let place = at.child("options");
    for (i, _) in items(&config.options).iter().enumerate().filter(|(_, option)| text(&option.name).is_empty()) {
        errors.push(Error::required(&place.index(i), "must not be empty"));
    }
}

fn searches(searches: &[String], at: &At<'_>, errors: &mut ErrorList) {
    if searches.len() > MAX_SEARCHES {
        let detail = format!("must not have more than {MAX_SEARCHES} search paths");
        errors.push(Error::invalid(at, shown::json(searches), detail));
    }
    let length = searches.iter().map(String::len).sum::<usize>() + searches.len().saturating_sub(1);
    if length > MAX_SEARCH_CHARACTERS {
        let detail =
            format!("must not have more than {MAX_SEARCH_CHARACTERS} characters (including spaces) in the search list");
        errors.push(Error::invalid(at, shown::json(searches), detail));
    }
    for (i, search) in searches.iter().enumerate().filter(|(_, search)| *search != ".") {
        let name = search.strip_suffix('.').unwrap_or(search);
        check(names::dns1123_subdomain_with_underscore(name), name, &at.index(i), errors);
    }
}
