use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use k8s_api::Status;
use k8s_api_client::{Body, Call, Reply, Request, Response, Target, Transport};
use k8s_env::Clock;
use parking_lot::Mutex;
use tokio::sync::Notify;

/// No controller needs so many requests for a scenario: more of them are not answered, since one that never rests would
/// keep time from passing.
const TOO_MANY: usize = 30_000;

/// Writes down what the controllers ask and what they are told, and can stop them dead after one of their changes.
#[derive(Clone, Debug)]
pub(crate) struct Ledger(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    road: Arc<dyn Transport>,
    clock: Clock,
    book: Mutex<Book>,
    marked: Notify,
}

#[derive(Debug, Default)]
struct Book {
    lines: Vec<String>,
    requests: u64,
    reads: u64,
    writes: u64,
    changes: u64,
    created: BTreeMap<String, u64>,
    mark: Option<u64>,
    halts: bool,
    refused: bool,
}

impl Ledger {
    pub(crate) fn new(road: Arc<dyn Transport>, clock: Clock) -> Self {
        Self(Arc::new(Inner { road, clock, book: Mutex::default(), marked: Notify::new() }))
    }

    /// After so many changes no answer comes any more, that to the last one included.
    pub(crate) fn halt_after(&self, changes: u64) {
        let mut book = self.0.book.lock();
        (book.mark, book.halts) = (Some(changes), true);
    }

    /// Marks the moment when so many changes were made.
    pub(crate) fn mark(&self, changes: u64) {
        self.0.book.lock().mark = Some(changes);
    }

    /// Waits for the moment that was marked.
    pub(crate) async fn marked(&self) {
        self.0.marked.notified().await;
    }

    /// All requests.
    pub(crate) fn requests(&self) -> u64 {
        self.0.book.lock().requests
    }

    /// Requests that neither change something nor follow it.
    pub(crate) fn reads(&self) -> u64 {
        self.0.book.lock().reads
    }

    /// Requests that would change something, whatever became of them; events included.
    pub(crate) fn writes(&self) -> u64 {
        self.0.book.lock().writes
    }

    /// Writes that took place, events left out.
    pub(crate) fn changes(&self) -> u64 {
        self.0.book.lock().changes
    }

    /// Whether the last write failed, events left out: it may be tried again, but perhaps not soon.
    pub(crate) fn was_refused(&self) -> bool {
        self.0.book.lock().refused
    }

    /// How many objects of each resource were made, events left out.
    pub(crate) fn created(&self) -> BTreeMap<String, u64> {
        self.0.book.lock().created.clone()
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.book.lock().lines.clone()
    }

    /// The last requests, for people.
    pub(crate) fn tail(&self) -> String {
        let book = self.0.book.lock();
        let first = book.lines.len().saturating_sub(20);
        book.lines[first..].join("\n")
    }

    fn open(&self, entry: &Entry) {
        let mut book = self.0.book.lock();
        book.requests += 1;
        book.reads += u64::from(!entry.writes && entry.verb != "watch");
        book.writes += u64::from(entry.writes);
    }

    /// Whether more was asked than any controller needs.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.0.book.lock().lines.len() >= TOO_MANY
    }

    fn close(&self, entry: Entry, outcome: &str, success: bool) {
        let mut book = self.0.book.lock();
        book.lines.push(format!("{} {} -> {outcome}", self.0.clock.now(), entry.text));
        if !entry.writes || entry.is_event {
            return;
        }
        book.refused = !success;
        if !success {
            return;
        }
        book.changes += 1;
        if entry.creates {
            *book.created.entry(entry.resource).or_default() += 1;
        }
        if book.mark == Some(book.changes) {
            self.0.marked.notify_one();
        }
    }

    fn is_halted(&self) -> bool {
        let book = self.0.book.lock();
        book.lines.len() >= TOO_MANY || book.halts && book.mark.is_some_and(|mark| book.changes >= mark)
    }
}

#[async_trait]
impl Transport for Ledger {
    async fn call(&self, request: Request) -> Result<Reply, Status> {
        if self.is_halted() {
            return std::future::pending().await;
        }
        let entry = Entry::of(&request);
        self.open(&entry);
        let reply = self.0.road.call(request).await;
        self.close(entry, &outcome(&reply), reply.is_ok());
        if self.is_halted() {
            return std::future::pending().await;
        }
        reply
    }
}

/// One request.
struct Entry {
    text: String,
    verb: &'static str,
    resource: String,
    writes: bool,
    creates: bool,
    is_event: bool,
}

impl Entry {
    fn of(request: &Request) -> Self {
        let verb = request.call.verb(&request.target);
        let reads = matches!(request.call, Call::Get { .. } | Call::List(_) | Call::Watch(_) | Call::Connect(_));
        let (path, resource, whole) = match &request.target {
            Target::Path(path) => (path.clone(), String::new(), false),
            Target::Resource(target) => {
                let resource = target.resource.group_resource();
                let path = format!("{resource}/{}/{}/{}", target.namespace, target.name, target.subresource);
                (path, resource, target.subresource.is_empty())
            }
        };
        Self {
            text: format!("{} {verb} {path} {}", request.identity.name, content(&request.call)),
            verb,
            writes: !reads,
            creates: whole && matches!(request.call, Call::Create(..)),
            is_event: resource == "events" || resource == "events.events.k8s.io",
            resource,
        }
    }
}

/// What a request carries.
fn content(call: &Call) -> String {
    match call {
        Call::Get { resource_version } => resource_version.clone(),
        Call::List(options) | Call::Watch(options) => format!("{options:?}"),
        Call::Create(body, _) | Call::Update(body, _) => match body {
            Body::Encoded(_, bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Body::Object(object) => String::from_utf8_lossy(&object.to_json().unwrap_or_default()).into_owned(),
        },
        Call::Patch(_, patch, _) => String::from_utf8_lossy(patch).into_owned(),
        Call::Delete(options) | Call::DeleteCollection(options, _) => format!("{options:?}"),
        Call::Connect(query) => format!("{query:?}"),
    }
}

fn outcome(reply: &Result<Reply, Status>) -> String {
    match reply {
        Ok(reply) => match &reply.response {
            Response::Object { object, .. } => format!("at {}", object.revision()),
            Response::List(list) => format!("{} items at {}", list.items.len(), list.revision),
            _ => "done".to_owned(),
        },
        Err(status) => format!("{} {status}", status.code),
    }
}
