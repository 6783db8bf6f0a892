use std::time::Duration;

use futures_util::StreamExt;
use k8s_api::{Object, Status};
use k8s_api_client::{RawBody, Reply, Response, WatchEvent, WatchStream};
use serde_json::Value;

/// The object of an answer, and whether the request made it.
pub(crate) fn object(reply: Reply) -> (Object, bool) {
    match reply.response {
        Response::Object { object, created } => (object, created),
        other => panic!("an object was expected, not {other:?}"),
    }
}

/// What clients see of an object.
pub(crate) fn tree(object: &Object) -> Value {
    serde_json::from_slice(&object.to_json()).unwrap()
}

/// The value that [`Subject::write`](crate::Subject::write) has written.
pub(crate) fn value(object: &Object) -> String {
    tree(object).pointer("/data/v").and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The next event that is no bookmark.
pub(crate) async fn next(watch: &mut WatchStream) -> WatchEvent {
    loop {
        match watch.next().await.expect("the watch goes on") {
            WatchEvent::Bookmark { .. } => {}
            event => return event,
        }
    }
}

/// The next `n` changes, as `+NAME=VALUE`, `~NAME=VALUE` and `-NAME=VALUE`, and their revisions.
pub(crate) async fn told(watch: &mut WatchStream, n: usize) -> (Vec<String>, Vec<u64>) {
    let (mut told, mut revisions) = (Vec::new(), Vec::new());
    while told.len() < n {
        let (sign, object) = match next(watch).await {
            WatchEvent::Added(object) => ('+', object),
            WatchEvent::Modified(object) => ('~', object),
            WatchEvent::Deleted(object) => ('-', object),
            WatchEvent::Bookmark { .. } => continue,
            WatchEvent::Error(status) => panic!("the watch broke after {told:?}: {status}"),
        };
        told.push(format!("{sign}{}={}", object.meta().name, value(&object)));
        revisions.push(object.revision());
    }
    (told, revisions)
}

/// Checks that nothing more is told for a while: for half a second of the runtime's time, which passes at once when it
/// is simulated.
pub(crate) async fn silent(watch: &mut WatchStream) {
    let more = tokio::time::timeout(Duration::from_millis(500), next(watch)).await;
    if let Ok(event) = more {
        panic!("nothing more was expected, not {event:?}");
    }
}

/// All bytes of a body that ends.
pub(crate) async fn all(body: RawBody) -> Result<Vec<u8>, Status> {
    let mut stream = match body {
        RawBody::Full(bytes) => return Ok(bytes.to_vec()),
        RawBody::Stream(stream) => stream,
    };
    let mut all = Vec::new();
    while let Some(part) = stream.next().await {
        all.extend_from_slice(&part?);
    }
    Ok(all)
}

/// The first `n` bytes of a body that need not end, and the rest of the stream.
pub(crate) async fn first(body: RawBody, n: usize) -> (Vec<u8>, Option<k8s_api_client::ByteStream>) {
    let mut stream = match body {
        RawBody::Full(bytes) => return (bytes.to_vec(), None),
        RawBody::Stream(stream) => stream,
    };
    let mut first = Vec::new();
    while first.len() < n {
        first.extend_from_slice(&stream.next().await.expect("the stream goes on").unwrap());
    }
    (first, Some(stream))
}

/// The message, code, reason and details of what must have been refused.
pub(crate) fn refused<T: std::fmt::Debug>(result: Result<T, Status>) -> Status {
    let status = result.expect_err("a refusal was expected");
    assert_eq!(status.status, "Failure", "{status:?}");
    assert!(!status.message.is_empty(), "a refusal says why: {status:?}");
    status
}
