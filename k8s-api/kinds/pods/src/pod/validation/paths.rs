//! Paths within volumes: they must not lead out of them.

use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::At;

/// A relative path that does not climb.
pub(super) fn descending(path: &str, at: &At<'_>, errors: &mut ErrorList) {
    if path.starts_with('/') {
        errors.push(Error::invalid(at, path, "must be a relative path"));
    }
    no_backsteps(path, at, errors);
}

/// A path that does not climb.
pub(super) fn no_backsteps(path: &str, at: &At<'_>, errors: &mut ErrorList) {
    if climbs(path) {
        errors.push(Error::invalid(at, path, "must not contain '..'"));
    }
}

/// A relative path that does not climb and does not begin like one that does.
pub(super) fn local(path: &str, at: &At<'_>, errors: &mut ErrorList) {
    descending(path, at, errors);
    if path.starts_with("..") && !path.starts_with("../") {
        errors.push(Error::invalid(at, path, "must not start with '..'"));
    }
}

/// Whether [`local`] has nothing against a path.
pub(super) fn is_local(path: &str) -> bool {
    !path.starts_with('/') && !climbs(path) && (!path.starts_with("..") || path.starts_with("../"))
}

/// Whether a path has a step upwards.
pub(super) fn climbs(path: &str) -> bool {
    path.split('/').any(|step| step == "..")
}

/// A permission of files.
pub(super) fn mode(mode: Option<i32>, field: &str, at: &At<'_>, errors: &mut ErrorList) {
    if let Some(mode) = mode
        && !(0..=0o777).contains(&mode)
    {
        let detail = "must be a number between 0 and 0777 (octal), both inclusive";
        errors.push(Error::invalid(&at.child(field), mode, detail));
    }
}
