use http::header::RETRY_AFTER;
use http::response::Parts;
use k8s_api::status::{Cause, Details};
use k8s_api::{Reason, Status};

use super::decode;
use super::encode::Wire;

/// No more of a body that is no status is shown to people, as client-go has it.
const SHOWN: usize = 2048;

/// What went wrong, as the server says it, or as its status code does when something between us and it answered.
pub(super) fn status(head: &Parts, wire: &Wire, body: &[u8]) -> Status {
    let mut status = decode::status(body).unwrap_or_else(|| generic(head.status.as_u16(), wire, body));
    if status.code == 0 {
        status.code = head.status.as_u16();
    }
    let seconds = head.headers.get(RETRY_AFTER).and_then(|v| v.to_str().ok()?.trim().parse().ok());
    if let Some(seconds) = seconds {
        let details = status.details.get_or_insert_default();
        if details.retry_after_seconds == 0 {
            details.retry_after_seconds = seconds;
        }
    }
    status
}

/// Upstream: `k8s.io/apimachinery/pkg/api/errors`, `NewGenericServerResponse`.
fn generic(code: u16, wire: &Wire, body: &[u8]) -> Status {
    let said = match std::str::from_utf8(&body[..body.len().min(SHOWN)]) {
        Ok(text) if !text.trim().is_empty() => text.trim(),
        _ => "unknown",
    };
    let (reason, message) = reason(code, wire, said);
    let what = wire.resource.group_resource();
    let verb = wire.method.as_str().to_ascii_lowercase();
    let message = match (what.as_str(), wire.name.as_str()) {
        ("", _) => message,
        (what, "") => format!("{message} ({verb} {what})"),
        (what, name) => format!("{message} ({verb} {what} {name})"),
    };
    let cause = Cause { reason: "UnexpectedServerResponse".to_owned(), message: said.to_owned(), ..Cause::default() };
    let details = Details { causes: vec![cause], ..Details::of(&wire.resource, &wire.name) };
    Status::failure(code, reason, message).with_details(details)
}

fn reason(code: u16, wire: &Wire, said: &str) -> (Reason, String) {
    let (reason, message) = match code {
        400 => (Reason::BadRequest, "the server rejected our request for an unknown reason"),
        401 => (Reason::Unauthorized, "the server has asked for the client to provide credentials"),
        403 => (Reason::Forbidden, said),
        404 => (Reason::NotFound, "the server could not find the requested resource"),
        405 => (Reason::MethodNotAllowed, "the server does not allow this method on the requested resource"),
        406 if said == "unknown" => {
            (Reason::NotAcceptable, "the server was unable to respond with a content type that the client supports")
        }
        406 => (Reason::NotAcceptable, said),
        409 if wire.method == http::Method::POST => (Reason::AlreadyExists, "the server reported a conflict"),
        409 => (Reason::Conflict, "the server reported a conflict"),
        415 => (Reason::UnsupportedMediaType, said),
        422 => (Reason::Invalid, "the server rejected our request due to an error in our request"),
        429 => {
            (Reason::TooManyRequests, "the server has received too many requests and has asked us to try again later")
        }
        503 => (Reason::ServiceUnavailable, "the server is currently unable to handle the request"),
        504 => (
            Reason::Timeout,
            "the server was unable to return a response in the time allotted, but may still be processing the request",
        ),
        500.. => {
            let said = k8s_api::field::quote(said);
            return (
                Reason::InternalError,
                format!("an error on the server ({said}) has prevented the request from succeeding"),
            );
        }
        _ => {
            return (
                Reason::Unknown,
                format!("the server responded with the status code {code} but did not return more information"),
            );
        }
    };
    (reason, message.to_owned())
}
