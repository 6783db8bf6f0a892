//! Where a persistent volume's bytes are.

use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::{At, View, names};
use serde_json::{Map, Value};

use crate::checks::{dns_label, dns_subdomain, one_of};
use crate::storage_class::driver_name;
use crate::trees::{child, fill, listed, required};

/// The sources in the order upstream looks at them: field, its path in errors.
const SOURCES: [(&str, &str); 22] = [
    ("hostPath", "hostPath"),
    ("gcePersistentDisk", "persistentDisk"),
    ("awsElasticBlockStore", "awsElasticBlockStore"),
    ("glusterfs", "glusterfs"),
    ("flocker", "flocker"),
    ("nfs", "nfs"),
    ("rbd", "rbd"),
    ("quobyte", "quobyte"),
    ("cephfs", "cephfs"),
    ("iscsi", "iscsi"),
    ("cinder", "cinder"),
    ("fc", "fc"),
    ("flexVolume", "flexVolume"),
    ("azureFile", "azureFile"),
    ("vsphereVolume", "vsphereVolume"),
    ("photonPersistentDisk", "photonPersistentDisk"),
    ("portworxVolume", "portworxVolume"),
    ("azureDisk", "azureDisk"),
    ("scaleIO", "scaleIO"),
    ("local", "local"),
    ("storageos", "storageos"),
    ("csi", "csi"),
];

/// Sources that no longer work, with upstream's name for the field.
const GONE: [(&str, &str, &str); 6] = [
    ("cephfs", "cephfs", "deprecated in v1.28, non-functional in v1.31+"),
    ("photonPersistentDisk", "photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"),
    ("scaleIO", "scaleIO", "deprecated in v1.16, non-functional in v1.22+"),
    ("storageos", "storageOS", "deprecated in v1.22, non-functional in v1.25+"),
    ("glusterfs", "glusterfs", "deprecated in v1.25, non-functional in v1.26+"),
    ("rbd", "rbd", "deprecated in v1.28, non-functional in v1.31+"),
];

/// Whether two specs name the same source.
pub(super) fn same(new: View<'_>, old: View<'_>) -> bool {
    SOURCES.iter().all(|(name, _)| new.get(name) == old.get(name))
}

pub(super) fn default(spec: &mut Map<String, Value>) {
    let fields: [(&str, &[(&str, &str)]); 5] = [
        ("hostPath", &[("type", "")]),
        ("rbd", &[("pool", "rbd"), ("user", "admin"), ("keyring", "/etc/ceph/keyring")]),
        ("iscsi", &[("iscsiInterface", "default")]),
        ("azureDisk", &[("cachingMode", "ReadWrite"), ("fsType", "ext4"), ("kind", "Shared")]),
        ("scaleIO", &[("storageMode", "ThinProvisioned"), ("fsType", "xfs")]),
    ];
    for (name, defaults) in fields {
        if let Some(source) = child(spec, name) {
            for (field, value) in defaults {
                fill(source, field, *value);
            }
        }
    }
    if let Some(disk) = child(spec, "azureDisk") {
        fill(disk, "readOnly", false);
    }
}

pub(super) fn warnings(spec: View<'_>) -> impl Iterator<Item = String> {
    let gone = GONE.iter().filter(move |(name, ..)| spec.get(name).is_some());
    gone.map(|(_, name, what)| format!("spec.{name}: {what}"))
}

pub(super) fn validate(errors: &mut ErrorList, spec: View<'_>, at: &At<'_>) {
    let mut found = false;
    for (name, path) in SOURCES {
        let source = spec.get(name);
        if source.is_none() {
            continue;
        }
        if found && name != "flexVolume" {
            let name = if name == "cephfs" { "cephFS" } else { name };
            errors.push(Error::forbidden(&at.child(name), "may not specify more than 1 volume type"));
            continue;
        }
        found = true;
        validate_one(errors, name, source, &at.child(path));
        if name == "local" && spec.get("nodeAffinity").is_none() {
            errors.push(Error::required(&at.child("nodeAffinity"), "Local volume requires node affinity"));
        }
    }
    if !found {
        errors.push(Error::required(at, "must specify a volume type"));
    }
}

fn validate_one(errors: &mut ErrorList, name: &str, source: View<'_>, at: &At<'_>) {
    let mut needs = |fields: &[&str]| {
        for field in fields {
            let value = source.get(field);
            if value.text().is_empty() && value.is_empty() {
                errors.push(Error::required(&at.child(field), ""));
            }
        }
    };
    match name {
        "hostPath" => host_path(errors, source, at),
        "local" => local(errors, source, at),
        "nfs" => nfs(errors, source, at),
        "csi" => csi(errors, source, at),
        "fc" => fibre_channel(errors, source, at),
        "iscsi" => iscsi(errors, source, at),
        "azureDisk" => azure_disk(errors, source, at),
        "cinder" => {
            needs(&["volumeID"]);
            let secret = source.get("secretRef");
            if secret.is_some() {
                let at = at.child("secretRef");
                required(errors, &at.child("name"), secret.get("name").text());
                required(errors, &at.child("namespace"), secret.get("namespace").text());
            }
        }
        "azureFile" => {
            needs(&["secretName", "shareName"]);
            if source.get("secretNamespace").is_some() {
                needs(&["secretNamespace"]);
            }
        }
        "glusterfs" => glusterfs(errors, source, at),
        "rbd" => needs(&["monitors", "image"]),
        "cephfs" => needs(&["monitors"]),
        "gcePersistentDisk" => needs(&["pdName"]),
        "awsElasticBlockStore" | "portworxVolume" => needs(&["volumeID"]),
        "vsphereVolume" => needs(&["volumePath"]),
        "photonPersistentDisk" => needs(&["pdID"]),
        "quobyte" => needs(&["registry", "volume"]),
        "flexVolume" => needs(&["driver"]),
        "scaleIO" => needs(&["gateway", "system", "volumeName"]),
        _ => {}
    }
}

