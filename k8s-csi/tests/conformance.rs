//! Every promise, on the memory volumes with the memory driver.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use k8s_csi::memory::{MemoryDriver, MemoryFiles, MemoryVolumes};
use k8s_csi::{MountSource, Topology, VolumeNode};
use k8s_csi_testkit::{Driver, Files, Subject};

struct InMemory(MemoryFiles);

impl Files for InMemory {
    fn read(&self, source: &MountSource, path: &Path) -> Option<Bytes> {
        self.0.read(source.path().join(path))
    }

    fn write(&self, source: &MountSource, path: &Path, bytes: Bytes) -> bool {
        self.0.write(source.path().join(path), bytes).is_ok()
    }
}

fn memory() -> Subject {
    let files = MemoryFiles::new();
    let driver = MemoryDriver::new("disk.example.com", k8s_env::Env::simulated(1));
    let node: Arc<dyn VolumeNode> = Arc::new(driver.node("a", Topology::new(), files.clone()));
    driver.node("b", Topology::new(), MemoryFiles::new());
    // The node's side is asked through a layer in both shapes.
    let volumes = MemoryVolumes::on(files.clone(), [("disk.example.com".to_owned(), Arc::new(node) as _)]);
    let driver = Driver {
        name: "disk.example.com".into(),
        node_id: "a".into(),
        other_node_id: "b".into(),
        controller: Arc::new(driver.clone()),
        snapshots: Some(Arc::new(driver)),
    };
    Subject { volumes: Arc::new(volumes), files: Arc::new(InMemory(files)), driver: Some(driver) }
}

mod memory_driver {
    k8s_csi_testkit::conformance!(simulated: || async { super::memory() });
}

/// What is shared and erased keeps every promise, and so does a layer that forwards each call.
mod forwarded {
    use super::*;

    k8s_csi_testkit::conformance!(simulated: || async {
        let Subject { volumes, files, driver } = memory();
        let driver = driver.map(|driver| Driver {
            controller: Arc::new(driver.controller),
            snapshots: driver.snapshots.map(|snapshots| Arc::new(snapshots) as _),
            ..driver
        });
        Subject { volumes: Arc::new(volumes), files, driver }
    });
}
