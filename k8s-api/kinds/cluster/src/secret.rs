//! Secrets.
//!
//! Upstream: `pkg/registry/core/secret`, `ValidateSecret`, `Convert_v1_Secret_To_core_Secret`.

use std::collections::BTreeMap;

use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::metadata::invalid;
use k8s_api_kinds::{At, Facts, Strategy, canonical, count, names, tidy};
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use serde_json::Value;
use serde_json::error::Category;

use crate::checks::{immutable, no_subresources, quoted, text};
use crate::config_map::{IMMUTABLE, MAX_BYTES};

const DATA: At<'static> = At::new("data");
const ACCOUNT_NAME: &str = "kubernetes.io/service-account.name";

/// The strategy of Secrets.
#[derive(Clone, Copy, Debug)]
pub struct Secrets;

impl Strategy for Secrets {
    type Object = Secret;

    fn facts(&self) -> Facts {
        Facts { field_labels: &["type"], ..Facts::new() }
    }

    fn default(&self, secret: &mut Secret) {
        canonical::meta(&mut secret.metadata);
        if let Some(texts) = secret.string_data.take().filter(|texts| !texts.is_empty()) {
            let data = secret.data.get_or_insert_default();
            data.extend(texts.into_iter().map(|(key, text)| (key, ByteString(text.into_bytes()))));
        }
        tidy!(secret => data, type_);
        secret.type_.get_or_insert_with(|| "Opaque".to_owned());
    }

    fn prepare_for_create(&self, _: &mut Secret) {}

    fn validate_create(&self, secret: &Secret) -> ErrorList {
        let mut errors = ErrorList::new();
        let mut size = 0;
        for (key, value) in secret.data.iter().flatten() {
            invalid(&mut errors, &DATA.key(key), key, names::config_map_key(key));
            size += value.0.len();
        }
        if size > MAX_BYTES {
            errors.push(Error::too_long(&DATA, MAX_BYTES));
        }
        by_type(&mut errors, secret);
        errors
    }

    fn prepare_for_update(&self, new: &mut Secret, old: &Secret) {
        if new.type_.is_none() {
            new.type_.clone_from(&old.type_);
        }
        count(&mut new.metadata, &old.metadata, false);
    }

    fn validate_update(&self, new: &Secret, old: &Secret) -> ErrorList {
        let mut errors = ErrorList::new();
        immutable(&mut errors, &"type", &new.type_, &old.type_, quoted);
        if old.immutable == Some(true) {
            if new.immutable != Some(true) {
                errors.push(Error::forbidden("immutable", IMMUTABLE));
            }
            if new.data != old.data {
                errors.push(Error::forbidden(&DATA, IMMUTABLE));
            }
        }
        errors.extend(self.validate_create(new));
        errors
    }

    fn warnings(&self, new: &Secret, _: Option<&Secret>) -> Vec<String> {
        if text(&new.type_) != "kubernetes.io/tls" {
            return Vec::new();
        }
        let parts = [("tls.crt", "certificate"), ("tls.key", "key")];
        let missing = parts.iter().find(|(key, _)| !has_pem(get(new, key)));
        missing.map(|(_, what)| format!("tls: failed to find any PEM data in {what} input")).into_iter().collect()
    }

    fn field_labels(&self, secret: &Secret) -> Vec<(&'static str, String)> {
        vec![("type", text(&secret.type_).to_owned())]
    }

    no_subresources!();
}

fn by_type(errors: &mut ErrorList, secret: &Secret) {
    let has = |key: &str| get(secret, key).is_some();
    let require = |errors: &mut ErrorList, key: &str| errors.push(Error::required(&DATA.key(key), ""));
    match text(&secret.type_) {
        "kubernetes.io/service-account-token" => {
            let named = secret.metadata.annotations.as_ref().and_then(|a: &BTreeMap<_, String>| a.get(ACCOUNT_NAME));
            if named.is_none_or(String::is_empty) {
                let metadata = At::new("metadata");
                let annotations = metadata.child("annotations");
                errors.push(Error::required(&annotations.key(ACCOUNT_NAME), ""));
            }
        }
        "kubernetes.io/dockercfg" => docker_config(errors, secret, ".dockercfg"),
        "kubernetes.io/dockerconfigjson" => docker_config(errors, secret, ".dockerconfigjson"),
        "kubernetes.io/basic-auth" if !has("username") && !has("password") => {
            require(errors, "username");
            require(errors, "password");
        }
        "kubernetes.io/ssh-auth" if get(secret, "ssh-privatekey").is_none_or(<[u8]>::is_empty) => {
            require(errors, "ssh-privatekey");
        }
        "kubernetes.io/tls" => {
            for key in ["tls.crt", "tls.key"] {
                if !has(key) {
                    require(errors, key);
                }
            }
        }
        _ => {}
    }
}

fn docker_config(errors: &mut ErrorList, secret: &Secret, key: &str) {
    match get(secret, key) {
        None => errors.push(Error::required(&DATA.key(key), "")),
        Some(bytes) => errors.extend(
            not_an_object(bytes).map(|detail| Error::invalid(&DATA.key(key), "<secret contents redacted>", detail)),
        ),
    }
}

/// Why Go's decoder would not read bytes into a map.
fn not_an_object(bytes: &[u8]) -> Option<String> {
    match serde_json::from_slice::<Value>(bytes) {
        Ok(Value::Object(_) | Value::Null) => None,
        Ok(other) => {
            let what = match other {
                Value::String(_) => "string",
                Value::Bool(_) => "bool",
                Value::Array(_) => "array",
                _ => "number",
            };
            Some(format!("json: cannot unmarshal {what} into Go value of type map[string]interface {{}}"))
        }
        Err(error) if error.classify() == Category::Eof => Some("unexpected end of JSON input".to_owned()),
        Err(error) => {
            let before: usize = bytes.split_inclusive(|b| *b == b'\n').take(error.line() - 1).map(<[u8]>::len).sum();
            let found = bytes.get(before + error.column().saturating_sub(1)).copied().unwrap_or(b' ');
            let place = if before + error.column() <= 1 { "looking for beginning of value" } else { "in literal" };
            Some(format!("invalid character '{}' {place}", char::from(found)))
        }
    }
}

fn get<'a>(secret: &'a Secret, key: &str) -> Option<&'a [u8]> {
    secret.data.as_ref()?.get(key).map(|bytes| bytes.0.as_slice())
}

fn has_pem(bytes: Option<&[u8]>) -> bool {
    let text = String::from_utf8_lossy(bytes.unwrap_or_default());
    text.find("-----BEGIN ").is_some_and(|at| text[at..].contains("-----END "))
}
