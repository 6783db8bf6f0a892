//! Volumes, and the sources that are in use today.

use std::collections::{BTreeMap, BTreeSet};

use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::{At, labels, metadata as meta, names};
use k8s_openapi::api::core::v1::{
    CSIVolumeSource, ConfigMapVolumeSource, EmptyDirVolumeSource, EphemeralVolumeSource, HostPathVolumeSource,
    ImageVolumeSource, KeyToPath, NFSVolumeSource, PodSpec, SecretVolumeSource, Volume,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{Options, check, known, one_of, paths, projected, volume_claim, volumes_rare};
use crate::amounts::read;
use crate::blank::{items, text};

/// The valid volumes of a pod by name.
pub(super) type Volumes<'a> = BTreeMap<&'a str, &'a Volume>;

/// What sources must know of their pod.
pub(super) struct Context<'a> {
    pub(super) metadata: Option<&'a ObjectMeta>,
    pub(super) options: &'a Options,
}

pub(super) fn volumes<'a>(
    spec: &'a PodSpec,
    metadata: Option<&'a ObjectMeta>,
    options: &'a Options,
    at: &At<'_>,
    errors: &mut ErrorList,
) -> Volumes<'a> {
    let mut valid = Volumes::new();
    let context = Context { metadata, options };
    let created = claims_to_create(spec, pod_name(metadata));
    for (i, volume) in items(&spec.volumes).iter().enumerate() {
        let at = at.index(i);
        let before = errors.len();
        source(volume, &context, &at, errors);
        let name = at.child("name");
        if volume.name.is_empty() {
            errors.push(Error::required(&name, ""));
        } else {
            check(names::dns1123_label(&volume.name), &volume.name, &name, errors);
        }
        if valid.contains_key(volume.name.as_str()) {
            errors.push(Error::duplicate(&name, &volume.name));
        }
        if errors.len() == before {
            valid.insert(&volume.name, volume);
        }
        if let Some(claim) = &volume.persistent_volume_claim
            && created.contains(&claim.claim_name)
        {
            let at = at.child("persistentVolumeClaim");
            let detail = "must not reference a PVC that gets created for an ephemeral volume";
            errors.push(Error::invalid(&at.child("claimName"), &claim.claim_name, detail));
        }
    }
    valid
}

fn pod_name(metadata: Option<&ObjectMeta>) -> Option<&str> {
    metadata?.name.as_deref().filter(|name| !name.is_empty())
}

/// The names of the claims that will be made for the pod's ephemeral volumes.
fn claims_to_create(spec: &PodSpec, pod: Option<&str>) -> BTreeSet<String> {
    let ephemeral = items(&spec.volumes).iter().filter(|volume| volume.ephemeral.is_some());
    pod.into_iter().flat_map(|pod| ephemeral.clone().map(move |v| format!("{pod}-{}", v.name))).collect()
}

/// The sources of one volume, of which there must be one.
struct Sources<'a, 'e> {
    at: &'a At<'a>,
    errors: &'e mut ErrorList,
    count: usize,
}

