//! `/containerLogs/NAMESPACE/POD/CONTAINER`.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt;
use http::{Response, StatusCode};
use jiff::Timestamp;
use k8s_api::Status;
use k8s_api_client::RawBody;
use k8s_api_client::informer::Reader;
use k8s_cri::{ContainerId, LogEntry, LogOptions, LogStream, Output};
use k8s_openapi::api::core::v1::{ContainerStatus, Pod};

use super::text;
use crate::context::Context;

/// What was asked for. Upstream: `v1.PodLogOptions`.
#[derive(Debug, Default)]
struct Query {
    follow: bool,
    previous: bool,
    timestamps: bool,
    tail: Option<u64>,
    limit: Option<usize>,
    since_seconds: Option<i64>,
    since: Option<Timestamp>,
    only: Option<Output>,
}

impl Query {
    fn parse(query: Option<&str>) -> Result<Self, String> {
        let mut parsed = Self::default();
        for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = decode(value);
            let truth = || matches!(value.as_str(), "true" | "1" | "True" | "TRUE" | "t");
            let number = || value.parse::<i64>().map_err(|_| format!("{key}: {value:?} is no number"));
            match key {
                "follow" => parsed.follow = truth(),
                "previous" => parsed.previous = truth(),
                "timestamps" => parsed.timestamps = truth(),
                "tailLines" => parsed.tail = u64::try_from(number()?).ok(),
                "limitBytes" => parsed.limit = usize::try_from(number()?).ok(),
                "sinceSeconds" => parsed.since_seconds = Some(number()?),
                "sinceTime" => parsed.since = Some(value.parse().map_err(|_| format!("{key}: {value:?} is no time"))?),
                "stream" if value == "Stdout" => parsed.only = Some(Output::Stdout),
                "stream" if value == "Stderr" => parsed.only = Some(Output::Stderr),
                _ => {}
            }
        }
        Ok(parsed)
    }

    fn options(&self, now: Timestamp) -> LogOptions {
        let since =
            self.since_seconds.and_then(|seconds| now.checked_sub(jiff::SignedDuration::from_secs(seconds)).ok());
        LogOptions { follow: self.follow, tail_lines: self.tail, since: since.or(self.since) }
    }
}

/// Undoes percent-encoding; what is none stays.
fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while at < bytes.len() {
        let hex = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        if let Some(byte) = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            out.push(byte);
            at += 3;
        } else {
            out.push(if bytes[at] == b'+' { b' ' } else { bytes[at] });
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

pub(super) async fn answer(
    context: &Arc<Context>,
    pods: &Reader<Pod>,
    [namespace, name, container]: [&str; 3],
    query: Option<&str>,
) -> Response<RawBody> {
    let query = match Query::parse(query) {
        Ok(query) => query,
        Err(error) => return text(StatusCode::BAD_REQUEST, error),
    };
    let Some(pod) = pods.get(namespace, name) else {
        return text(StatusCode::NOT_FOUND, format!("pod {name:?} does not exist\n"));
    };
    let known = pod.spec.iter().any(|spec| {
        let ephemeral = spec.ephemeral_containers.iter().flatten().map(|c| &c.name);
        let all = spec.containers.iter().chain(spec.init_containers.iter().flatten()).map(|c| &c.name);
        all.chain(ephemeral).into_iter().any(|known| known == container)
    });
    if !known {
        return text(StatusCode::NOT_FOUND, format!("container {container:?} not found in pod {name:?}\n"));
    }
    let id = match find(&pod, container, query.previous) {
        Ok(id) => id,
        Err(error) => return text(StatusCode::BAD_REQUEST, error),
    };
    match context.runtime.logs(&id, query.options(context.env.clock.now())).await {
        Ok(stream) => stream_of(stream, query),
        Err(error) => text(StatusCode::BAD_REQUEST, error.to_string()),
    }
}

/// The container whose log is asked for, in upstream's words when there is none.
///
/// Upstream: `validateContainerLogStatus`.
fn find(pod: &Pod, container: &str, previous: bool) -> Result<ContainerId, String> {
    let name = pod.metadata.name.as_deref().unwrap_or_default();
    let status = pod.status.as_ref();
    let all = status.into_iter().flat_map(|status| {
        let init = status.init_container_statuses.iter().flatten();
        let ephemeral = status.ephemeral_container_statuses.iter().flatten();
        status.container_statuses.iter().flatten().chain(init).chain(ephemeral)
    });
    let waits = |why: &str| format!("container {container:?} in pod {name:?} is {why}");
    let found: &ContainerStatus =
        all.into_iter().find(|s| s.name == container).ok_or_else(|| waits("not available"))?;
    let last = found.last_state.as_ref().and_then(|last| last.terminated.as_ref());
    let last = last.and_then(|last| last.container_id.as_deref());
    if previous {
        let id =
            last.ok_or_else(|| format!("previous terminated container {container:?} in pod {name:?} not found"))?;
        return Ok(bare(id));
    }
    let state = found.state.clone().unwrap_or_default();
    if let Some(ended) = &state.terminated {
        return ended.container_id.as_deref().or(last).map(bare).ok_or_else(|| waits("terminated"));
    }
    if state.running.is_some() {
        return found.container_id.as_deref().map(bare).ok_or_else(|| waits("not available"));
    }
    if let Some(id) = last {
        return Ok(bare(id));
    }
    let reason = state.waiting.as_ref().and_then(|waiting| waiting.reason.as_deref()).unwrap_or_default();
    Err(match reason {
        "ErrImagePull" => waits("waiting to start: image can't be pulled"),
        "ImagePullBackOff" => waits("waiting to start: trying and failing to pull image"),
        "" => waits("waiting to start - no logs yet"),
        reason => waits(&format!("waiting to start: {reason}")),
    })
}

/// A container id without the runtime's name.
fn bare(id: &str) -> ContainerId {
    ContainerId::from(id.split_once("://").map_or(id, |(_, id)| id))
}

fn stream_of(entries: LogStream, query: Query) -> Response<RawBody> {
    let (timestamps, only) = (query.timestamps, query.only);
    let mut left = query.limit;
    let mut begins = true;
    let lines = entries.filter_map(move |entry| {
        let shown = match entry {
            Ok(entry) if only.is_none_or(|only| only == entry.output) => {
                let bytes = show(&entry, timestamps && begins);
                begins = entry.bytes.ends_with(b"\n");
                Some(Ok(bytes))
            }
            Ok(_) => None,
            Err(error) => Some(Err(Status::internal(error))),
        };
        std::future::ready(shown)
    });
    let limited = lines.scan((), move |(), line| {
        let line = match (line, &mut left) {
            (Ok(_), Some(0)) => None,
            (Ok(mut bytes), Some(left)) => {
                bytes.truncate(*left);
                *left -= bytes.len();
                Some(Ok(bytes))
            }
            (line, _) => Some(line),
        };
        std::future::ready(line)
    });
    let mut response = Response::new(RawBody::Stream(Box::pin(limited)));
    let plain = http::HeaderValue::from_static("text/plain");
    response.headers_mut().insert(http::header::CONTENT_TYPE, plain);
    response
}

fn show(entry: &LogEntry, timestamp: bool) -> Bytes {
    if !timestamp {
        return entry.bytes.clone();
    }
    let mut line = format!("{:.9} ", entry.at).into_bytes();
    line.extend_from_slice(&entry.bytes);
    line.into()
}
