//! The sources of volumes that came before CSI, most of them served by CSI drivers today.

use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::{At, names, shown};
use k8s_openapi::api::core::v1::{
    AWSElasticBlockStoreVolumeSource, AzureDiskVolumeSource, AzureFileVolumeSource, CephFSVolumeSource,
    CinderVolumeSource, FCVolumeSource, FlexVolumeSource, FlockerVolumeSource, GCEPersistentDiskVolumeSource,
    GitRepoVolumeSource, GlusterfsVolumeSource, ISCSIVolumeSource, LocalObjectReference,
    PhotonPersistentDiskVolumeSource, PortworxVolumeSource, QuobyteVolumeSource, RBDVolumeSource, ScaleIOVolumeSource,
    StorageOSVolumeSource, VsphereVirtualDiskVolumeSource,
};

use super::{check, known, paths};
use crate::blank::{items, text};

/// Fields that must not be empty.
fn required(fields: &[(&str, &str)], at: &At<'_>, errors: &mut ErrorList) {
    for (name, _) in fields.iter().filter(|(_, value)| value.is_empty()) {
        errors.push(Error::required(&at.child(name), ""));
    }
}

fn secret_name(secret: Option<&LocalObjectReference>, at: &At<'_>, errors: &mut ErrorList) {
    if secret.is_some_and(|secret| secret.name.is_empty()) {
        let at = at.child("secretRef");
        errors.push(Error::required(&at.child("name"), ""));
    }
}

pub(super) fn git_repo(source: &GitRepoVolumeSource, at: &At<'_>, errors: &mut ErrorList) {
    required(&[("repository", &source.repository)], at, errors);
    paths::descending(text(&source.directory), &at.child("directory"), errors);
}

fn partition(partition: Option<i32>, at: &At<'_>, errors: &mut ErrorList) {
    let partition = partition.unwrap_or_default();
    if !(0..=255).contains(&partition) {
        errors.push(Error::invalid(&at.child("partition"), partition, names::range_error(1, 255)));
    }
}

pub(super) fn gce(source: &GCEPersistentDiskVolumeSource, at: &At<'_>, errors: &mut ErrorList) {
    required(&[("pdName", &source.pd_name)], at, errors);
    partition(source.partition, at, errors);
}

pub(super) fn aws(source: &AWSElasticBlockStoreVolumeSource, at: &At<'_>, errors: &mut ErrorList) {
    required(&[("volumeID", &source.volume_id)], at, errors);
    partition(source.partition, at, errors);
}

pub(super) fn iscsi(source: &ISCSIVolumeSource, at: &At<'_>, errors: &mut ErrorList) {
    required(&[("targetPortal", &source.target_portal), ("iqn", &source.iqn)], at, errors);
    if !source.iqn.is_empty() {
        iscsi_name(&source.iqn, &at.child("iqn"), errors);
    }
    if !(0..=255).contains(&source.lun) {
        errors.push(Error::invalid(&at.child("lun"), source.lun, names::range_error(0, 255)));
    }
    let chap = source.chap_auth_discovery == Some(true) || source.chap_auth_session == Some(true);
    if chap && source.secret_ref.is_none() {
        errors.push(Error::required(&at.child("secretRef"), ""));
    }
    if let Some(name) = &source.initiator_name {
        iscsi_name(name, &at.child("initiatorname"), errors);
    }
}

fn iscsi_name(name: &str, at: &At<'_>, errors: &mut ErrorList) {
    let fixed = |digits: usize| name.len() == digits + 4 && name[4..].bytes().all(|b| b.is_ascii_alphanumeric());
    let detail = match name.get(..3) {
        Some("iqn") if is_iqn(name) => return,
        Some("eui") if name.is_ascii() && fixed(16) => return,
        Some("naa") if name.is_ascii() && fixed(32) => return,
        Some("iqn" | "eui" | "naa") => "must be valid format",
        _ => "must be valid format starting with iqn, eui, or naa",
    };
    errors.push(Error::invalid(at, name, detail));
}