impl Sources<'_, '_> {
    /// Checks a source if it is there and the first one.
    fn of<T>(&mut self, source: Option<&T>, name: &str, check: impl FnOnce(&T, &At<'_>, &mut ErrorList)) {
        self.at_place(source, name, name, check);
    }

    /// As [`Sources::of`], for a source whose second appearance is reported elsewhere than its mistakes.
    fn at_place<T>(
        &mut self,
        source: Option<&T>,
        extra: &str,
        place: &str,
        check: impl FnOnce(&T, &At<'_>, &mut ErrorList),
    ) {
        let Some(source) = source else { return };
        if self.count > 0 {
            self.errors.push(Error::forbidden(&self.at.child(extra), "may not specify more than 1 volume type"));
        } else {
            self.count = 1;
            check(source, &self.at.child(place), self.errors);
        }
    }
}

fn source(v: &Volume, context: &Context<'_>, at: &At<'_>, errors: &mut ErrorList) {
    let mut one = Sources { at, errors, count: 0 };
    one.of(v.empty_dir.as_ref(), "emptyDir", empty_dir);
    one.of(v.host_path.as_ref(), "hostPath", host_path);
    one.of(v.git_repo.as_ref(), "gitRepo", volumes_rare::git_repo);
    one.at_place(v.gce_persistent_disk.as_ref(), "gcePersistentDisk", "persistentDisk", volumes_rare::gce);
    one.of(v.aws_elastic_block_store.as_ref(), "awsElasticBlockStore", volumes_rare::aws);
    one.of(v.secret.as_ref(), "secret", secret);
    one.of(v.nfs.as_ref(), "nfs", nfs);
    one.of(v.iscsi.as_ref(), "iscsi", volumes_rare::iscsi);
    if let Some(iscsi) = &v.iscsi
        && iscsi.initiator_name.is_some()
        && v.name.len() + 1 + iscsi.target_portal.len() > 64
    {
        let detail = "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if \
                      iscsi.initiatorName is specified.";
        one.errors.push(Error::invalid(&at.child("name"), &v.name, detail));
    }
    one.of(v.glusterfs.as_ref(), "glusterfs", volumes_rare::glusterfs);
    one.of(v.flocker.as_ref(), "flocker", volumes_rare::flocker);
    one.of(v.persistent_volume_claim.as_ref(), "persistentVolumeClaim", |claim, at, errors| {
        if claim.claim_name.is_empty() {
            errors.push(Error::required(&at.child("claimName"), ""));
        }
    });
    one.of(v.rbd.as_ref(), "rbd", volumes_rare::rbd);
    one.of(v.cinder.as_ref(), "cinder", volumes_rare::cinder);
    one.at_place(v.cephfs.as_ref(), "cephFS", "cephfs", volumes_rare::cephfs);
    one.of(v.quobyte.as_ref(), "quobyte", volumes_rare::quobyte);
    one.at_place(v.downward_api.as_ref(), "downwarAPI", "downwardAPI", projected::downward_api);
    one.of(v.fc.as_ref(), "fc", volumes_rare::fc);
    one.of(v.flex_volume.as_ref(), "flexVolume", volumes_rare::flex);
    one.of(v.config_map.as_ref(), "configMap", config_map);
    one.of(v.azure_file.as_ref(), "azureFile", volumes_rare::azure_file);
    one.of(v.vsphere_volume.as_ref(), "vsphereVolume", volumes_rare::vsphere);
    one.of(v.photon_persistent_disk.as_ref(), "photonPersistentDisk", volumes_rare::photon);
    one.of(v.portworx_volume.as_ref(), "portworxVolume", volumes_rare::portworx);
    one.of(v.azure_disk.as_ref(), "azureDisk", volumes_rare::azure_disk);
    one.of(v.storageos.as_ref(), "storageos", volumes_rare::storageos);
    one.of(v.projected.as_ref(), "projected", |p, at, e| projected::projected(p, context.options, at, e));
    one.of(v.scale_io.as_ref(), "scaleIO", volumes_rare::scale_io);
    one.of(v.csi.as_ref(), "csi", csi);
    one.of(v.ephemeral.as_ref(), "ephemeral", ephemeral);
    if one.count == 1
        && v.ephemeral.is_some()
        && crate::pod::volume_sources::count(v) == 1
        && let Some(pod) = pod_name(context.metadata)
    {
        claim_name(pod, &v.name, at, one.errors);
    }
    one.of(v.image.as_ref(), "image", |source, at, errors| image(source, context.options, at, errors));
    if one.count == 0 {
        one.errors.push(Error::required(at, "must specify a volume type"));
    }
}

/// The claim of an ephemeral volume is named after its pod and the volume.
fn claim_name(pod: &str, volume: &str, at: &At<'_>, errors: &mut ErrorList) {
    if volume.is_empty() {
        return;
    }
    let claim = format!("{pod}-{volume}");
    for message in names::dns1123_subdomain(&claim) {
        let detail = format!("PVC name {}: {message}", k8s_api::field::quote(&claim));
        errors.push(Error::invalid(&at.child("name"), volume, detail));
    }
}

fn empty_dir(source: &EmptyDirVolumeSource, at: &At<'_>, errors: &mut ErrorList) {
    if source.size_limit.as_ref().is_some_and(|limit| read(limit).signum() < 0) {
        let detail = "SizeLimit field must be a valid resource quantity";
        errors.push(Error::forbidden(&at.child("sizeLimit"), detail));
    }
}

fn host_path(source: &HostPathVolumeSource, at: &At<'_>, errors: &mut ErrorList) {
    if source.path.is_empty() {
        errors.push(Error::required(&at.child("path"), ""));
        return;
    }
    paths::no_backsteps(&source.path, &at.child("path"), errors);
    let types = ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];
    known(&source.type_, &types, &at.child("type"), errors);
}

fn secret(source: &SecretVolumeSource, at: &At<'_>, errors: &mut ErrorList) {
    if text(&source.secret_name).is_empty() {
        errors.push(Error::required(&at.child("secretName"), ""));
    }
    paths::mode(source.default_mode, "defaultMode", at, errors);
    keys(items(&source.items), &at.child("items"), errors);
}

fn config_map(source: &ConfigMapVolumeSource, at: &At<'_>, errors: &mut ErrorList) {
    if source.name.is_empty() {
        errors.push(Error::required(&at.child("name"), ""));
    }
    paths::mode(source.default_mode, "defaultMode", at, errors);
    keys(items(&source.items), &at.child("items"), errors);
}

fn keys(keys: &[KeyToPath], at: &At<'_>, errors: &mut ErrorList) {
    for (i, key) in keys.iter().enumerate() {
        key_to_path(key, &at.index(i), errors);
    }
}

/// A key and the file it becomes.
pub(super) fn key_to_path(key: &KeyToPath, at: &At<'_>, errors: &mut ErrorList) {
    if key.key.is_empty() {
        errors.push(Error::required(&at.child("key"), ""));
    }
    if key.path.is_empty() {
        errors.push(Error::required(&at.child("path"), ""));
    }
    paths::local(&key.path, &at.child("path"), errors);
    paths::mode(key.mode, "mode", at, errors);
}

fn nfs(source: &NFSVolumeSource, at: &At<'_>, errors: &mut ErrorList) {
    if source.server.is_empty() {
        errors.push(Error::required(&at.child("server"), ""));
    }
    if source.path.is_empty() {
        errors.push(Error::required(&at.child("path"), ""));
    }
    if !source.path.starts_with('/') {
        errors.push(Error::invalid(&at.child("path"), &source.path, "must be an absolute path"));
    }
}

fn csi(source: &CSIVolumeSource, at: &At<'_>, errors: &mut ErrorList) {
    let driver = at.child("driver");
    if source.driver.is_empty() {
        errors.push(Error::required(&driver, ""));
    } else {
        if source.driver.len() > names::LABEL_MAX {
            errors.push(Error::too_long(&driver, names::LABEL_MAX));
        }
        check(names::dns1123_subdomain(&source.driver.to_lowercase()), &source.driver, &driver, errors);
    }
    if let Some(secret) = &source.node_publish_secret_ref {
        if secret.name.is_empty() {
            let at = at.child("nodePublishSecretRef");
            errors.push(Error::required(&at.child("name"), ""));
        } else {
            check(names::dns1123_subdomain(&secret.name), &secret.name, &at.child("name"), errors);
        }
    }
}

fn ephemeral(source: &EphemeralVolumeSource, at: &At<'_>, errors: &mut ErrorList) {
    let at = at.child("volumeClaimTemplate");
    let Some(template) = &source.volume_claim_template else {
        errors.push(Error::required(&at, ""));
        return;
    };
    if let Some(metadata) = &template.metadata {
        template_metadata(metadata, &at.child("metadata"), errors);
    }
    volume_claim::claim_spec(&template.spec, &at.child("spec"), errors);
}

/// Of the metadata of a template only labels and annotations may be set.
fn template_metadata(metadata: &ObjectMeta, at: &At<'_>, errors: &mut ErrorList) {
    errors.extend(meta::validate_annotations(metadata.annotations.as_ref(), &at.child("annotations")));
    errors.extend(labels::validate_labels(metadata.labels.as_ref(), &at.child("labels")));
    let given = [
        ("name", metadata.name.is_some()),
        ("generateName", metadata.generate_name.is_some()),
        ("namespace", metadata.namespace.is_some()),
        ("selfLink", metadata.self_link.is_some()),
        ("uID", metadata.uid.is_some()),
        ("resourceVersion", metadata.resource_version.is_some()),
        ("generation", metadata.generation.is_some()),
        ("creationTimestamp", metadata.creation_timestamp.is_some()),
        ("deletionTimestamp", metadata.deletion_timestamp.is_some()),
        ("deletionGracePeriodSeconds", metadata.deletion_grace_period_seconds.is_some()),
        ("ownerReferences", metadata.owner_references.is_some()),
        ("finalizers", metadata.finalizers.is_some()),
        ("managedFields", metadata.managed_fields.is_some()),
    ];
    for (field, _) in given.into_iter().filter(|(_, given)| *given) {
        errors.push(Error::forbidden(&at.child(field), "cannot be set"));
    }
}

fn image(source: &ImageVolumeSource, options: &Options, at: &At<'_>, errors: &mut ErrorList) {
    if options.is_pod && text(&source.reference).is_empty() {
        errors.push(Error::required(&at.child("reference"), ""));
    }
    one_of(text(&source.pull_policy), &["Always", "IfNotPresent", "Never"], &at.child("pullPolicy"), errors);
}
