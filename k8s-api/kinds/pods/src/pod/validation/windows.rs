//! What only Windows has.

use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::{At, names};
use k8s_openapi::api::core::v1::{PodSpec, WindowsSecurityContextOptions};

use super::{check, visit};

const MAX_CREDENTIAL_SPEC: usize = 64 * 1024;

pub(super) fn options(options: Option<&WindowsSecurityContextOptions>, at: &At<'_>, errors: &mut ErrorList) {
    let Some(options) = options else { return };
    if let Some(name) = &options.gmsa_credential_spec_name {
        check(names::dns1123_subdomain(name), name, &at.child("gmsaCredentialSpecName"), errors);
    }
    if let Some(spec) = &options.gmsa_credential_spec {
        let detail = match spec.len() {
            0 => Some("gmsaCredentialSpec cannot be an empty string"),
            length if length > MAX_CREDENTIAL_SPEC => Some("gmsaCredentialSpec size must be under 64 KiB"),
            _ => None,
        };
        errors.extend(detail.map(|detail| Error::invalid(&at.child("gmsaCredentialSpec"), spec, detail)));
    }
    if let Some(name) = &options.run_as_user_name {
        user_name(name, &at.child("runAsUserName"), errors);
    }
}

/// `user` or `domain\user`.
fn user_name(name: &str, at: &At<'_>, errors: &mut ErrorList) {
    let mut refuse = |what: &str| errors.push(Error::invalid(at, name, format!("runAsUserName{what}")));
    if name.is_empty() {
        return refuse(" cannot be an empty string");
    }
    if name.bytes().any(|b| b.is_ascii_control()) {
        return refuse(" cannot contain control characters");
    }
    let (domain, user) = match name.split_once('\\') {
        Some((_, user)) if user.contains('\\') => return refuse(" cannot contain more than one backslash"),
        Some((domain, user)) => (Some(domain), user),
        None => (None, name),
    };
    if domain.is_some_and(|domain| domain.len() >= 256) {
        refuse("'s Domain length must be under 256 characters");
    }
    if domain.is_some_and(|domain| !is_net_bios(domain) && !is_dns(domain)) {
        refuse("'s Domain doesn't match the NetBios nor the DNS format");
    }
    match user.len() {
        0 => refuse("'s User cannot be empty"),
        length if length > 104 => refuse("'s User length must not be longer than 104 characters"),
        _ => {}
    }
    if !user.is_empty() && user.bytes().all(|b| matches!(b, b'.' | b' ')) {
        refuse("'s User cannot contain only periods or spaces");
    }
    if user.contains(['"', '/', '\\', ':', ';', '|', '=', ',', '+', '*', '?', '<', '>', '@', '[', ']']) {
        refuse(r#"'s User cannot contain the following characters: "/\:;|=,+*?<>@[]"#);
    }
}

fn is_net_bios(domain: &str) -> bool {
    let length = domain.chars().count();
    (1..=15).contains(&length)
        && !domain.starts_with('.')
        && !domain.contains(['\\', '/', ':', '*', '?', '"', '<', '>', '|'])
}

fn is_dns(domain: &str) -> bool {
    domain.split('.').all(|label| {
        let bytes = label.as_bytes();
        (1..=63).contains(&bytes.len())
            && bytes.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-')
            && bytes[0] != b'-'
            && bytes[bytes.len() - 1] != b'-'
    })
}

/// Containers that run as processes of their Windows node: all of a pod's or none.
pub(super) fn host_process(spec: &PodSpec, at: &At<'_>, errors: &mut ErrorList) {
    let context = spec.security_context.as_ref();
    let of_pod = context.and_then(|c| c.windows_options.as_ref()).and_then(|options| options.host_process);
    let (mut all, mut on_host) = (0, 0);
    visit(spec, at, |container, at| {
        all += 1;
        let context = container.security_context.as_ref();
        let own = context.and_then(|c| c.windows_options.as_ref()).and_then(|options| options.host_process);
        if let (Some(pod), Some(own)) = (of_pod, own)
            && pod != own
        {
            let at = at.child("securityContext");
            let at = at.child("windowsOptions");
            let detail = format!("pod hostProcess value must be identical if both are specified, was {pod}");
            errors.push(Error::invalid(&at.child("hostProcess"), own, detail));
        }
        on_host += usize::from(own.or(of_pod) == Some(true));
    });
    if on_host == 0 {
        return;
    }
    if on_host != all {
        let detail = "If pod contains any hostProcess containers then all containers must be HostProcess containers";
        errors.push(Error::invalid(at, "", detail));
    }
    if spec.host_network != Some(true) {
        let detail = "hostNetwork must be true if pod contains any hostProcess containers";
        errors.push(Error::invalid(&at.child("hostNetwork"), false, detail));
    }
}
