//! The error of the API: what every failed request answers, in the wire's own form.
//!
//! Upstream: `k8s.io/apimachinery/pkg/api/errors`. All constructors live here, so that one file decides how an error
//! reads.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::field;
use crate::{GroupKind, GroupVersionResource};

/// The answer to a request that did not succeed, or that succeeded without an object to show.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    #[serde(default = "Status::kind_name")]
    kind: String,
    #[serde(default = "Status::version_name")]
    api_version: String,
    /// List metadata, empty but in watch errors.
    #[serde(default)]
    pub metadata: Map<String, Value>,
    /// `Success` or `Failure`.
    #[serde(default)]
    pub status: String,
    /// For people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// For programs.
    #[serde(default, skip_serializing_if = "Reason::is_unknown")]
    pub reason: Reason,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Box<Details>>,
    /// The HTTP status code.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub code: u16,
    /// What the sender should know besides, as of fields that were dropped; headers over HTTP, not part of the body.
    #[serde(skip)]
    pub warnings: Vec<String>,
}

/// The object and the fields that an error is about.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Details {
    /// The object's name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The object's group.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// The resource, or the kind.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// The object's uid.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub uid: String,
    /// One entry for each mistake.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<Cause>,
    /// How long to wait before trying again, or 0.
    #[serde(skip_serializing_if = "is_zero_i32")]
    pub retry_after_seconds: i32,
}

/// One mistake.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Cause {
    /// For programs: `FieldValueRequired`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// For people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Where.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub field: String,
}

/// Why a request failed, for a caller to branch on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Reason {
    /// 401: nobody knows who asks.
    Unauthorized,
    /// 403: they may not.
    Forbidden,
    /// 404: there is no such thing.
    NotFound,
    /// 409: the name is taken.
    AlreadyExists,
    /// 409: the object has changed since it was read; read it again.
    Conflict,
    /// 410: it was there once.
    Gone,
    /// 422: the object breaks a rule; the causes say which.
    Invalid,
    /// 500: another server should be asked, or this one later.
    ServerTimeout,
    /// 413: the body is too large.
    RequestEntityTooLarge,
    /// 504: it took too long; what was asked may have happened.
    Timeout,
    /// 429: later.
    TooManyRequests,
    /// 400: not understood.
    BadRequest,
    /// 405: not with this resource.
    MethodNotAllowed,
    /// 406: not in this form.
    NotAcceptable,
    /// 415: this body is in a form that nobody reads here.
    UnsupportedMediaType,
    /// 500: a bug, or a broken part.
    InternalError,
    /// 410: the revision was compacted away; list again.
    Expired,
    /// 503: not now.
    ServiceUnavailable,
    /// 400: the stored object cannot be read.
    StoreReadError,
    /// None was given.
    #[default]
    #[serde(rename = "", other)]
    Unknown,
}

/// What a caller should do after an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// The same request will fail again.
    Never,
    /// Read the object again, then try at once.
    Now,
    /// Try again later, each time waiting longer.
    Backoff,
}

impl Status {
    fn kind_name() -> String {
        "Status".to_owned()
    }

    fn version_name() -> String {
        "v1".to_owned()
    }

    /// A failure with this code, reason and message.
    pub fn failure(code: u16, reason: Reason, message: impl Into<String>) -> Self {
        Self {
            kind: Self::kind_name(),
            api_version: Self::version_name(),
            metadata: Map::new(),
            status: "Failure".to_owned(),
            message: message.into(),
            reason,
            details: None,
            code,
            warnings: Vec::new(),
        }
    }

    /// A success that has no object to show, as a finished deletion answers.
    pub fn success(details: Details) -> Self {
        Self {
            status: "Success".to_owned(),
            details: Some(Box::new(details)),
            code: 0,
            ..Self::failure(0, Reason::Unknown, "")
        }
    }

    /// The same with details.
    pub fn with_details(mut self, details: Details) -> Self {
        self.details = Some(Box::new(details));
        self
    }

    /// The same with what the sender should know besides.
    pub fn with_warnings(mut self, warnings: Vec<String>) -> Self {
        self.warnings = warnings;
        self
    }

