//! Promises 1 to 3 and 7: sandboxes.

use k8s_cri::{ContainerFilter, Error, SandboxFilter, SandboxState};

use crate::Subject;

/// Promise 1.
pub async fn a_sandbox_is_ready_at_once_and_listed_until_removed(subject: Subject) {
    let runtime = &subject.runtime;
    let id = subject.sandbox("a").await;
    let status = runtime.sandbox_status(&id).await.unwrap();
    assert_eq!(status.state, SandboxState::Ready);
    assert_eq!(status.config.metadata, Subject::pod("a").metadata);
    runtime.stop_sandbox(&id).await.unwrap();
    let listed = runtime.list_sandboxes(&SandboxFilter::default()).await.unwrap();
    assert_eq!(listed.iter().map(|s| (&s.id, s.state)).collect::<Vec<_>>(), [(&id, SandboxState::NotReady)]);
    runtime.remove_sandbox(&id).await.unwrap();
    assert!(runtime.list_sandboxes(&SandboxFilter::default()).await.unwrap().is_empty());
}

/// Promise 2.
pub async fn names_of_sandboxes_are_unique(subject: Subject) {
    let id = subject.sandbox("a").await;
    let error = subject.runtime.run_sandbox(Subject::pod("a")).await.unwrap_err();
    assert!(matches!(error, Error::AlreadyExists { .. }), "{error}");
    subject.runtime.remove_sandbox(&id).await.unwrap();
    assert_ne!(subject.sandbox("a").await, id);
}

/// Promise 3.
pub async fn stopping_and_removing_sandboxes_can_be_repeated(subject: Subject) {
    let id = subject.sandbox("a").await;
    for _ in 0..2 {
        subject.runtime.stop_sandbox(&id).await.unwrap();
    }
    for _ in 0..2 {
        subject.runtime.remove_sandbox(&id).await.unwrap();
    }
    subject.runtime.stop_sandbox(&"never-was".into()).await.unwrap();
}

/// Promise 7.
pub async fn stopping_a_sandbox_ends_its_containers(subject: Subject) {
    let sandbox = subject.sandbox("a").await;
    let id = subject.start(&sandbox, "web", "sleep infinity").await;
    subject.runtime.stop_sandbox(&sandbox).await.unwrap();
    assert_eq!(subject.state(&id).await.exit_code(), Some(137));
}

/// Promise 7.
pub async fn removing_a_sandbox_removes_its_containers(subject: Subject) {
    let sandbox = subject.sandbox("a").await;
    subject.start(&sandbox, "web", "sleep infinity").await;
    subject.runtime.remove_sandbox(&sandbox).await.unwrap();
    assert!(subject.runtime.list_containers(&ContainerFilter::default()).await.unwrap().is_empty());
}

/// Promise 9.
pub async fn sandboxes_are_listed_newest_first_and_filtered(subject: Subject) {
    let runtime = &subject.runtime;
    let (a, b) = (subject.sandbox("a").await, subject.sandbox("b").await);
    runtime.stop_sandbox(&a).await.unwrap();
    let list = async |filter: SandboxFilter| {
        let listed = runtime.list_sandboxes(&filter).await.unwrap();
        listed.into_iter().map(|sandbox| sandbox.id).collect::<Vec<_>>()
    };
    assert_eq!(list(SandboxFilter::default()).await, [b.clone(), a.clone()]);
    assert_eq!(list(SandboxFilter { state: Some(SandboxState::Ready), ..Default::default() }).await, [b]);
    let labels = [("pod".to_owned(), "a".to_owned())].into();
    assert_eq!(list(SandboxFilter { labels, ..Default::default() }).await, std::slice::from_ref(&a));
    assert_eq!(list(SandboxFilter { id: Some(a.clone()), ..Default::default() }).await, [a]);
}
