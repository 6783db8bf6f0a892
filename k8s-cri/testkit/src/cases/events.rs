//! Promise 10: events.

use std::time::Duration;

use k8s_cri::{ContainerPhase, Event, EventKind};

use super::support::next;
use crate::{Ability, Subject};

/// Promise 10.
pub async fn every_change_is_told_after_it_shows(subject: Subject) {
    if !subject.can(Ability::Events) {
        return;
    }
    let sandbox = subject.sandbox("a").await;
    let mut events = subject.runtime.subscribe().await.unwrap();
    let web = subject.start(&sandbox, "web", "sleep 1").await;
    let expected = [
        (EventKind::Created, ContainerPhase::Created),
        (EventKind::Started, ContainerPhase::Running),
        (EventKind::Stopped, ContainerPhase::Exited),
    ];
    for (kind, least) in expected {
        let event = next(&mut events).await.unwrap();
        let Event::Container { id, sandbox: of, kind: told, .. } = event else { panic!("{event:?}") };
        assert_eq!((&id, &of, told), (&web, &sandbox, kind));
        let phase = subject.state(&id).await.phase();
        assert!(phase as u8 >= least as u8, "told {kind:?}, shows {phase:?}");
    }
}

/// Promise 10.
pub async fn deletion_is_told(subject: Subject) {
    if !subject.can(Ability::Events) {
        return;
    }
    let sandbox = subject.sandbox("a").await;
    let web = subject.start(&sandbox, "web", "sleep infinity").await;
    let mut events = subject.runtime.subscribe().await.unwrap();
    subject.runtime.remove_sandbox(&sandbox).await.unwrap();
    let (mut containers, mut sandboxes) = (Vec::new(), Vec::new());
    while sandboxes.last() != Some(&EventKind::Deleted) {
        let event = tokio::time::timeout(Duration::from_secs(60), next(&mut events)).await.unwrap().unwrap();
        match event {
            Event::Container { id, kind, .. } if id == web => containers.push(kind),
            Event::Sandbox { id, kind, .. } if id == sandbox => sandboxes.push(kind),
            _ => {}
        }
    }
    assert_eq!(containers, [EventKind::Stopped, EventKind::Deleted]);
    assert_eq!(sandboxes, [EventKind::Stopped, EventKind::Deleted]);
}
