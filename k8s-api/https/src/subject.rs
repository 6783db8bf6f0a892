use std::fmt::Write;

use k8s_api::UserInfo;
use x509_parser::prelude::{FromDer, X509Certificate};

/// Where upstream keeps what a user authenticated with.
const CREDENTIAL_ID: &str = "authentication.kubernetes.io/credential-id";

/// Who the holder of a client certificate is: its common name, and its organizations as groups, as authentication adds
/// to them. `None` when it names nobody, or is no certificate.
///
/// It does not say whether the certificate can be trusted.
///
/// Upstream: `k8s.io/apiserver/pkg/authentication/request/x509`, `CommonNameUserConversion`.
pub(crate) fn user(certificate: &[u8]) -> Option<UserInfo> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    let name = parsed.subject().iter_common_name().next()?.as_str().ok()?;
    let groups: Vec<&str> = parsed.subject().iter_organization().filter_map(|o| o.as_str().ok()).collect();
    if name.is_empty() {
        return None;
    }
    let mut user = UserInfo::new(name, &groups);
    let mut id = "X509SHA256=".to_owned();
    for byte in ring::digest::digest(&ring::digest::SHA256, certificate).as_ref() {
        // Writing to a string cannot fail.
        let _ = write!(id, "{byte:02x}");
    }
    user.extra.insert(CREDENTIAL_ID.to_owned(), vec![id]);
    Some(user)
}
