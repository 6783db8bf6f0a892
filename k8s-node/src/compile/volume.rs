//! Where volumes come from.

use k8s_api::Kind;
use k8s_csi::{HostPathKind, Medium, PodVolume, Source, VolumeKey};
use k8s_openapi::api::core::v1::{EmptyDirVolumeSource, HostPathVolumeSource, Pod, Volume};

use super::content;
use crate::context::Context;
use crate::pod::Uses;

use k8s_api::quantity::Quantity;

/// Makes the volume that a pod's spec asks for.
///
/// # Errors
/// What is missing, for people.
pub(crate) async fn resolve(context: &Context, uses: &Uses, pod: &Pod, volume: &Volume) -> Result<PodVolume, String> {
    let source = source(context, uses, pod, volume).await?;
    let mut resolved = PodVolume::new(VolumeKey::new(pod.uid(), &volume.name), source);
    let security = pod.spec.as_ref().and_then(|spec| spec.security_context.as_ref());
    resolved.fs_group = security.and_then(|security| security.fs_group);
    Ok(resolved)
}

async fn source(context: &Context, uses: &Uses, pod: &Pod, volume: &Volume) -> Result<Source, String> {
    if let Some(empty) = &volume.empty_dir {
        return Ok(empty_dir(empty));
    }
    if let Some(host) = &volume.host_path {
        return Ok(host_path(host));
    }
    let maker = content::Maker { context, uses, pod };
    if let Some(map) = &volume.config_map {
        return maker.config_map(map).await.map(Source::Content);
    }
    if let Some(secret) = &volume.secret {
        return maker.secret(secret).await.map(Source::Content);
    }
    if let Some(downward) = &volume.downward_api {
        return maker.downward_api(downward).map(Source::Content);
    }
    if let Some(projected) = &volume.projected {
        return maker.projected(projected).await.map(Source::Content);
    }
    Err("no volume plugin matched".to_owned())
}

fn empty_dir(empty: &EmptyDirVolumeSource) -> Source {
    let size = |text: &str| Quantity::parse(text).ok().and_then(|size| u64::try_from(size.value()).ok());
    let medium = match empty.medium.as_deref().unwrap_or_default() {
        "Memory" => Medium::Memory,
        medium => match medium.strip_prefix("HugePages") {
            Some(pages) => Medium::HugePages(size(pages.trim_start_matches('-')).unwrap_or(0)),
            None => Medium::Disk,
        },
    };
    let limit = empty.size_limit.as_ref().and_then(|limit| size(&limit.0)).filter(|limit| *limit > 0);
    Source::Empty { medium, size_limit: limit }
}

fn host_path(host: &HostPathVolumeSource) -> Source {
    let kind = match host.type_.as_deref().unwrap_or_default() {
        "DirectoryOrCreate" => HostPathKind::DirectoryOrCreate,
        "Directory" => HostPathKind::Directory,
        "FileOrCreate" => HostPathKind::FileOrCreate,
        "File" => HostPathKind::File,
        "Socket" => HostPathKind::Socket,
        "CharDevice" => HostPathKind::CharDevice,
        "BlockDevice" => HostPathKind::BlockDevice,
        _ => HostPathKind::Unchecked,
    };
    Source::HostPath { path: host.path.clone().into(), kind }
}
