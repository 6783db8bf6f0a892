//! Environment variables and the references that fill them.

use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::{At, NameRule, names};
use k8s_openapi::api::core::v1::{
    EnvFromSource, EnvVar, FileKeySelector, ObjectFieldSelector, PodSpec, ResourceFieldSelector,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::{check, paths, visit};
use crate::amounts::read;
use crate::blank::{items, text};

const FIELDS: [&str; 9] = [
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];

const RESOURCES: [&str; 6] = [
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
];

pub(super) fn variables(variables: &[EnvVar], at: &At<'_>, errors: &mut ErrorList) {
    for (i, variable) in variables.iter().enumerate() {
        let at = at.index(i);
        if variable.name.is_empty() {
            errors.push(Error::required(&at.child("name"), ""));
        } else {
            check(names::relaxed_env_var_name(&variable.name), &variable.name, &at.child("name"), errors);
        }
        value_from(variable, &at.child("valueFrom"), errors);
    }
}

fn value_from(variable: &EnvVar, at: &At<'_>, errors: &mut ErrorList) {
    let Some(source) = &variable.value_from else { return };
    let mut count = 0;
    if let Some(field) = &source.field_ref {
        count += 1;
        field_reference(field, &FIELDS, &at.child("fieldRef"), errors);
    }
    if let Some(resource) = &source.resource_field_ref {
        count += 1;
        resource_reference(resource, false, &at.child("resourceFieldRef"), errors);
    }
    if let Some(key) = &source.config_map_key_ref {
        count += 1;
        key_reference(&key.name, &key.key, &at.child("configMapKeyRef"), errors);
    }
    if let Some(key) = &source.secret_key_ref {
        count += 1;
        key_reference(&key.name, &key.key, &at.child("secretKeyRef"), errors);
    }
    if let Some(key) = &source.file_key_ref {
        count += 1;
        file_reference(key, &at.child("fileKeyRef"), errors);
    }
    let detail = match count {
        0 => "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`",
        _ if !text(&variable.value).is_empty() => "may not be specified when `value` is not empty",
        1 => return,
        _ => "may not have more than one field specified at a time",
    };
    errors.push(Error::invalid(at, "", detail));
}

/// A reference to one of a pod's own fields.
pub(super) fn field_reference(field: &ObjectFieldSelector, allowed: &[&str], at: &At<'_>, errors: &mut ErrorList) {
    let version = text(&field.api_version);
    if version.is_empty() {
        errors.push(Error::required(&at.child("apiVersion"), ""));
        return;
    }
    if field.field_path.is_empty() {
        errors.push(Error::required(&at.child("fieldPath"), ""));
        return;
    }
    match selected(version, &field.field_path) {
        Err(detail) => {
            let detail = format!("error converting fieldPath: {detail}");
            errors.push(Error::invalid(&at.child("fieldPath"), &field.field_path, detail));
        }
        Ok(("metadata.annotations", Some(key))) => {
            let key = key.to_lowercase();
            check(names::qualified_name(&key), &key, at, errors);
        }
        Ok((_, Some(key))) => check(names::qualified_name(key), key, at, errors),
        Ok((path, None)) if !allowed.contains(&path) => {
            errors.push(Error::not_supported(&at.child("fieldPath"), path, allowed));
        }
        Ok(_) => {}
    }
}

/// The field that a reference names, and the key of one entry of it.
fn selected<'a>(version: &str, path: &'a str) -> Result<(&'a str, Option<&'a str>), String> {
    if version != "v1" {
        return Err(format!("unsupported pod version: {version}"));
    }
    if let Some((map, key)) =
        path.strip_suffix("']").and_then(|p| p.split_once("['")).filter(|(map, _)| !map.is_empty())
    {
        return match map {
            "metadata.annotations" | "metadata.labels" => Ok((map, Some(key))),
            _ => Err(format!("field label does not support subscript: {path}")),
        };
    }
    match path {
        "spec.host" => Ok(("spec.nodeName", None)),
        "metadata.annotations" | "metadata.labels" | "spec.restartPolicy" | "spec.schedulerName" | "status.phase" => {
            Ok((path, None))
        }
        path if FIELDS.contains(&path) => Ok((path, None)),
        _ => Err(format!("field label not supported: {path}")),
    }
}

/// A reference to what a container may use.
pub(super) fn resource_reference(
    reference: &ResourceFieldSelector,
    container_needed: bool,
    at: &At<'_>,
    errors: &mut ErrorList,
) {
    let name = &reference.resource;
    if container_needed && text(&reference.container_name).is_empty() {
        errors.push(Error::required(&at.child("containerName"), ""));
    } else if name.is_empty() {
        errors.push(Error::required(&at.child("resource"), ""));
    } else if !RESOURCES.contains(&name.as_str()) && !of_huge_pages(name) {
        errors.push(Error::not_supported(&at.child("resource"), name, &RESOURCES));
    }
    if let Some(divisor) = &reference.divisor {
        self::divisor(name, divisor, &at.child("divisor"), errors);
    }
}

