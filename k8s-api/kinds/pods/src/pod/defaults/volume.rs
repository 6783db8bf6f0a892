//! Defaults of volumes.

use k8s_openapi::api::core::v1::{
    AzureDiskVolumeSource, DownwardAPIVolumeFile, EphemeralVolumeSource, PersistentVolumeClaimSpec,
    ProjectedVolumeSource, Volume,
};

use super::container::zero;
use super::inner_metadata;
use crate::amounts::{self, tidy_list};
use crate::blank::{items_mut, or_text, text};
use crate::image::default_pull_policy;
use crate::pod::volume_sources::count;
use k8s_api_kinds::{canonical, tidy};

/// The permissions of files whose volume names none.
const MODE: i32 = 0o644;

/// Defaults of a volume; one of no kind is an empty directory.
pub(super) fn volume(volume: &mut Volume) {
    if count(volume) == 0 {
        volume.empty_dir = Some(Default::default());
    }
    common(volume);
    network(volume);
    rare(volume);
}

fn common(volume: &mut Volume) {
    if let Some(directory) = &mut volume.empty_dir {
        tidy!(directory => medium);
        directory.size_limit.iter_mut().for_each(amounts::tidy);
    }
    if let Some(path) = &mut volume.host_path {
        path.type_.get_or_insert_default();
    }
    if let Some(secret) = &mut volume.secret {
        tidy!(secret => items, secret_name);
        secret.default_mode.get_or_insert(MODE);
    }
    if let Some(map) = &mut volume.config_map {
        tidy!(map => items);
        map.default_mode.get_or_insert(MODE);
    }
    if let Some(api) = &mut volume.downward_api {
        tidy!(api => items);
        api.default_mode.get_or_insert(MODE);
        items_mut(&mut api.items).iter_mut().for_each(file);
    }
    volume.projected.iter_mut().for_each(projected);
    volume.ephemeral.iter_mut().for_each(ephemeral);
    if let Some(claim) = &mut volume.persistent_volume_claim {
        tidy!(claim => read_only);
    }
    if let Some(image) = &mut volume.image {
        tidy!(image => reference);
        if text(&image.pull_policy).is_empty() {
            image.pull_policy = Some(default_pull_policy(text(&image.reference)).to_owned());
        }
    }
    if let Some(csi) = &mut volume.csi {
        tidy!(csi => volume_attributes);
    }
}

fn network(volume: &mut Volume) {
    if let Some(nfs) = &mut volume.nfs {
        tidy!(nfs => read_only);
    }
    if let Some(iscsi) = &mut volume.iscsi {
        tidy!(iscsi => chap_auth_discovery, chap_auth_session, fs_type, portals, read_only);
        or_text(&mut iscsi.iscsi_interface, "default");
    }
    if let Some(fc) = &mut volume.fc {
        tidy!(fc => fs_type, read_only, target_wwns, wwids);
    }
    if let Some(rbd) = &mut volume.rbd {
        tidy!(rbd => fs_type, read_only);
        or_text(&mut rbd.pool, "rbd");
        or_text(&mut rbd.user, "admin");
        or_text(&mut rbd.keyring, "/etc/ceph/keyring");
    }
    if let Some(cephfs) = &mut volume.cephfs {
        tidy!(cephfs => path, read_only, secret_file, user);
    }
    if let Some(glusterfs) = &mut volume.glusterfs {
        tidy!(glusterfs => read_only);
    }
    if let Some(quobyte) = &mut volume.quobyte {
        tidy!(quobyte => group, read_only, tenant, user);
    }
}

fn rare(volume: &mut Volume) {
    volume.azure_disk.iter_mut().for_each(azure_disk);
    if let Some(azure) = &mut volume.azure_file {
        tidy!(azure => read_only);
    }
    if let Some(aws) = &mut volume.aws_elastic_block_store {
        tidy!(aws => fs_type, partition, read_only);
    }
    if let Some(gce) = &mut volume.gce_persistent_disk {
        tidy!(gce => fs_type, partition, read_only);
    }
    if let Some(cinder) = &mut volume.cinder {
        tidy!(cinder => fs_type, read_only);
    }
    if let Some(flex) = &mut volume.flex_volume {
        tidy!(flex => fs_type, options, read_only);
    }
    if let Some(flocker) = &mut volume.flocker {
        tidy!(flocker => dataset_name, dataset_uuid);
    }
    if let Some(git) = &mut volume.git_repo {
        tidy!(git => directory, revision);
    }
    if let Some(photon) = &mut volume.photon_persistent_disk {
        tidy!(photon => fs_type);
    }
    if let Some(portworx) = &mut volume.portworx_volume {
        tidy!(portworx => fs_type, read_only);
    }
    if let Some(scale_io) = &mut volume.scale_io {
        tidy!(scale_io => protection_domain, read_only, ssl_enabled, storage_pool, volume_name);
        or_text(&mut scale_io.storage_mode, "ThinProvisioned");
        or_text(&mut scale_io.fs_type, "xfs");
    }
    if let Some(storageos) = &mut volume.storageos {
        tidy!(storageos => fs_type, read_only, volume_name, volume_namespace);
    }
    if let Some(vsphere) = &mut volume.vsphere_volume {
        tidy!(vsphere => fs_type, storage_policy_id, storage_policy_name);
    }
}

fn azure_disk(disk: &mut AzureDiskVolumeSource) {
    disk.caching_mode.get_or_insert_with(|| "ReadWrite".to_owned());
    disk.fs_type.get_or_insert_with(|| "ext4".to_owned());
    disk.read_only.get_or_insert(false);
    disk.kind.get_or_insert_with(|| "Shared".to_owned());
}

fn projected(projected: &mut ProjectedVolumeSource) {
    projected.default_mode.get_or_insert(MODE);
    for source in items_mut(&mut projected.sources) {
        if let Some(api) = &mut source.downward_api {
            tidy!(api => items);
            items_mut(&mut api.items).iter_mut().for_each(file);
        }
        if let Some(token) = &mut source.service_account_token {
            tidy!(token => audience);
            token.expiration_seconds.get_or_insert(60 * 60);
        }
        if let Some(secret) = &mut source.secret {
            tidy!(secret => items);
        }
        if let Some(map) = &mut source.config_map {
            tidy!(map => items);
        }
    }
}

fn file(file: &mut DownwardAPIVolumeFile) {
    if let Some(field) = &mut file.field_ref {
        or_text(&mut field.api_version, "v1");
    }
    if let Some(resource) = &mut file.resource_field_ref {
        tidy!(resource => container_name);
        amounts::tidy(resource.divisor.get_or_insert_with(zero));
    }
}

fn ephemeral(ephemeral: &mut EphemeralVolumeSource) {
    if let Some(template) = &mut ephemeral.volume_claim_template {
        inner_metadata(&mut template.metadata);
        claim_spec(&mut template.spec);
    }
}

/// Defaults of what is asked of a volume.
pub(crate) fn claim_spec(spec: &mut PersistentVolumeClaimSpec) {
    tidy!(spec => access_modes, volume_name);
    spec.volume_mode.get_or_insert_with(|| "Filesystem".to_owned());
    let resources = spec.resources.get_or_insert_default();
    tidy_list(&mut resources.limits);
    tidy_list(&mut resources.requests);
    spec.selector.iter_mut().for_each(super::selector);
    if let Some(source) = &mut spec.data_source_ref {
        canonical::tidy(&mut source.namespace);
    }
}
