//! The resource claims of a pod.

use std::collections::BTreeSet;

use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::{At, internal, names};
use k8s_openapi::api::core::v1::{PodResourceClaim, PodSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::check;
use crate::blank::items;

pub(super) fn pod_claims(spec: &PodSpec, metadata: Option<&ObjectMeta>, at: &At<'_>, errors: &mut ErrorList) {
    let is_static = metadata.is_some_and(super::annotations::is_mirror);
    let mut names = BTreeSet::new();
    for (i, claim) in items(&spec.resource_claims).iter().enumerate() {
        if is_static {
            errors.push(Error::forbidden("", "static pods do not support resource claims"));
        } else {
            pod_claim(claim, &mut names, &at.index(i), errors);
        }
    }
}

fn pod_claim<'a>(claim: &'a PodResourceClaim, seen: &mut BTreeSet<&'a str>, at: &At<'_>, errors: &mut ErrorList) {
    let name = at.child("name");
    if claim.name.is_empty() {
        errors.push(Error::required(&name, ""));
    } else if seen.contains(claim.name.as_str()) {
        errors.push(Error::duplicate(&name, &claim.name));
    } else {
        check(names::dns1123_label(&claim.name), &claim.name, &name, errors);
        seen.insert(&claim.name);
    }
    let detail = match (&claim.resource_claim_name, &claim.resource_claim_template_name) {
        (Some(_), Some(_)) => {
            Some("at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified")
        }
        (None, None) => Some("must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"),
        _ => None,
    };
    if let Some(detail) = detail {
        errors.push(Error::invalid(at, internal::show("PodResourceClaim", claim), detail));
    }
    if let Some(name) = &claim.resource_claim_name {
        check(names::dns1123_subdomain(name), name, &at.child("resourceClaimName"), errors);
    }
    if let Some(name) = &claim.resource_claim_template_name {
        check(names::dns1123_subdomain(name), name, &at.child("resourceClaimTemplateName"), errors);
    }
}