/// `iqn.`, a year and a month, a domain, a colon and a name without `,;*&$|` and spaces.
///
/// The expression upstream uses is anchored at its end only.
fn is_iqn(name: &str) -> bool {
    let digits = |text: Option<&str>| text.is_some_and(|text| text.bytes().all(|b| b.is_ascii_digit()));
    name.match_indices("iqn.").any(|(start, _)| {
        let Some(rest) = name.get(start + 4..) else { return false };
        let dated = digits(rest.get(..4)) && rest.get(4..5) == Some("-") && digits(rest.get(5..7));
        let Some((domain, tail)) =
            rest.get(8..).filter(|_| dated && rest.get(7..8) == Some(".")).and_then(|r| r.split_once(':'))
        else {
            return false;
        };
        !domain.is_empty()
            && domain.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'))
            && !tail.is_empty()
            && !tail.contains(['^', ',', ';', '*', '&', '$', '|', ' ', '\t', '\n', '\r'])
    })
}

pub(super) fn glusterfs(source: &GlusterfsVolumeSource, at: &At<'_>, errors: &mut ErrorList) {
    required(&[("endpoints", &source.endpoints), ("path", &source.path)], at, errors);
}

pub(super) fn flocker(source: &FlockerVolumeSource, at: &At<'_>, errors: &mut ErrorList) {
    let (name, uuid) = (text(&source.dataset_name), text(&source.dataset_uuid));
    if name.is_empty() && uuid.is_empty() {
        errors.push(Error::required(at, "one of datasetName and datasetUUID is required"));
    }
    if !name.is_empty() && !uuid.is_empty() {
        let detail = "datasetName and datasetUUID can not be specified simultaneously";
        errors.push(Error::invalid(at, "resource", detail));
    }
    if name.contains('/') {
        errors.push(Error::invalid(&at.child("datasetName"), name, "must not contain '/'"));
    }
}

pub(super) fn rbd(source: &RBDVolumeSource, at: &At<'_>, errors: &mut ErrorList) {
    if source.monitors.is_empty() {
        errors.push(Error::required(&at.child("monitors"), ""));
    }
    required(&[("image", &source.image)], at, errors);
}

pub(super) fn cinder(source: &CinderVolumeSource, at: &At<'_>, errors: &mut ErrorList) {
    required(&[("volumeID", &source.volume_id)], at, errors);
    secret_name(source.secret_ref.as_ref(), at, errors);
}

pub(super) fn cephfs(source: &CephFSVolumeSource, at: &At<'_>, errors: &mut ErrorList) {
    if source.monitors.is_empty() {
        errors.push(Error::required(&at.child("monitors"), ""));
    }
}

pub(super) fn quobyte(source: &QuobyteVolumeSource, at: &At<'_>, errors: &mut ErrorList) {
    let detail = "must be a host:port pair or multiple pairs separated by commas";
    if source.registry.is_empty() {
        errors.push(Error::required(&at.child("registry"), detail));
    } else if text(&source.tenant).len() >= 65 {
        let detail = "must be a UUID and may not exceed a length of 64 characters";
        errors.push(Error::required(&at.child("tenant"), detail));
    } else {
        for _ in source.registry.split(',').filter(|pair| !is_host_and_port(pair)) {
            errors.push(Error::invalid(&at.child("registry"), &source.registry, detail));
        }
    }
    required(&[("volume", &source.volume)], at, errors);
}

fn is_host_and_port(pair: &str) -> bool {
    match pair.rsplit_once(':') {
        Some((host, _)) => !host.contains(':') || (host.starts_with('[') && host.ends_with(']')),
        None => false,
    }
}

