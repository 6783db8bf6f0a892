//! Volumes made of other objects' data.

use std::collections::BTreeSet;

use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::At;
use k8s_openapi::api::core::v1::{
    DownwardAPIVolumeFile, DownwardAPIVolumeSource, KeyToPath, ProjectedVolumeSource, ServiceAccountTokenProjection,
    VolumeProjection,
};

use super::{Options, env, paths, volumes};
use crate::blank::items;

const FIELDS: [&str; 5] =
    ["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];

pub(super) fn downward_api(source: &DownwardAPIVolumeSource, at: &At<'_>, errors: &mut ErrorList) {
    paths::mode(source.default_mode, "defaultMode", at, errors);
    for file in items(&source.items) {
        self::file(file, at, errors);
    }
}

/// A file that tells a pod about itself. Upstream reports its mistakes at the list.
fn file(file: &DownwardAPIVolumeFile, at: &At<'_>, errors: &mut ErrorList) {
    if file.path.is_empty() {
        errors.push(Error::required(&at.child("path"), ""));
    }
    paths::local(&file.path, &at.child("path"), errors);
    match (&file.field_ref, &file.resource_field_ref) {
        (Some(field), resource) => {
            env::field_reference(field, &FIELDS, &at.child("fieldRef"), errors);
            if resource.is_some() {
                let detail = "fieldRef and resourceFieldRef can not be specified simultaneously";
                errors.push(Error::invalid(at, "resource", detail));
            }
        }
        (None, Some(resource)) => env::resource_reference(resource, true, &at.child("resourceFieldRef"), errors),
        (None, None) => errors.push(Error::required(at, "one of fieldRef and resourceFieldRef is required")),
    }
    paths::mode(file.mode, "mode", at, errors);
}

pub(super) fn projected(source: &ProjectedVolumeSource, options: &Options, at: &At<'_>, errors: &mut ErrorList) {
    paths::mode(source.default_mode, "defaultMode", at, errors);
    let mut projection = Projection { paths: BTreeSet::new(), options, volume: at };
    let at = at.child("sources");
    for (i, source) in items(&source.sources).iter().enumerate() {
        projection.source(source, &at.index(i), errors);
    }
}

struct Projection<'a> {
    /// The files there are already.
    paths: BTreeSet<&'a str>,
    options: &'a Options,
    volume: &'a At<'a>,
}

impl<'a> Projection<'a> {
    fn source(&mut self, source: &'a VolumeProjection, at: &At<'_>, errors: &mut ErrorList) {
        let mut count = 0;
        if let Some(secret) = &source.secret {
            count += 1;
            self.keys(&secret.name, items(&secret.items), &at.child("secret"), errors);
        }
        if let Some(map) = &source.config_map {
            count += 1;
            self.keys(&map.name, items(&map.items), &at.child("configMap"), errors);
        }
        if let Some(api) = &source.downward_api {
            count += 1;
            for file in items(&api.items) {
                self::file(file, &at.child("downwardAPI"), errors);
                self.claim(&file.path, &file.path, errors);
            }
        }
        if let Some(token) = &source.service_account_token {
            count += 1;
            self.token(token, &at.child("serviceAccountToken"), errors);
        }
        if count > 1 {
            errors.push(Error::forbidden(at, "may not specify more than 1 volume type per source"));
        }
    }

    fn keys(&mut self, name: &str, keys: &'a [KeyToPath], at: &At<'_>, errors: &mut ErrorList) {
        if name.is_empty() {
            errors.push(Error::required(&at.child("name"), ""));
        }
        let at = at.child("items");
        for (i, key) in keys.iter().enumerate() {
            volumes::key_to_path(key, &at.index(i), errors);
            self.claim(&key.path, name, errors);
        }
    }

    fn token(&self, token: &ServiceAccountTokenProjection, at: &At<'_>, errors: &mut ErrorList) {
        let seconds = token.expiration_seconds.unwrap_or_default();
        let detail = match seconds {
            ..600 => Some("may not specify a duration less than 10 minutes"),
            4_294_967_297.. => Some("may not specify a duration larger than 2^32 seconds"),
            _ => None,
        };
        if let Some(detail) = detail {
            errors.push(Error::invalid(&at.child("expirationSeconds"), seconds, detail));
        }
        let path = self.volume.child("path");
        if token.path.is_empty() {
            errors.push(Error::required(&path, ""));
        } else if !self.options.non_local_token_path {
            paths::local(&token.path, &path, errors);
        }
    }

    /// Takes a path; two sources may not write the same file.
    fn claim(&mut self, path: &'a str, shown: &str, errors: &mut ErrorList) {
        if !path.is_empty() && !self.paths.insert(path) {
            errors.push(Error::invalid(self.volume, shown, "conflicting duplicate paths"));
        }
    }
}
