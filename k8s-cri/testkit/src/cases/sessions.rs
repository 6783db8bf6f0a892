//! Promises 12 and 13: commands in containers.

use std::time::Duration;

use k8s_cri::{ContainerId, Error, Exec};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{Ability, Subject};

async fn running(subject: &Subject) -> ContainerId {
    let sandbox = subject.sandbox("a").await;
    subject.start(&sandbox, "web", "sleep infinity").await
}

fn words<const N: usize>(words: [&str; N]) -> Vec<String> {
    words.map(String::from).to_vec()
}

/// Promise 12.
pub async fn exec_sync_tells_outputs_and_code(subject: Subject) {
    if !subject.can(Ability::Exec) {
        return;
    }
    let id = running(&subject).await;
    let ran = subject.runtime.exec_sync(&id, &words(["sh", "-c", "echo hello; exit 4"]), None).await.unwrap();
    assert_eq!((&ran.stdout[..], &ran.stderr[..], ran.code), (&b"hello\n"[..], &b""[..], 4));
    let ran = subject.runtime.exec_sync(&id, &words(["cat", "/nowhere"]), None).await.unwrap();
    assert_eq!(ran.code, 1);
    assert!(!ran.stderr.is_empty());
}

/// Promise 12.
pub async fn exec_sync_ends_in_time(subject: Subject) {
    if !subject.can(Ability::Exec) {
        return;
    }
    let id = running(&subject).await;
    let second = Some(Duration::from_secs(1));
    let error = subject.runtime.exec_sync(&id, &words(["sleep", "30"]), second).await.unwrap_err();
    assert!(matches!(error, Error::TimedOut { .. }), "{error}");
}

/// Promise 12.
pub async fn exec_needs_a_running_container(subject: Subject) {
    if !subject.can(Ability::Exec) {
        return;
    }
    let id = running(&subject).await;
    subject.runtime.stop_container(&id, Duration::ZERO).await.unwrap();
    let error = subject.runtime.exec_sync(&id, &words(["true"]), None).await.unwrap_err();
    assert!(matches!(error, Error::WrongState { .. }), "{error}");
    let error = subject.runtime.exec_sync(&"no".into(), &words(["true"]), None).await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
}

/// Promise 13.
pub async fn exec_carries_streams(subject: Subject) {
    if !subject.can(Ability::Exec) {
        return;
    }
    let id = running(&subject).await;
    let exec = Exec { command: words(["cat"]), stdin: true, stdout: true, ..Exec::default() };
    let mut session = subject.runtime.exec(&id, exec).await.unwrap();
    let mut stdin = session.stdin.take().unwrap();
    stdin.write_all(b"to and fro").await.unwrap();
    stdin.shutdown().await.unwrap();
    drop(stdin);
    let mut out = String::new();
    session.stdout.take().unwrap().read_to_string(&mut out).await.unwrap();
    assert_eq!(out, "to and fro");
    assert_eq!(session.exit.await.unwrap(), 0);
}

/// Promise 13.
pub async fn exec_checks_what_is_asked(subject: Subject) {
    if !subject.can(Ability::Exec) {
        return;
    }
    let id = running(&subject).await;
    for exec in [
        Exec { command: words(["true"]), ..Exec::default() },
        Exec { command: words(["true"]), tty: true, stdout: true, stderr: true, ..Exec::default() },
    ] {
        let error = subject.runtime.exec(&id, exec).await.unwrap_err();
        assert!(matches!(error, Error::Invalid { .. }), "{error}");
    }
}