fn no_steps_back(errors: &mut ErrorList, path: &str, at: &At<'_>) {
    if path.split('/').any(|part| part == "..") {
        errors.push(Error::invalid(at, path, "must not contain '..'"));
    }
}

fn host_path(errors: &mut ErrorList, source: View<'_>, at: &At<'_>) {
    let path = source.get("path").text();
    if !required(errors, &at.child("path"), path) {
        return;
    }
    no_steps_back(errors, path, &at.child("path"));
    let types = ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];
    one_of(errors, &at.child("type"), source.get("type").text(), &types);
}

fn local(errors: &mut ErrorList, source: View<'_>, at: &At<'_>) {
    let path = source.get("path").text();
    if required(errors, &at.child("path"), path) {
        no_steps_back(errors, path, &at.child("path"));
    }
}

fn nfs(errors: &mut ErrorList, source: View<'_>, at: &At<'_>) {
    let path = source.get("path").text();
    required(errors, &at.child("server"), source.get("server").text());
    required(errors, &at.child("path"), path);
    if !path.starts_with('/') {
        errors.push(Error::invalid(&at.child("path"), path, "must be an absolute path"));
    }
}

fn csi(errors: &mut ErrorList, source: View<'_>, at: &At<'_>) {
    driver_name(errors, source.get("driver").text(), &at.child("driver"));
    required(errors, &at.child("volumeHandle"), source.get("volumeHandle").text());
    let secrets =
        ["controllerPublishSecretRef", "controllerExpandSecretRef", "nodePublishSecretRef", "nodeExpandSecretRef"];
    for name in secrets {
        let secret = source.get(name);
        if secret.is_none() {
            continue;
        }
        let at = at.child(name);
        let (name, namespace) = (secret.get("name").text(), secret.get("namespace").text());
        if required(errors, &at.child("name"), name) {
            dns_subdomain(errors, &at.child("name"), name);
        }
        if required(errors, &at.child("namespace"), namespace) {
            dns_label(errors, &at.child("namespace"), namespace);
        }
    }
}

fn fibre_channel(errors: &mut ErrorList, source: View<'_>, at: &At<'_>) {
    let (targets, ids) = (source.get("targetWWNs"), source.get("wwids"));
    let targets_at = at.child("targetWWNs");
    if targets.is_empty() && ids.is_empty() {
        errors.push(Error::required(&targets_at, "must specify either targetWWNs or wwids, but not both"));
    }
    if !targets.is_empty() && !ids.is_empty() {
        let detail = "targetWWNs and wwids can not be specified simultaneously";
        errors.push(Error::invalid(&targets_at, listed(targets), detail));
    }
    if !targets.is_empty() {
        match source.get("lun").int() {
            None => errors.push(Error::required(&at.child("lun"), "lun is required if targetWWNs is specified")),
            Some(lun) => errors
                .extend(names::in_range(lun, 0, 255).into_iter().map(|m| Error::invalid(&at.child("lun"), lun, m))),
        }
    }
}

fn iscsi(errors: &mut ErrorList, source: View<'_>, at: &At<'_>) {
    required(errors, &at.child("targetPortal"), source.get("targetPortal").text());
    let name = source.get("iqn").text();
    if required(errors, &at.child("iqn"), name) && !["iqn", "eui", "naa"].iter().any(|kind| name.starts_with(kind)) {
        errors.push(Error::invalid(&at.child("iqn"), name, "must be valid format starting with iqn, eui, or naa"));
    }
    let lun = source.get("lun").int().unwrap_or(0);
    errors.extend(names::in_range(lun, 0, 255).into_iter().map(|m| Error::invalid(&at.child("lun"), lun, m)));
}

fn azure_disk(errors: &mut ErrorList, source: View<'_>, at: &At<'_>) {
    let address = source.get("diskURI").text();
    required(errors, &at.child("diskName"), source.get("diskName").text());
    required(errors, &at.child("diskURI"), address);
    one_of(errors, &at.child("cachingMode"), source.get("cachingMode").text(), &["None", "ReadOnly", "ReadWrite"]);
    let kind = source.get("kind").text();
    one_of(errors, &at.child("kind"), kind, &["Dedicated", "Managed", "Shared"]);
    let (start, form) = if kind == "Managed" {
        (
            "/subscriptions/",
            "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}",
        )
    } else {
        ("https://", "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd")
    };
    if !address.starts_with(start) {
        errors.push(Error::not_supported(&at.child("diskURI"), address, &[form]));
    }
}

fn glusterfs(errors: &mut ErrorList, source: View<'_>, at: &At<'_>) {
    required(errors, &at.child("endpoints"), source.get("endpoints").text());
    required(errors, &at.child("path"), source.get("path").text());
    let namespace = source.get("endpointsNamespace");
    let at = at.child("endpointsNamespace");
    if namespace.is_some() && namespace.text().is_empty() {
        let detail = "if the endpointnamespace is set, it must be a valid namespace name";
        errors.push(Error::invalid(&at, "", detail));
    } else if namespace.is_some() {
        dns_label(errors, &at, namespace.text());
    }
}
