//! Promises 7 to 12: storage drivers.

use k8s_csi::{
    AccessMode, Capacity, CreateSnapshot, CreateVolume, CsiVolume, Error, Origin, PodVolume, Secrets, Source,
};

use crate::{Driver, Subject};

/// Promise 7.
pub async fn creating_is_by_name(subject: Subject) {
    let Some(driver) = subject.driver else { return };
    let volume = driver.create("one").await;
    assert!(volume.capacity >= 1 << 20);
    assert_eq!(driver.create("one").await, volume);
    assert_ne!(driver.create("two").await.id, volume.id);
    let bigger = Capacity { required: volume.capacity + 1, limit: 0 };
    let wish = CreateVolume { capacity: bigger, ..Driver::wish("one", AccessMode::SingleNodeWriter) };
    let error = driver.controller.create(wish).await.unwrap_err();
    assert!(matches!(error, Error::AlreadyExists { .. }), "{error}");
}

/// Promise 7.
pub async fn deleting_can_be_repeated(subject: Subject) {
    let Some(driver) = subject.driver else { return };
    let volume = driver.create("one").await;
    for _ in 0..2 {
        driver.controller.delete(&volume.id, &Secrets::default()).await.unwrap();
    }
    assert!(driver.controller.list().await.unwrap().is_empty());
}

/// Promise 8.
pub async fn one_node_at_a_time(subject: Subject) {
    let Some(driver) = subject.driver else { return };
    let publish =
        async |volume, node: &str, access| driver.controller.publish(Driver::attachment(volume, node, access)).await;
    let volume = driver.create("one").await;
    for _ in 0..2 {
        publish(&volume, &driver.node_id, AccessMode::SingleNodeWriter).await.unwrap();
    }
    let error = publish(&volume, &driver.other_node_id, AccessMode::SingleNodeWriter).await.unwrap_err();
    assert!(matches!(error, Error::InUse { .. }), "{error}");
    driver.detach(&volume).await;
    driver.detach(&volume).await;
    publish(&volume, &driver.other_node_id, AccessMode::SingleNodeWriter).await.unwrap();

    let shared = driver.controller.create(Driver::wish("two", AccessMode::MultiNodeMultiWriter)).await.unwrap();
    for node in [&driver.node_id, &driver.other_node_id] {
        publish(&shared, node, AccessMode::MultiNodeMultiWriter).await.unwrap();
    }
}

/// Promise 8.
pub async fn a_used_volume_stays(subject: Subject) {
    let Some(driver) = subject.driver else { return };
    let volume = driver.create("one").await;
    driver.attach(&volume).await;
    let error = driver.controller.delete(&volume.id, &Secrets::default()).await.unwrap_err();
    assert!(matches!(error, Error::InUse { .. }), "{error}");
    let listed = driver.controller.list().await.unwrap();
    assert_eq!(listed[0].published_nodes, std::slice::from_ref(&driver.node_id));
}

/// Promise 9.
pub async fn data_outlive_pods(subject: Subject) {
    let Some(driver) = subject.driver.clone() else { return };
    let volume = driver.create("one").await;
    for pod in ["a", "b"] {
        let source = subject.publish(pod, driver.attach(&volume).await).await;
        assert_eq!(subject.read(&source, "x").is_some(), pod == "b");
        assert!(subject.write(&source, "x", "1"));
        subject.volumes.unpublish(&Subject::key(pod)).await.unwrap();
        assert_eq!(subject.read(&source, "x"), None);
        driver.detach(&volume).await;
    }
}

/// Promise 9.
pub async fn pods_of_a_node_share_a_volume(subject: Subject) {
    let Some(driver) = subject.driver.clone() else { return };
    let volume = driver.create("one").await;
    let csi = driver.attach(&volume).await;
    let (a, b) = (subject.publish("a", csi.clone()).await, subject.publish("b", csi).await);
    assert!(subject.write(&a, "x", "1"));
    subject.volumes.unpublish(&Subject::key("a")).await.unwrap();
    assert_eq!(subject.read(&b, "x").unwrap(), "1");
}

/// Promise 10.
pub async fn detached_volumes_are_not_published(subject: Subject) {
    let Some(driver) = subject.driver.clone() else { return };
    let volume = driver.create("one").await;
    let source = driver.attach(&volume).await;
    driver.detach(&volume).await;
    let wanted = PodVolume::new(Subject::key("a"), source);
    let error = subject.volumes.publish(wanted).await.unwrap_err();
    assert!(matches!(error, Error::WrongState { .. }), "{error}");
    assert_eq!(subject.volumes.list().await.unwrap(), [Subject::key("a")], "half published");
    subject.volumes.unpublish(&Subject::key("a")).await.unwrap();
    assert!(subject.volumes.list().await.unwrap().is_empty());
}

/// Promise 10.
pub async fn an_unknown_driver_is_not_found(subject: Subject) {
    let csi = CsiVolume {
        driver: "no.such.driver".into(),
        volume_id: "v".into(),
        capability: Driver::capability(AccessMode::SingleNodeWriter),
        context: Default::default(),
        publish_context: Default::default(),
        stage_secrets: Secrets::default(),
        publish_secrets: Secrets::default(),
    };
    let wanted = PodVolume::new(Subject::key("a"), Source::Csi(csi));
    let error = subject.volumes.publish(wanted).await.unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }), "{error}");
    subject.volumes.unpublish(&Subject::key("a")).await.unwrap();
}

/// Promise 11.
pub async fn volumes_grow(subject: Subject) {
    let Some(driver) = subject.driver.clone() else { return };
    let volume = driver.create("one").await;
    subject.publish("a", driver.attach(&volume).await).await;
    let wanted = Capacity { required: 4 << 20, limit: 0 };
    let grown = driver.controller.expand(&volume.id, wanted, &Secrets::default()).await.unwrap();
    assert!(grown.capacity >= 4 << 20);
    if grown.node_expansion_required {
        assert!(subject.volumes.expand(&Subject::key("a"), grown.capacity).await.unwrap() >= 4 << 20);
    }
    let stats = subject.volumes.stats(&Subject::key("a")).await.unwrap();
    assert!(stats.capacity_bytes >= 4 << 20);
}

/// Promise 12.
pub async fn snapshots_keep_what_was(subject: Subject) {
    let Some(driver) = subject.driver.clone() else { return };
    let Some(snapshots) = driver.snapshots.clone() else { return };
    let volume = driver.create("one").await;
    let source = subject.publish("a", driver.attach(&volume).await).await;
    assert!(subject.write(&source, "x", "old"));
    let wish = CreateSnapshot { name: "s".into(), volume_id: volume.id.clone(), ..CreateSnapshot::default() };
    let snapshot = snapshots.create_snapshot(wish.clone()).await.unwrap();
    assert!(subject.write(&source, "x", "new"));
    assert_eq!(snapshots.create_snapshot(wish).await.unwrap(), snapshot);

    let origin = Some(Origin::Snapshot(snapshot.id.clone()));
    let wish = CreateVolume { origin, ..Driver::wish("two", AccessMode::SingleNodeWriter) };
    let restored = driver.controller.create(wish).await.unwrap();
    let source = subject.publish("b", driver.attach(&restored).await).await;
    assert_eq!(subject.read(&source, "x").unwrap(), "old");
    for _ in 0..2 {
        snapshots.delete_snapshot(&snapshot.id, &Secrets::default()).await.unwrap();
    }
    assert!(snapshots.list_snapshots(None).await.unwrap().is_empty());
}
