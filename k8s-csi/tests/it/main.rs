//! The memory volumes beyond the promises: host paths, and volumes that live with their pod.

use std::path::Path;
use std::sync::Arc;

use k8s_csi::memory::{MemoryDriver, MemoryFiles, MemoryVolumes};
use k8s_csi::{
    AccessMode, CsiVolume, HostPathKind, PodVolume, PodVolumes, Secrets, Source, Topology, VolumeCapability, VolumeKey,
    VolumeMode, VolumeNode,
};

fn host_path(path: &str, kind: HostPathKind) -> PodVolume {
    PodVolume::new(VolumeKey::new("pod", "host"), Source::HostPath { path: path.into(), kind })
}

#[tokio::test]
async fn host_paths_are_checked_and_made() {
    let volumes = MemoryVolumes::new();
    volumes.files().write("/etc/hosts", "localhost").unwrap();
    let source = volumes.publish(host_path("/etc/hosts", HostPathKind::File)).await.unwrap();
    assert_eq!(volumes.read(source.path()).unwrap(), "localhost");
    let error = volumes.publish(host_path("/etc/hosts", HostPathKind::Directory)).await.unwrap_err();
    assert_eq!(error.to_string(), "hostPath type check failed: /etc/hosts is not a directory");
    volumes.publish(host_path("/data", HostPathKind::DirectoryOrCreate)).await.unwrap();
    assert!(volumes.files().is_directory("/data"));
    volumes.unpublish(&VolumeKey::new("pod", "host")).await.unwrap();
    assert!(volumes.files().exists("/data"), "a host path outlives its pods");
}

#[tokio::test]
async fn an_ephemeral_volume_lives_with_its_pod() {
    let files = MemoryFiles::new();
    let driver = MemoryDriver::new("disk", k8s_env::Env::simulated(1));
    let node: Arc<dyn VolumeNode> = Arc::new(driver.node("a", Topology::new(), files.clone()));
    let volumes = MemoryVolumes::on(files, [("disk".to_owned(), node)]);
    let csi = CsiVolume {
        driver: "disk".into(),
        volume_id: "csi-1".into(),
        capability: VolumeCapability { access: AccessMode::SingleNodeWriter, mode: VolumeMode::default() },
        context: [("csi.storage.k8s.io/ephemeral".to_owned(), "true".to_owned())].into(),
        publish_context: Default::default(),
        stage_secrets: Secrets::default(),
        publish_secrets: Secrets::default(),
    };
    let key = VolumeKey::new("pod", "scratch");
    let source = volumes.publish(PodVolume::new(key.clone(), Source::Csi(csi))).await.unwrap();
    volumes.files().write(source.path().join("x"), "1").unwrap();
    assert_eq!(driver.read("csi-1", Path::new("/x")).unwrap(), "1");
    volumes.unpublish(&key).await.unwrap();
    assert_eq!(driver.read("csi-1", Path::new("/x")), None);
}

#[tokio::test]
async fn a_read_only_mount_cannot_be_written() {
    let files = MemoryFiles::new();
    let driver = MemoryDriver::new("disk", k8s_env::Env::simulated(1));
    let node: Arc<dyn VolumeNode> = Arc::new(driver.node("a", Topology::new(), files.clone()));
    let volumes = MemoryVolumes::on(files, [("disk".to_owned(), node)]);
    let csi = CsiVolume {
        driver: "disk".into(),
        volume_id: "csi-2".into(),
        capability: VolumeCapability { access: AccessMode::SingleNodeReader, mode: VolumeMode::default() },
        context: [("csi.storage.k8s.io/ephemeral".to_owned(), "true".to_owned())].into(),
        publish_context: Default::default(),
        stage_secrets: Secrets(([("token".to_owned(), "secret".to_owned())]).into()),
        publish_secrets: Secrets::default(),
    };
    assert!(!format!("{csi:?}").contains("\"secret\""), "secrets do not show");
    let volume = PodVolume { readonly: true, ..PodVolume::new(VolumeKey::new("p", "v"), Source::Csi(csi)) };
    let source = volumes.publish(volume).await.unwrap();
    assert!(volumes.files().write(source.path().join("x"), "1").is_err());
}
