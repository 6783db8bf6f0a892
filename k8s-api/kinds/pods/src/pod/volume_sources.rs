//! The kinds of volumes a volume can be of.

use k8s_openapi::api::core::v1::Volume;

/// How many kinds a volume names; one is right.
pub(crate) fn count(volume: &Volume) -> usize {
    macro_rules! present {
        ($($field:ident),+ $(,)?) => { [$(volume.$field.is_some()),+] };
    }
    let present = present!(
        aws_elastic_block_store,
        azure_disk,
        azure_file,
        cephfs,
        cinder,
        config_map,
        csi,
        downward_api,
        empty_dir,
        ephemeral,
        fc,
        flex_volume,
        flocker,
        gce_persistent_disk,
        git_repo,
        glusterfs,
        host_path,
        image,
        iscsi,
        nfs,
        persistent_volume_claim,
        photon_persistent_disk,
        portworx_volume,
        projected,
        quobyte,
        rbd,
        scale_io,
        secret,
        storageos,
        vsphere_volume,
    );
    present.into_iter().filter(|present| *present).count()
}