fn of_huge_pages(name: &str) -> bool {
    name.starts_with("limits.hugepages-") || name.starts_with("requests.hugepages-")
}

fn divisor(resource: &str, divisor: &Quantity, at: &At<'_>, errors: &mut ErrorList) {
    let amount = read(divisor);
    if amount.is_zero() {
        return;
    }
    let written = amount.to_string();
    let units = "1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei";
    let kind = match resource {
        "limits.cpu" | "requests.cpu" => {
            if !matches!(written.as_str(), "1m" | "1") {
                let detail = "only divisor's values 1m and 1 are supported with the cpu resource";
                errors.push(Error::invalid(at, resource, detail));
            }
            return;
        }
        "limits.memory" | "requests.memory" => "memory",
        "limits.ephemeral-storage" | "requests.ephemeral-storage" => "local ephemeral storage",
        other if of_huge_pages(other) => "hugepages",
        _ => return,
    };
    if !units.split(", ").any(|unit| unit == written) {
        let detail = format!("only divisor's values {units} are supported with the {kind} resource");
        errors.push(Error::invalid(at, resource, detail));
    }
}

fn key_reference(name: &str, key: &str, at: &At<'_>, errors: &mut ErrorList) {
    check(names::dns1123_subdomain(name), name, &at.child("name"), errors);
    if key.is_empty() {
        errors.push(Error::required(&at.child("key"), ""));
    } else {
        check(names::config_map_key(key), key, &at.child("key"), errors);
    }
}

fn file_reference(file: &FileKeySelector, at: &At<'_>, errors: &mut ErrorList) {
    if file.key.is_empty() {
        errors.push(Error::required(&at.child("key"), ""));
    } else {
        check(names::relaxed_env_var_name(&file.key), &file.key, &at.child("key"), errors);
    }
    if file.volume_name.is_empty() {
        errors.push(Error::required(&at.child("volumeName"), ""));
    } else {
        check(names::dns1123_label(&file.volume_name), &file.volume_name, &at.child("volumeName"), errors);
    }
    if file.path.is_empty() {
        errors.push(Error::required(&at.child("path"), ""));
    } else {
        paths::no_backsteps(&file.path, &at.child("path"), errors);
    }
}

pub(super) fn sources(sources: &[EnvFromSource], at: &At<'_>, errors: &mut ErrorList) {
    for (i, source) in sources.iter().enumerate() {
        let place = at.index(i);
        let prefix = text(&source.prefix);
        if !prefix.is_empty() {
            check(names::relaxed_env_var_name(prefix), prefix, &place.child("prefix"), errors);
        }
        let map = source.config_map_ref.as_ref().map(|source| (&source.name, "configMapRef"));
        let secret = source.secret_ref.as_ref().map(|source| (&source.name, "secretRef"));
        for (name, field) in map.into_iter().chain(secret) {
            let at = place.child(field);
            if name.is_empty() {
                errors.push(Error::required(&at.child("name"), ""));
            } else {
                check(names::by_rule(NameRule::Subdomain, name, true), name, &at.child("name"), errors);
            }
        }
        match (map, secret) {
            (None, None) => errors.push(Error::invalid(at, "", "must specify one of: `configMapRef` or `secretRef`")),
            (Some(_), Some(_)) => {
                errors.push(Error::invalid(at, "", "may not have more than one field specified at a time"));
            }
            _ => {}
        }
    }
}

/// Files that fill variables lie in empty directories of the same pod.
pub(super) fn file_references(spec: &PodSpec, at: &At<'_>, errors: &mut ErrorList) {
    visit(spec, at, |container, at| {
        let at = at.child("env");
        for (i, variable) in items(&container.env).iter().enumerate() {
            let Some(file) = variable.value_from.as_ref().and_then(|source| source.file_key_ref.as_ref()) else {
                continue;
            };
            let at = at.index(i);
            let at = at.child("valueFrom");
            let at = at.child("fileKeyRef");
            let at = at.child("volumeName");
            let name = &file.volume_name;
            match items(&spec.volumes).iter().rfind(|volume| volume.name == *name) {
                None => errors.push(Error::not_found(&at, name)),
                Some(volume) if volume.empty_dir.is_none() => {
                    errors.push(Error::invalid(&at, name, "referenced volume must be of type emptyDir"));
                }
                Some(_) => {}
            }
        }
    });
}
