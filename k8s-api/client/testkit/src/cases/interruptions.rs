//! Promises 10 and 11: calls that are dropped, and many at once.

use futures_util::future::join_all;
use futures_util::{FutureExt, StreamExt};
use k8s_api::Status;
use k8s_api_client::{Body, Call, ListOptions, PatchKind, WatchEvent, WriteOptions};
use serde_json::json;

use super::support::{told, value};
use crate::Subject;
use crate::subject::map;

/// Lets a future run `polls` times and drops it; whether it had ended.
async fn drop_after<F: Future>(future: F, polls: usize) -> bool {
    let mut future = Box::pin(future);
    for _ in 0..polls {
        if future.as_mut().now_or_never().is_some() {
            return true;
        }
        tokio::task::yield_now().await;
    }
    false
}

/// Wherever a call was dropped: the next is answered, and what was written was written once or not at all.
pub async fn a_dropped_call_harms_nobody(subject: Subject) {
    subject.write("counted", "0").await;
    for polls in 0..12 {
        let name = format!("m{polls}");
        let body = Body::Object(Box::new(map(&name, "1")));
        let ended = drop_after(subject.post(body, WriteOptions::default()), polls).await;
        drop_after(subject.maps().list(ListOptions::default()), polls).await;
        let patch = json!({"data": {"v": polls.to_string()}});
        drop_after(subject.maps().patch("counted", PatchKind::Merge, &patch), polls).await;
        // Whether it was written may show later, when it is on its way; what is written last counts.
        let made = subject.maps().create(map(&name, "2")).await;
        let found = subject.maps().dynamic().get(&name).await.unwrap();
        match made {
            Ok(_) => assert!(!ended && value(&found) == "2"),
            Err(status) => assert!(status.is_already_exists() && value(&found) == "1", "{status:?}"),
        }
    }
    let listed = subject.maps().list(ListOptions::default()).await.unwrap();
    assert_eq!(listed.items.len(), 13);
}

/// Dropped at the beginning, in the middle and with more to come; the others go on.
pub async fn a_dropped_watch_harms_nobody(subject: Subject) {
    let begin = subject.maps().list(ListOptions::default()).await.unwrap().revision;
    let from = ListOptions::default().at(begin.to_string());
    let mut kept = subject.maps().watch(from.clone()).await.unwrap();
    for i in 0..10 {
        drop(subject.maps().watch(from.clone()).await.unwrap());
        drop_after(subject.maps().watch(from.clone()), i).await;
        subject.write(&format!("m{i}"), "1").await;
        let mut half = subject.maps().watch(from.clone()).await.unwrap();
        assert!(matches!(half.next().await, Some(WatchEvent::Added(_))));
    }
    assert_eq!(told(&mut kept, 10).await.0, (0..10).map(|i| format!("+m{i}=1")).collect::<Vec<_>>());
}

/// Waiting for an event and giving up loses none.
pub async fn a_dropped_wait_loses_no_event(subject: Subject) {
    let begin = subject.maps().list(ListOptions::default()).await.unwrap().revision;
    let mut stream = subject.maps().watch(ListOptions::default().at(begin.to_string())).await.unwrap();
    let mut seen = Vec::new();
    for i in 0..10 {
        let early = drop_after(stream.next(), i % 3).await;
        assert!(!early, "an event came before its change");
        subject.write(&format!("m{i}"), "1").await;
        seen.extend(told(&mut stream, 1).await.0);
    }
    assert_eq!(seen, (0..10).map(|i| format!("+m{i}=1")).collect::<Vec<_>>());
}

/// Each gets the answer to its own question.
pub async fn many_calls_get_their_own_answers(subject: Subject) {
    const CALLS: usize = 100;
    let create = |i: usize| {
        let maps = subject.maps();
        async move { maps.create(map(&format!("m{i}"), &i.to_string())).await.unwrap() }
    };
    for (i, made) in join_all((0..CALLS).map(create)).await.into_iter().enumerate() {
        assert_eq!(made.metadata.name, Some(format!("m{i}")));
    }
    let ask = |i: usize| {
        let (client, target) = (subject.client(), subject.map_target(&format!("m{i}")));
        async move { client.call(target, Call::Get { resource_version: String::new() }).await.unwrap() }
    };
    for (i, reply) in join_all((0..CALLS).map(ask)).await.into_iter().enumerate() {
        let (found, _) = super::support::object(reply);
        assert_eq!((found.meta().name.clone(), value(&found)), (format!("m{i}"), i.to_string()));
    }
    assert_eq!(subject.maps().list(ListOptions::default()).await.unwrap().items.len(), CALLS);
}

/// Of many who want the same name one gets it, and the others are told.
pub async fn of_many_writers_one_wins(subject: Subject) {
    let create = |i: usize| {
        let maps = subject.maps();
        async move { maps.create(map("a", &i.to_string())).await }
    };
    let outcomes = join_all((0..20).map(create)).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert!(outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).all(Status::is_already_exists));
    let winner = outcomes.iter().position(Result::is_ok).map(|i| i.to_string());
    assert_eq!(Some(value(&subject.maps().dynamic().get("a").await.unwrap())), winner);
}
