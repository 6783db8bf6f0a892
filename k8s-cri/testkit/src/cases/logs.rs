//! Promise 11: logs.

use k8s_cri::{ContainerId, LogOptions};

use super::support::next;
use crate::{Ability, Subject};

async fn read(subject: &Subject, id: &ContainerId, options: LogOptions) -> String {
    let mut stream = subject.runtime.logs(id, options).await.unwrap();
    let mut text = Vec::new();
    while let Some(entry) = next(&mut stream).await {
        text.extend_from_slice(&entry.unwrap().bytes);
    }
    String::from_utf8(text).unwrap()
}

/// Promise 11.
pub async fn a_log_is_what_was_written(subject: Subject) {
    if !subject.can(Ability::Logs) {
        return;
    }
    let sandbox = subject.sandbox("a").await;
    let id = subject.start(&sandbox, "web", "echo one; echo -n tw; echo o").await;
    subject.exited(&id).await;
    assert_eq!(read(&subject, &id, LogOptions::default()).await, "one\ntwo\n");
    subject.runtime.remove_container(&id).await.unwrap();
    assert!(subject.runtime.logs(&id, LogOptions::default()).await.is_err());
}

/// Promise 11.
pub async fn following_ends_with_the_container(subject: Subject) {
    if !subject.can(Ability::Logs) {
        return;
    }
    let sandbox = subject.sandbox("a").await;
    let id = subject.start(&sandbox, "web", "echo one; sleep 2; echo two; sleep 1").await;
    let follow = LogOptions { follow: true, ..LogOptions::default() };
    assert_eq!(read(&subject, &id, follow).await, "one\ntwo\n");
    assert_eq!(subject.exited(&id).await.exit_code(), Some(0));
}

/// Promise 11.
pub async fn the_tail_is_the_last_lines(subject: Subject) {
    if !subject.can(Ability::Logs) {
        return;
    }
    let sandbox = subject.sandbox("a").await;
    let id = subject.start(&sandbox, "web", "echo one; echo two; echo three; echo -n four").await;
    subject.exited(&id).await;
    for (lines, text) in [(0, ""), (1, "four"), (3, "two\nthree\nfour"), (9, "one\ntwo\nthree\nfour")] {
        let options = LogOptions { tail_lines: Some(lines), ..LogOptions::default() };
        assert_eq!(read(&subject, &id, options).await, text, "{lines} lines");
    }
}

/// Promise 11.
pub async fn since_leaves_out_what_is_older(subject: Subject) {
    if !subject.can(Ability::Logs) {
        return;
    }
    let sandbox = subject.sandbox("a").await;
    let id = subject.start(&sandbox, "web", "echo one; sleep 4; echo two").await;
    subject.exited(&id).await;
    let mut stream = subject.runtime.logs(&id, LogOptions::default()).await.unwrap();
    next(&mut stream).await;
    let second = next(&mut stream).await.unwrap().unwrap().at;
    let options = LogOptions { since: Some(second), ..LogOptions::default() };
    assert_eq!(read(&subject, &id, options).await, "two\n");
}
