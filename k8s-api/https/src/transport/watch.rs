use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::Bytes;
use futures_util::stream::unfold;
use http_body_util::BodyExt;
use k8s_api::{Object, Status};
use k8s_api_client::{WatchEvent, WatchStream};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::decode;
use super::lines::{Lines, TooLong};
use crate::ResponseBody;

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    object: &'a RawValue,
}

#[derive(Deserialize)]
struct Bookmark {
    metadata: BookmarkMeta,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BookmarkMeta {
    resource_version: String,
    #[serde(default)]
    annotations: Option<BTreeMap<String, String>>,
}

/// Where a stream of events stands.
struct State {
    /// `None` when the connection has no more to give.
    body: Option<ResponseBody>,
    lines: Lines,
}

/// The events that a body brings, one JSON document in each line.
///
/// The end of the body ends the stream; an error, or an event that cannot be read, is its last event.
pub(super) fn stream(body: ResponseBody) -> WatchStream {
    let state = State { body: Some(body), lines: Lines::default() };
    Box::pin(unfold(Some(state), |state| async move {
        let mut state = state?;
        let event = state.next().await?;
        let next = if matches!(event, WatchEvent::Error(_)) { None } else { Some(state) };
        Some((event, next))
    }))
}

impl State {
    async fn next(&mut self) -> Option<WatchEvent> {
        loop {
            if let Some(line) = self.lines.next() {
                return Some(read(&line));
            }
            let frame = self.body.as_mut()?.frame().await;
            match frame {
                Some(Ok(frame)) => {
                    let pushed = frame.into_data().map_or(Ok(()), |data| self.lines.push(&data));
                    if let Err(TooLong) = pushed {
                        return Some(WatchEvent::Error(Status::internal("an event of the watch is too long")));
                    }
                }
                Some(Err(error)) => return Some(WatchEvent::Error(super::broken(&error))),
                None => {
                    self.body = None;
                    return self.lines.rest().map(|rest| read(&rest));
                }
            }
        }
    }
}

fn read(line: &[u8]) -> WatchEvent {
    try_read(line)
        .unwrap_or_else(|why| WatchEvent::Error(Status::internal(format_args!("decoding a watch event: {why}"))))
}

fn try_read(line: &[u8]) -> Result<WatchEvent, Box<dyn std::error::Error>> {
    let wire: Wire<'_> = serde_json::from_slice(line)?;
    let json = wire.object.get().as_bytes();
    // Copied, so that who keeps the object does not keep the others that came with it.
    let object = || Object::from_wire(Bytes::copy_from_slice(json));
    Ok(match &*wire.kind {
        "ADDED" => WatchEvent::Added(object()?),
        "MODIFIED" => WatchEvent::Modified(object()?),
        "DELETED" => WatchEvent::Deleted(object()?),
        "BOOKMARK" => {
            let Bookmark { metadata } = serde_json::from_slice(json)?;
            let annotations = metadata.annotations.unwrap_or_default();
            WatchEvent::Bookmark {
                revision: metadata.resource_version.parse()?,
                initial_events_end: annotations.get("k8s.io/initial-events-end").is_some_and(|v| v == "true"),
            }
        }
        "ERROR" => WatchEvent::Error(decode::status(json).ok_or("an error that is no status")?),
        other => return Err(format!("unknown type {other:?}").into()),
    })
}
