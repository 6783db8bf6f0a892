//! Certificate signing requests. Who asks is written in by the server, which knows.
//!
//! Upstream: `pkg/apis/certificates`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use k8s_api::DynamicObject;
use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::{At, Rules, View};
use serde_json::{Map, Value};

use crate::checks::one_of;
use crate::trees::{changed, child_or_new, field, required};

const SPEC: At<'static> = At::new("spec");
const USAGES: [&str; 23] = [
    "any",
    "cert sign",
    "client auth",
    "code signing",
    "content commitment",
    "crl sign",
    "data encipherment",
    "decipher only",
    "digital signature",
    "email protection",
    "encipher only",
    "ipsec end system",
    "ipsec tunnel",
    "ipsec user",
    "key agreement",
    "key encipherment",
    "microsoft sgc",
    "netscape sgc",
    "ocsp signing",
    "s/mime",
    "server auth",
    "signing",
    "timestamping",
];
const MIN_SECONDS: i64 = 600;

pub(crate) struct SigningRequests;

impl Rules for SigningRequests {
    fn validate(&self, request: &DynamicObject) -> ErrorList {
        let mut errors = ErrorList::new();
        let spec = field(request, "spec");
        let encoded = spec.get("request").text();
        if !is_request(encoded) {
            let detail = "PEM block type must be CERTIFICATE REQUEST";
            errors.push(Error::invalid(&SPEC.child("request"), encoded, detail));
        }
        usages(&mut errors, spec.get("usages"), &SPEC.child("usages"));
        signer(&mut errors, spec.get("signerName").text(), &SPEC.child("signerName"));
        if let Some(seconds) = spec.get("expirationSeconds").int().filter(|seconds| *seconds < MIN_SECONDS) {
            let detail = "may not specify a duration less than 600 seconds (10 minutes)";
            errors.push(Error::invalid(&SPEC.child("expirationSeconds"), seconds, detail));
        }
        errors
    }

    fn prepare_for_update(&self, new: &mut DynamicObject, old: &DynamicObject) {
        // What was asked for once is asked for ever.
        if changed(field(new, "spec"), field(old, "spec"))
            && let Some(spec) = old.rest.get("spec")
        {
            new.rest.insert("spec".to_owned(), spec.clone());
        }
    }

    /// Who approves says so and nothing else; who signs says everything else.
    fn prepare_for_subresource_update(&self, subresource: &str, new: &mut DynamicObject, old: &DynamicObject) {
        let approval = subresource == "approval";
        let decides = |condition: &&Value| matches!(condition["type"].as_str(), Some("Approved" | "Denied"));
        let (theirs, ours) = (conditions(new), conditions(old));
        let decided = if approval { &theirs } else { &ours };
        let other = if approval { &ours } else { &theirs };
        let mut merged: Vec<Value> = decided.iter().filter(decides).cloned().collect();
        merged.extend(other.iter().filter(|condition| !decides(condition)).cloned());
        if approval {
            let status = old.rest.get("status").cloned().unwrap_or_else(|| Value::Object(Map::new()));
            new.rest.insert("status".to_owned(), status);
        }
        if let Some(status) = child_or_new(&mut new.rest, "status") {
            status.insert("conditions".to_owned(), merged.into());
        }
    }

    fn field_labels(&self, request: &DynamicObject) -> Vec<(&'static str, String)> {
        vec![("spec.signerName", field(request, "spec").get("signerName").text().to_owned())]
    }
}

fn conditions(request: &DynamicObject) -> Vec<Value> {
    field(request, "status").get("conditions").items().map(|condition| condition.value().clone()).collect()
}

fn is_request(encoded: &str) -> bool {
    STANDARD
        .decode(encoded)
        .is_ok_and(|bytes| String::from_utf8_lossy(&bytes).contains("-----BEGIN CERTIFICATE REQUEST-----"))
}

fn usages(errors: &mut ErrorList, all: View<'_>, list: &At<'_>) {
    if all.is_empty() {
        errors.push(Error::required(list, ""));
    }
    let texts: Vec<&str> = all.texts().collect();
    for (i, usage) in texts.iter().enumerate() {
        one_of(errors, &list.index(i), usage, &USAGES);
    }
    for (i, usage) in texts.iter().enumerate().filter(|(i, usage)| texts[..*i].contains(usage)) {
        errors.push(Error::duplicate(&list.index(i), *usage));
    }
}

/// A domain of at least two labels, a slash, and a path of domains.
fn signer(errors: &mut ErrorList, name: &str, at: &At<'_>) {
    if !required(errors, at, name) {
        return;
    }
    if name == "kubernetes.io/legacy-unknown" {
        let detail = "the legacy signerName is not allowed via this API version";
        return errors.push(Error::invalid(at, name, detail));
    }
    let parts: Vec<&str> = name.split('/').collect();
    let [domain, path] = parts.as_slice() else {
        let detail = "must be a fully qualified domain and path of the form 'example.com/signer-name'";
        return errors.push(Error::invalid(at, name, detail));
    };
    let messages = k8s_api_kinds::names::dns1123_subdomain(domain);
    errors.extend(
        messages
            .into_iter()
            .map(|message| Error::invalid(at, *domain, format!("validating label {domain:?}: {message}"))),
    );
    if domain.split('.').count() < 2 {
        let detail = "should be a domain with at least two segments separated by dots";
        errors.push(Error::invalid(at, *domain, detail));
    }
    let messages = k8s_api_kinds::names::dns1123_subdomain(path);
    errors.extend(
        messages.into_iter().map(|message| Error::invalid(at, *path, format!("validating label {path:?}: {message}"))),
    );
}