    /// 400.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::failure(400, Reason::BadRequest, message)
    }

    /// 401.
    pub fn unauthorized() -> Self {
        Self::failure(401, Reason::Unauthorized, "Unauthorized")
    }

    /// 403; `why` is a whole sentence part as in `User "x" cannot get resource "pods" ...`.
    pub fn forbidden(resource: &GroupVersionResource, name: &str, why: &str) -> Self {
        let what = resource.group_resource();
        let message = match (what.as_str(), name) {
            ("", _) => format!("forbidden: {why}"),
            (what, "") => format!("{what} is forbidden: {why}"),
            (what, name) => format!("{what} {} is forbidden: {why}", field::quote(name)),
        };
        Self::failure(403, Reason::Forbidden, message).with_details(Details::of(resource, name))
    }

    /// 404 of one object.
    pub fn not_found(resource: &GroupVersionResource, name: &str) -> Self {
        let message = format!("{} {} not found", resource.group_resource(), field::quote(name));
        Self::failure(404, Reason::NotFound, message).with_details(Details::of(resource, name))
    }

    /// 404 of a path that is served by nobody.
    pub fn no_such_path() -> Self {
        Self::failure(404, Reason::NotFound, "the server could not find the requested resource")
            .with_details(Details::default())
    }

    /// 409 of a create.
    pub fn already_exists(resource: &GroupVersionResource, name: &str) -> Self {
        let message = format!("{} {} already exists", resource.group_resource(), field::quote(name));
        Self::failure(409, Reason::AlreadyExists, message).with_details(Details::of(resource, name))
    }

    /// 409 of an update.
    pub fn conflict(resource: &GroupVersionResource, name: &str, why: &str) -> Self {
        let what = resource.group_resource();
        let message = format!("Operation cannot be fulfilled on {what} {}: {why}", field::quote(name));
        Self::failure(409, Reason::Conflict, message).with_details(Details::of(resource, name))
    }

    /// 409 of an update that was made from an older version of the object.
    pub fn stale(resource: &GroupVersionResource, name: &str) -> Self {
        Self::conflict(
            resource,
            name,
            "the object has been modified; please apply your changes to the latest version and try again",
        )
    }

    /// 410 of a watch or a list at a revision that was compacted away.
    pub fn expired(message: impl Into<String>) -> Self {
        Self::failure(410, Reason::Expired, message)
    }

    /// 422.
    pub fn invalid(kind: &GroupKind, name: &str, errors: &[field::Error]) -> Self {
        let message = if errors.is_empty() {
            format!("{kind} {} is invalid", field::quote(name))
        } else {
            format!("{kind} {} is invalid: {}", field::quote(name), field::summary(errors))
        };
        let causes = errors
            .iter()
            .map(|e| Cause { reason: e.kind.reason().to_owned(), message: e.body(), field: e.field.clone() })
            .collect();
        Self::failure(422, Reason::Invalid, message).with_details(Details {
            name: name.to_owned(),
            group: kind.group.to_string(),
            kind: kind.kind.to_string(),
            causes,
            ..Details::default()
        })
    }

    /// 405.
    pub fn method_not_allowed() -> Self {
        Self::failure(405, Reason::MethodNotAllowed, "the server does not allow this method on the requested resource")
            .with_details(Details::default())
    }

    /// 406; `accepted` lists the media types that would do.
    pub fn not_acceptable(accepted: &str) -> Self {
        let message = format!("only the following media types are accepted: {accepted}");
        Self::failure(406, Reason::NotAcceptable, message)
    }

    /// 415; `accepted` lists the media types that would do.
    pub fn unsupported_media_type(accepted: &str) -> Self {
        let message =
            format!("the body of the request was in an unknown format - accepted media types include: {accepted}");
        Self::failure(415, Reason::UnsupportedMediaType, message)
    }

    /// 413.
    pub fn too_large(message: impl Into<String>) -> Self {
        Self::failure(413, Reason::RequestEntityTooLarge, message)
    }

    /// 429, to be tried again after so many seconds.
    pub fn too_many_requests(message: impl Into<String>, retry_after_seconds: i32) -> Self {
        Self::failure(429, Reason::TooManyRequests, message)
            .with_details(Details { retry_after_seconds, ..Details::default() })
    }

    /// 500.
    pub fn internal(error: impl fmt::Display) -> Self {
        let why = error.to_string();
        let cause = Cause { message: why.clone(), ..Cause::default() };
        Self::failure(500, Reason::InternalError, format!("Internal error occurred: {why}"))
            .with_details(Details { causes: vec![cause], ..Details::default() })
    }

    /// 503.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::failure(503, Reason::ServiceUnavailable, message)
    }

    /// 504.
    pub fn timeout(message: impl Into<String>, retry_after_seconds: i32) -> Self {
        Self::failure(504, Reason::Timeout, format!("Timeout: {}", message.into()))
            .with_details(Details { retry_after_seconds, ..Details::default() })
    }

    /// What to do about it.
    pub fn retry(&self) -> Retry {
        match self.reason {
            Reason::Conflict => Retry::Now,
            Reason::ServerTimeout
            | Reason::Timeout
            | Reason::TooManyRequests
            | Reason::InternalError
            | Reason::ServiceUnavailable => Retry::Backoff,
            _ => Retry::Never,
        }
    }

    /// Whether the object is not there.
    pub fn is_not_found(&self) -> bool {
        self.reason == Reason::NotFound
    }

    /// Whether the name was taken.
    pub fn is_already_exists(&self) -> bool {
        self.reason == Reason::AlreadyExists
    }

    /// Whether the object has changed since it was read.
    pub fn is_conflict(&self) -> bool {
        self.reason == Reason::Conflict
    }

    /// Whether the revision asked for is no longer there, so that one must list again.
    pub fn is_expired(&self) -> bool {
        matches!(self.reason, Reason::Expired | Reason::Gone) || self.code == 410
    }
}

impl Details {
    /// The details that name one object of a resource.
    pub fn of(resource: &GroupVersionResource, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            group: resource.group.to_string(),
            kind: resource.resource.to_string(),
            ..Self::default()
        }
    }
}

impl Reason {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
    fn is_unknown(&self) -> bool {
        *self == Self::Unknown
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.message.is_empty() { write!(f, "status {}", self.code) } else { f.write_str(&self.message) }
    }
}

impl std::error::Error for Status {}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(n: &u16) -> bool {
    *n == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero_i32(n: &i32) -> bool {
    *n == 0
}
