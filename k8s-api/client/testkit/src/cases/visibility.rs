//! Promise 2: what was answered is there.

use k8s_api_client::{Body, DeleteOptions, ListOptions, WriteOptions};
use k8s_openapi::api::core::v1::ConfigMap;

use super::support::{object, tree};
use crate::Subject;
use crate::subject::map;

/// The object that was answered is the object that is read, and it has a uid, a version and a time.
pub async fn what_was_created_is_read(subject: Subject) {
    let body = Body::Object(Box::new(map("a", "1")));
    let (created, new) = object(subject.post(body, WriteOptions::default()).await.unwrap());
    assert!(new, "the answer says that the object is new");
    let meta = created.meta();
    assert_eq!((meta.name.as_str(), meta.namespace.as_str()), ("a", subject.namespace.as_str()));
    assert!(!meta.uid.is_empty() && meta.creation_timestamp.is_some() && created.revision() > 0, "{meta:?}");
    let read = subject.maps().dynamic().get("a").await.unwrap();
    assert_eq!(tree(&read), tree(&created));
    assert_eq!(read.revision(), created.revision());
    let typed = read.typed::<ConfigMap>().unwrap();
    assert_eq!(typed.data, map("a", "1").data);
    assert_eq!(typed.metadata.resource_version, Some(created.revision().to_string()));
}

/// Again and again.
pub async fn an_update_is_seen_by_the_next_read(subject: Subject) {
    let (maps, mut before) = (subject.maps(), subject.write("a", "0").await.revision());
    for n in 1..20 {
        let mut changed = (*maps.get("a").await.unwrap()).clone();
        changed.data = map("a", &n.to_string()).data;
        let updated = maps.dynamic().update(Box::new(changed), "", WriteOptions::default()).await.unwrap();
        assert!(updated.revision() > before, "revisions rise");
        before = updated.revision();
        let read = maps.dynamic().get("a").await.unwrap();
        assert_eq!(tree(&read), tree(&updated), "after {n} updates");
        let listed = maps.dynamic().list(ListOptions::default()).await.unwrap();
        assert_eq!(listed.items.iter().map(tree).collect::<Vec<_>>(), [tree(&updated)]);
        assert!(listed.revision >= before);
    }
}

/// An update that is no creation says so.
pub async fn an_update_creates_nothing(subject: Subject) {
    subject.write("a", "1").await;
    let call = k8s_api_client::Call::Update(Body::Object(Box::new(map("a", "2"))), WriteOptions::default());
    let (_, created) = object(subject.client().call(subject.map_target("a"), call).await.unwrap());
    assert!(!created);
}

/// What is deleted is gone for all who ask, and its name is free for another object.
pub async fn a_deletion_is_seen_by_the_next_read(subject: Subject) {
    let maps = subject.maps();
    let first = subject.write("a", "1").await;
    assert!(maps.delete("a", DeleteOptions::default()).await.unwrap().is_none());
    assert!(maps.find("a").await.unwrap().is_none());
    assert!(maps.list(ListOptions::default()).await.unwrap().items.is_empty());
    let second = subject.write("a", "2").await;
    assert_ne!(first.meta().uid, second.meta().uid);
    assert!(second.revision() > first.revision());
}
