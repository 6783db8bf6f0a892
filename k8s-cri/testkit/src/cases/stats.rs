//! Promise 17: stats.

use k8s_cri::{ContainerFilter, SandboxFilter};

use crate::{Ability, Subject};

/// Promise 17.
pub async fn only_what_runs_is_measured(subject: Subject) {
    if !subject.can(Ability::Stats) {
        return;
    }
    let sandbox = subject.sandbox("a").await;
    subject.create(&sandbox, "idle", "true").await;
    let web = subject.start(&sandbox, "web", "sleep infinity").await;
    let measured = subject.runtime.container_stats(&ContainerFilter::default()).await.unwrap();
    assert_eq!(measured.iter().map(|stats| &stats.id).collect::<Vec<_>>(), [&web]);
    let sandboxes = subject.runtime.sandbox_stats(&SandboxFilter::default()).await.unwrap();
    assert_eq!(sandboxes.iter().map(|stats| &stats.id).collect::<Vec<_>>(), [&sandbox]);
    subject.runtime.stop_sandbox(&sandbox).await.unwrap();
    assert!(subject.runtime.container_stats(&ContainerFilter::default()).await.unwrap().is_empty());
    assert!(subject.runtime.sandbox_stats(&SandboxFilter::default()).await.unwrap().is_empty());
}
