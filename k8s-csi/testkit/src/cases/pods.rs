//! Promises 1 to 6: the volumes of pods.

use std::path::Path;

use k8s_csi::{Content, Error, File, Medium, Source};

use crate::Subject;

fn empty() -> Source {
    Source::Empty { medium: Medium::Disk, size_limit: None }
}

fn content(files: &[(&str, &'static str)]) -> Source {
    let files = files.iter().map(|(path, text)| ((*path).into(), File::new(*text))).collect();
    Source::Content(Content { files })
}

/// Promise 3.
pub async fn an_empty_volume_goes_with_its_pod(subject: Subject) {
    let source = subject.publish("a", empty()).await;
    assert_eq!(subject.read(&source, "x"), None);
    assert!(subject.write(&source, "x", "1"));
    assert_eq!(subject.read(&source, "x").unwrap(), "1");
    subject.volumes.unpublish(&Subject::key("a")).await.unwrap();
    let again = subject.publish("a", empty()).await;
    assert_eq!(subject.read(&again, "x"), None);
}

/// Promise 4.
pub async fn content_is_replaced_in_one_step(subject: Subject) {
    let source = subject.publish("a", content(&[("old", "1"), ("both", "1"), ("dir/deep", "1")])).await;
    assert_eq!(subject.read(&source, "dir/deep").unwrap(), "1");
    let again = subject.publish("a", content(&[("both", "2"), ("new", "2")])).await;
    assert_eq!(again, source);
    assert_eq!(subject.read(&source, "both").unwrap(), "2");
    assert_eq!(subject.read(&source, "new").unwrap(), "2");
    assert_eq!(subject.read(&source, "old"), None);
    assert_eq!(subject.read(&source, "dir/deep"), None);
}

/// Promise 5.
pub async fn parts_of_content_never_change(subject: Subject) {
    subject.publish("a", content(&[("key", "1")])).await;
    let key = Subject::key("a");
    let part = subject.volumes.sub_path(&key, Path::new("key")).await.unwrap();
    subject.publish("a", content(&[("key", "2")])).await;
    assert_eq!(subject.read(&part, "").unwrap(), "1");
    let part = subject.volumes.sub_path(&key, Path::new("key")).await.unwrap();
    assert_eq!(subject.read(&part, "").unwrap(), "2");
    let error = subject.volumes.sub_path(&key, Path::new("no")).await.unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }), "{error}");
}

/// Promise 5.
pub async fn parts_of_volumes_are_shared(subject: Subject) {
    let whole = subject.publish("a", empty()).await;
    let part = subject.volumes.sub_path(&Subject::key("a"), Path::new("sub/dir")).await.unwrap();
    assert!(subject.write(&part, "x", "1"));
    assert_eq!(subject.read(&whole, "sub/dir/x").unwrap(), "1");
}

/// Promise 5.
pub async fn parts_stay_inside(subject: Subject) {
    subject.publish("a", empty()).await;
    for path in ["../b", "/etc", "x/../../y"] {
        let error = subject.volumes.sub_path(&Subject::key("a"), Path::new(path)).await.unwrap_err();
        assert!(matches!(error, Error::Invalid { .. }), "{path}: {error}");
    }
}

/// Promise 1.
pub async fn publishing_again_answers_the_same(subject: Subject) {
    let source = subject.publish("a", empty()).await;
    assert!(subject.write(&source, "x", "1"));
    assert_eq!(subject.publish("a", empty()).await, source);
    assert_eq!(subject.read(&source, "x").unwrap(), "1");
}

/// Promise 1.
pub async fn unpublishing_can_be_repeated(subject: Subject) {
    subject.publish("a", empty()).await;
    for _ in 0..2 {
        subject.volumes.unpublish(&Subject::key("a")).await.unwrap();
    }
}

/// Promise 2.
pub async fn published_volumes_are_listed(subject: Subject) {
    subject.publish("b", empty()).await;
    subject.publish("a", content(&[("key", "1")])).await;
    assert_eq!(subject.volumes.list().await.unwrap(), [Subject::key("a"), Subject::key("b")]);
    subject.volumes.unpublish(&Subject::key("b")).await.unwrap();
    assert_eq!(subject.volumes.list().await.unwrap(), [Subject::key("a")]);
}

/// Promise 6.
pub async fn memory_has_its_limit(subject: Subject) {
    let source = subject.publish("a", Source::Empty { medium: Medium::Memory, size_limit: Some(4096) }).await;
    assert!(subject.files.write(&source, Path::new("small"), vec![0; 1024].into()));
    assert!(!subject.files.write(&source, Path::new("big"), vec![0; 8192].into()));
    let stats = subject.volumes.stats(&Subject::key("a")).await.unwrap();
    assert_eq!(stats.capacity_bytes, 4096);
    assert!(stats.used_bytes >= 1024 && stats.available_bytes <= 3072, "{stats:?}");
}