pub(super) fn fc(source: &FCVolumeSource, at: &At<'_>, errors: &mut ErrorList) {
    let targets = items(&source.target_wwns);
    let place = at.child("targetWWNs");
    match (targets.is_empty(), items(&source.wwids).is_empty()) {
        (true, true) => {
            errors.push(Error::required(&place, "must specify either targetWWNs or wwids, but not both"));
        }
        (false, false) => {
            let detail = "targetWWNs and wwids can not be specified simultaneously";
            errors.push(Error::invalid(&place, shown::json(targets), detail));
        }
        _ => {}
    }
    match source.lun {
        _ if targets.is_empty() => {}
        None => errors.push(Error::required(&at.child("lun"), "lun is required if targetWWNs is specified")),
        Some(lun) if !(0..=255).contains(&lun) => {
            errors.push(Error::invalid(&at.child("lun"), lun, names::range_error(0, 255)));
        }
        Some(_) => {}
    }
}

pub(super) fn flex(source: &FlexVolumeSource, at: &At<'_>, errors: &mut ErrorList) {
    required(&[("driver", &source.driver)], at, errors);
    let at = at.child("options");
    for key in source.options.iter().flatten().map(|(key, _)| key) {
        let namespace = key.split_once('/').map_or(key.as_str(), |(namespace, _)| namespace);
        let normal = format!(".{}", namespace.to_lowercase());
        if normal.ends_with(".kubernetes.io") || normal.ends_with(".k8s.io") {
            let detail = "kubernetes.io and k8s.io namespaces are reserved";
            errors.push(Error::invalid(&at.key(key), key, detail));
        }
    }
}

pub(super) fn azure_file(source: &AzureFileVolumeSource, at: &At<'_>, errors: &mut ErrorList) {
    required(&[("secretName", &source.secret_name), ("shareName", &source.share_name)], at, errors);
}

pub(super) fn azure_disk(source: &AzureDiskVolumeSource, at: &At<'_>, errors: &mut ErrorList) {
    required(&[("diskName", &source.disk_name), ("diskURI", &source.disk_uri)], at, errors);
    known(&source.caching_mode, &["None", "ReadOnly", "ReadWrite"], &at.child("cachingMode"), errors);
    known(&source.kind, &["Dedicated", "Managed", "Shared"], &at.child("kind"), errors);
    let uri = &source.disk_uri;
    let expected = match source.kind.as_deref() {
        Some("Managed") if !uri.starts_with("/subscriptions/") => {
            "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"
        }
        Some(kind) if kind != "Managed" && !uri.starts_with("https://") => {
            "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd"
        }
        _ => return,
    };
    errors.push(Error::not_supported(&at.child("diskURI"), uri, &[expected]));
}

pub(super) fn vsphere(source: &VsphereVirtualDiskVolumeSource, at: &At<'_>, errors: &mut ErrorList) {
    required(&[("volumePath", &source.volume_path)], at, errors);
}

pub(super) fn photon(source: &PhotonPersistentDiskVolumeSource, at: &At<'_>, errors: &mut ErrorList) {
    required(&[("pdID", &source.pd_id)], at, errors);
}

pub(super) fn portworx(source: &PortworxVolumeSource, at: &At<'_>, errors: &mut ErrorList) {
    required(&[("volumeID", &source.volume_id)], at, errors);
}

pub(super) fn scale_io(source: &ScaleIOVolumeSource, at: &At<'_>, errors: &mut ErrorList) {
    let name = text(&source.volume_name);
    required(&[("gateway", &source.gateway), ("system", &source.system), ("volumeName", name)], at, errors);
}

pub(super) fn storageos(source: &StorageOSVolumeSource, at: &At<'_>, errors: &mut ErrorList) {
    let (name, namespace) = (text(&source.volume_name), text(&source.volume_namespace));
    if name.is_empty() {
        errors.push(Error::required(&at.child("volumeName"), ""));
    } else {
        check(names::dns1123_label(name), name, &at.child("volumeName"), errors);
    }
    if !namespace.is_empty() {
        check(names::dns1123_label(namespace), namespace, &at.child("volumeNamespace"), errors);
    }
    secret_name(source.secret_ref.as_ref(), at, errors);
}
