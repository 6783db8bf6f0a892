//! Promise 7, of deletions.

use k8s_api_client::{Call, DeleteOptions, ListOptions, Preconditions, Propagation, Response};
use k8s_openapi::api::core::v1::ConfigMap;

use super::support::{refused, value};
use crate::Subject;
use crate::subject::map;

/// The object that is meant is deleted, or none.
pub async fn preconditions_must_hold(subject: Subject) {
    let (maps, there) = (subject.maps(), subject.write("a", "1").await);
    let status = refused(maps.delete("a", DeleteOptions::default().uid("another")).await);
    assert!(status.code == 409 && status.is_conflict(), "{status:?}");
    let of = |version: u64| DeleteOptions {
        preconditions: Preconditions { resource_version: Some(version.to_string()), ..Preconditions::default() },
        ..DeleteOptions::default()
    };
    let status = refused(maps.delete("a", of(1)).await);
    assert!(status.code == 409 && status.is_conflict(), "{status:?}");
    assert_eq!(maps.dynamic().get("a").await.unwrap().revision(), there.revision());
    let both = DeleteOptions { ..of(there.revision()).uid(&there.meta().uid) };
    assert!(maps.delete("a", both).await.unwrap().is_none());
    assert!(maps.find("a").await.unwrap().is_none());
}

/// A deletion that is done is answered with a success that names what is gone.
pub async fn a_finished_deletion_says_what_is_gone(subject: Subject) {
    let there = subject.write("a", "1").await;
    let call = Call::Delete(DeleteOptions::default());
    let reply = subject.client().call(subject.map_target("a"), call).await.unwrap();
    let Response::Status(status) = reply.response else { panic!("a status was expected: {:?}", reply.response) };
    assert_eq!(status.status, "Success");
    let details = status.details.as_ref().unwrap();
    assert_eq!((details.name.as_str(), &details.uid), ("a", &there.meta().uid));
}

/// What somebody holds is on its way, and goes when it is let go.
pub async fn a_finalizer_holds_what_is_deleted(subject: Subject) {
    let maps = subject.maps();
    let mut held = map("a", "1");
    held.metadata.finalizers = Some(vec!["kit.example.org/hold".to_owned()]);
    maps.create(held).await.unwrap();
    let going = maps.delete("a", DeleteOptions::default()).await.unwrap().expect("it is on its way");
    assert!(going.metadata.deletion_timestamp.is_some());
    let mut let_go: ConfigMap = (*maps.get("a").await.unwrap()).clone();
    assert!(let_go.metadata.deletion_timestamp.is_some());
    let_go.metadata.finalizers = None;
    maps.update(let_go).await.unwrap();
    assert!(maps.find("a").await.unwrap().is_none());
}

/// What becomes of its dependents is written into an object, for who sees to it.
pub async fn the_policy_for_dependents_arrives(subject: Subject) {
    for (policy, finalizer) in [(Propagation::Orphan, "orphan"), (Propagation::Foreground, "foregroundDeletion")] {
        let name = finalizer.to_ascii_lowercase();
        subject.write(&name, "1").await;
        // A collector of garbage may have taken it off again, but not before this answer.
        let going = subject.maps().delete(&name, DeleteOptions::default().propagation(policy)).await.unwrap();
        let finalizers = going.expect("it is on its way").metadata.finalizers.clone().unwrap_or_default();
        assert_eq!(finalizers, [finalizer]);
    }
    subject.write("c", "1").await;
    let background = DeleteOptions::default().propagation(Propagation::Background);
    assert!(subject.maps().delete("c", background).await.unwrap().is_none());
}

/// And no more.
pub async fn a_collection_goes_as_selected(subject: Subject) {
    for (name, label) in [("a", "x"), ("b", "y"), ("c", "x")] {
        let mut map = map(name, "1");
        map.metadata.labels = Some([("l".to_owned(), label.to_owned())].into());
        subject.maps().create(map).await.unwrap();
    }
    let (maps, all) = (subject.maps(), ListOptions::default);
    maps.delete_collection(DeleteOptions::default(), all().labels("l=x")).await.unwrap();
    let left = maps.dynamic().list(all()).await.unwrap().items;
    assert_eq!(left.iter().map(|object| object.meta().name.as_str()).collect::<Vec<_>>(), ["b"]);
    assert_eq!(value(&left[0]), "1");
    maps.delete_collection(DeleteOptions::default(), all().fields("metadata.name=a")).await.unwrap();
    assert_eq!(maps.list(all()).await.unwrap().items.len(), 1);
    maps.delete_collection(DeleteOptions::default(), all()).await.unwrap();
    assert!(maps.list(all()).await.unwrap().items.is_empty());
}
