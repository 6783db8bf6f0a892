use std::fmt;
use std::pin::Pin;

use bytes::Bytes;
use futures_core::Stream;
use k8s_api::{GroupVersionKind, Object, Status};

/// A server's answer together with what it wants people to know.
#[derive(Debug)]
pub struct Reply {
    /// The answer.
    pub response: Response,
    /// Sentences for the `Warning` header.
    pub warnings: Vec<String>,
}

/// A server's answer.
pub enum Response {
    /// One object; `created` tells 201 from 200.
    Object {
        /// The object.
        object: Object,
        /// Whether this request made it.
        created: bool,
    },
    /// No object to show.
    Status(Status),
    /// A collection.
    List(List),
    /// A stream of changes.
    Watch(WatchStream),
    /// Something that is no API object: logs, OpenAPI, discovery.
    Raw(Raw),
}

/// A page of a collection.
#[derive(Clone, Debug, Default)]
pub struct List {
    /// The `apiVersion` of the items and the list, and the kind of the items.
    pub gvk: GroupVersionKind,
    /// The revision of the whole list.
    pub revision: u64,
    /// The token of the next page; empty at the end.
    pub continue_token: String,
    /// How many items are left, where the server knows.
    pub remaining: Option<i64>,
    /// The items in key order.
    pub items: Vec<Object>,
}

/// Bytes that are no API object.
#[derive(Debug)]
pub struct Raw {
    /// The media type.
    pub content_type: String,
    /// The bytes.
    pub body: RawBody,
}

/// Bytes at once or as they come.
pub enum RawBody {
    /// All of them.
    Full(Bytes),
    /// As they come.
    Stream(ByteStream),
}

/// Bytes as they come, until the end or an error.
pub type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, Status>> + Send>>;

/// Changes as they happen. It ends when the server's time is up or after a [`WatchEvent::Error`].
pub type WatchStream = Pin<Box<dyn Stream<Item = WatchEvent> + Send>>;

/// One step of a watch.
#[derive(Clone, Debug)]
pub enum WatchEvent {
    /// The object came into being, or into the selection.
    Added(Object),
    /// The object changed within the selection.
    Modified(Object),
    /// The object left, or left the selection; this is its last state, at the revision of its leaving.
    Deleted(Object),
    /// Nothing older than this revision will come any more.
    Bookmark {
        /// The revision to resume from.
        revision: u64,
        /// Whether this closes the initial events that were asked for.
        initial_events_end: bool,
    },
    /// The stream is broken and ends; 410 means to list again.
    Error(Status),
}

impl From<Response> for Reply {
    fn from(response: Response) -> Self {
        Self { response, warnings: Vec::new() }
    }
}

impl Raw {
    /// A whole JSON document.
    pub fn json(body: impl Into<Bytes>) -> Self {
        Self { content_type: "application/json".to_owned(), body: RawBody::Full(body.into()) }
    }

    /// A whole plain text.
    pub fn text(body: impl Into<Bytes>) -> Self {
        Self { content_type: "text/plain; charset=utf-8".to_owned(), body: RawBody::Full(body.into()) }
    }
}

impl Response {
    fn name(&self) -> &'static str {
        match self {
            Self::Object { .. } => "an object",
            Self::Status(_) => "a status",
            Self::List(_) => "a list",
            Self::Watch(_) => "a watch",
            Self::Raw(_) => "raw bytes",
        }
    }

    /// The error of a caller who expected something else.
    pub(crate) fn unexpected(&self) -> Status {
        Status::internal(format_args!("the server answered with {}", self.name()))
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Object { object, created } => write!(f, "Object({object:?}, created: {created})"),
            Self::Status(status) => write!(f, "Status({status:?})"),
            Self::List(list) => write!(f, "List({} items at {})", list.items.len(), list.revision),
            other => f.write_str(other.name()),
        }
    }
}

impl fmt::Debug for RawBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full(bytes) => write!(f, "{} bytes", bytes.len()),
            Self::Stream(_) => f.write_str("a stream"),
        }
    }
}
