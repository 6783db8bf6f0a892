//! Promises 3 to 6, 8, 9, 14 and 15: containers.

use std::time::Duration;

use k8s_cri::{ContainerFilter, ContainerPhase, ContainerState, Error, Resources};
use tokio::time::Instant;

use crate::Subject;

/// Promise 4.
pub async fn a_container_goes_forward_only(subject: Subject) {
    let sandbox = subject.sandbox("a").await;
    let id = subject.create(&sandbox, "web", "sleep infinity").await;
    assert_eq!(subject.state(&id).await, ContainerState::Created);
    subject.runtime.start_container(&id).await.unwrap();
    assert_eq!(subject.state(&id).await.phase(), ContainerPhase::Running);
    for _ in 0..2 {
        let error = subject.runtime.start_container(&id).await.unwrap_err();
        assert!(matches!(error, Error::WrongState { .. }), "{error}");
        subject.runtime.stop_container(&id, Duration::ZERO).await.unwrap();
        assert_eq!(subject.state(&id).await.phase(), ContainerPhase::Exited);
    }
}

/// Promise 5.
pub async fn an_exit_is_told_in_full(subject: Subject) {
    let sandbox = subject.sandbox("a").await;
    let bad = subject.start(&sandbox, "bad", "sleep 2; exit 3").await;
    let good = subject.start(&sandbox, "good", "true").await;
    let ContainerState::Exited { started, finished, code, reason, .. } = subject.exited(&bad).await else { return };
    assert_eq!((code, reason.as_str()), (3, "Error"));
    assert!(finished.duration_since(started.unwrap()).as_secs() >= 2);
    let ContainerState::Exited { code, reason, .. } = subject.exited(&good).await else { return };
    assert_eq!((code, reason.as_str()), (0, "Completed"));
}

/// Promise 6.
pub async fn stopping_ends_within_the_grace(subject: Subject) {
    let sandbox = subject.sandbox("a").await;
    let id = subject.start(&sandbox, "web", "sleep infinity").await;
    let start = Instant::now();
    subject.runtime.stop_container(&id, Duration::from_secs(3)).await.unwrap();
    assert!(start.elapsed() < Duration::from_secs(5), "took {:?}", start.elapsed());
    assert_eq!(subject.state(&id).await.phase(), ContainerPhase::Exited);
}

/// Promise 6.
pub async fn no_grace_kills_at_once(subject: Subject) {
    let sandbox = subject.sandbox("a").await;
    let id = subject.start(&sandbox, "web", "sleep infinity").await;
    subject.runtime.stop_container(&id, Duration::ZERO).await.unwrap();
    let ContainerState::Exited { code, reason, .. } = subject.state(&id).await else { panic!("still runs") };
    assert_eq!((code, reason.as_str()), (137, "Error"));
}

/// Promise 3.
pub async fn stopping_and_removing_containers_can_be_repeated(subject: Subject) {
    let sandbox = subject.sandbox("a").await;
    let id = subject.start(&sandbox, "web", "sleep infinity").await;
    for _ in 0..2 {
        subject.runtime.stop_container(&id, Duration::from_secs(1)).await.unwrap();
    }
    for _ in 0..2 {
        subject.runtime.remove_container(&id).await.unwrap();
    }
    subject.runtime.stop_container(&"never-was".into(), Duration::ZERO).await.unwrap();
    let running = subject.start(&sandbox, "api", "sleep infinity").await;
    subject.runtime.remove_container(&running).await.unwrap();
    assert!(subject.runtime.container_status(&running).await.unwrap_err().is_not_found());
}

/// Promise 8.
pub async fn creating_needs_the_image(subject: Subject) {
    let sandbox = subject.sandbox("a").await;
    let config = subject.config("web", "true");
    let error = subject.runtime.create_container(&sandbox, config, &Subject::pod("a")).await.unwrap_err();
    assert!(matches!(error, Error::ImageNotPresent { .. }), "{error}");
    assert!(subject.runtime.list_containers(&ContainerFilter::default()).await.unwrap().is_empty());
}

/// Promise 8.
pub async fn creating_needs_a_ready_sandbox(subject: Subject) {
    subject.pull().await;
    let sandbox = subject.sandbox("a").await;
    let create =
        async || subject.runtime.create_container(&sandbox, subject.config("web", "true"), &Subject::pod("a")).await;
    subject.runtime.stop_sandbox(&sandbox).await.unwrap();
    let error = create().await.unwrap_err();
    assert!(matches!(error, Error::WrongState { .. }), "{error}");
    subject.runtime.remove_sandbox(&sandbox).await.unwrap();
    let error = create().await.unwrap_err();
    assert!(matches!(error, Error::SandboxNotFound { .. }), "{error}");
}

/// Promise 2.
pub async fn names_of_containers_are_unique(subject: Subject) {
    let sandbox = subject.sandbox("a").await;
    subject.create(&sandbox, "web", "true").await;
    let again = subject.config("web", "true");
    let error = subject.runtime.create_container(&sandbox, again, &Subject::pod("a")).await.unwrap_err();
    assert!(matches!(error, Error::AlreadyExists { .. }), "{error}");
}

/// Promise 9.
pub async fn containers_are_listed_newest_first_and_filtered(subject: Subject) {
    let (one, two) = (subject.sandbox("a").await, subject.sandbox("b").await);
    let a = subject.start(&one, "web", "sleep infinity").await;
    let b = subject.create(&two, "api", "true").await;
    let list = async |filter: ContainerFilter| {
        let listed = subject.runtime.list_containers(&filter).await.unwrap();
        listed.into_iter().map(|container| container.id).collect::<Vec<_>>()
    };
    assert_eq!(list(ContainerFilter::default()).await, [b.clone(), a.clone()]);
    assert_eq!(list(ContainerFilter { sandbox: Some(two), ..Default::default() }).await, std::slice::from_ref(&b));
    assert_eq!(list(ContainerFilter { phase: Some(ContainerPhase::Running), ..Default::default() }).await, [a]);
    let labels = [("container".to_owned(), "api".to_owned())].into();
    assert_eq!(list(ContainerFilter { labels, ..Default::default() }).await, [b]);
}

/// Promise 15.
pub async fn new_limits_show(subject: Subject) {
    let sandbox = subject.sandbox("a").await;
    let id = subject.start(&sandbox, "web", "sleep infinity").await;
    let limits = |cpu_shares, memory_limit| Resources { cpu_shares, memory_limit, ..Resources::default() };
    subject.runtime.update_container_resources(&id, limits(512, 64 << 20)).await.unwrap();
    subject.runtime.update_container_resources(&id, limits(256, 0)).await.unwrap();
    let shown = subject.runtime.container_status(&id).await.unwrap().resources;
    assert_eq!((shown.cpu_shares, shown.memory_limit), (256, 64 << 20));
}

/// Promise 14.
pub async fn missing_things_are_not_found(subject: Subject) {
    let runtime = &subject.runtime;
    assert!(runtime.sandbox_status(&"no".into()).await.unwrap_err().is_not_found());
    assert!(runtime.container_status(&"no".into()).await.unwrap_err().is_not_found());
    assert!(runtime.start_container(&"no".into()).await.unwrap_err().is_not_found());
}
