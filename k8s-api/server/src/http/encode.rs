use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderValue, IF_NONE_MATCH, LOCATION, VARY};
use http::{Response, StatusCode};
use k8s_api::{GroupVersionKind, Object, Status};
use k8s_api_client::{List, Target, WatchEvent, WatchStream};
use k8s_api_tables::{self as tables, ListMeta};
use serde_json::Value;

use super::accept::{Accept, Encoding, Shape};
use super::body::ResponseBody;
use super::http_code;
use super::options::Query;
use super::pretty::indent;
use super::protobuf;
use super::table::Printer;
use crate::core::Core;
use crate::paths::{Document, Form, is_plain_404};

/// Encodes what the server answered.
pub(super) fn response(
    core: &Core,
    target: &Target,
    response: k8s_api_client::Response,
    accept: &Accept,
    query: &Query,
) -> Result<Response<ResponseBody>, Status> {
    let printer = Printer::new(core, target, accept.shape, query)?;
    Ok(match response {
        k8s_api_client::Response::Object { object, created } => {
            let code = if created { StatusCode::CREATED } else { StatusCode::OK };
            let body = match accept.shape {
                Shape::Whole => object.to_json(),
                Shape::Table => printer.table_of(&object),
                Shape::Metadata | Shape::MetadataList => tables::partial(&object).into(),
            };
            encoded(code, versioned(body, accept), accept.encoding, accept.pretty)?
        }
        k8s_api_client::Response::Status(status) => {
            let code = if status.code == 0 { 200 } else { status.code };
            encoded(http_code(code), to_json(&status).into(), accept.encoding, accept.pretty)?
        }
        k8s_api_client::Response::List(list) => {
            if (accept.encoding, accept.shape) == (Encoding::Protobuf, Shape::Whole) {
                let metadata = serde_json::to_value(list_metadata(&list)).map_err(Status::internal)?;
                answer(StatusCode::OK, protobuf::list(&list, &metadata)?, protobuf::MEDIA_TYPE)
            } else {
                let body = versioned(list_body(&list, accept, &printer), accept);
                encoded(StatusCode::OK, body, accept.encoding, accept.pretty)?
            }
        }
        k8s_api_client::Response::Watch(stream) => watch(stream, printer, accept),
        k8s_api_client::Response::Raw(raw) => {
            let content_type = HeaderValue::from_str(&raw.content_type);
            let mut response = Response::new(raw.body.into());
            response.headers_mut().insert(CONTENT_TYPE, content_type.unwrap_or(HeaderValue::from_static("text/plain")));
            response
        }
    })
}

/// Encodes a failure.
pub(super) fn status(status: &Status, accept: &Accept) -> Response<ResponseBody> {
    if status.code == 406 && status.reason == k8s_api::Reason::Unknown {
        let mut response = Response::new(ResponseBody::empty());
        *response.status_mut() = StatusCode::NOT_ACCEPTABLE;
        response.headers_mut().insert(VARY, HeaderValue::from_static("Accept"));
        return response;
    }
    if is_plain_404(status) {
        let mut response = Response::new(ResponseBody::full(status.message.clone()));
        *response.status_mut() = StatusCode::NOT_FOUND;
        if !status.message.is_empty() {
            let headers = response.headers_mut();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
            headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
        }
        return response;
    }
    let body = to_json(status);
    let answer = encoded(http_code(status.code), body.into(), accept.of_failures(), accept.pretty);
    let mut answer = answer.unwrap_or_else(|status| Response::new(ResponseBody::full(to_json(&status))));
    if let Some(seconds) = status.details.as_ref().map(|d| d.retry_after_seconds).filter(|s| *s > 0) {
        answer.headers_mut().insert("retry-after", HeaderValue::from(seconds));
    }
    if status.code == 401 {
        answer.headers_mut().insert("www-authenticate", HeaderValue::from_static("Basic realm=\"kubernetes-master\""));
    }
    answer
}

/// Encodes a document outside of the resources.
pub(super) fn document(
    document: Document,
    parts: &http::request::Parts,
    accept: &Accept,
    form: Form,
) -> Response<ResponseBody> {
    let etag = document.etag.map(|tag| format!("\"{tag}\""));
    let known = parts.headers.get(IF_NONE_MATCH).and_then(|v| v.to_str().ok()).map(|v| v.trim_start_matches("W/"));
    let unchanged = document.moved.is_none() && etag.is_some() && etag.as_deref() == known;
    let json = document.content_type == "application/json";
    let encoding = match accept.encoding {
        Encoding::Yaml if json && form != Form::Protobuf => Encoding::Yaml,
        Encoding::Protobuf if json && form == Form::Json => Encoding::Protobuf,
        _ => Encoding::Json,
    };
    let content_type = match (form, encoding) {
        (Form::Aggregated, Encoding::Yaml) => "application/yaml;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
        (Form::Aggregated, _) => "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
        (_, Encoding::Yaml) => "application/yaml",
        (_, _) => document.content_type,
    };
    let mut response = if unchanged {
        let mut response = Response::new(ResponseBody::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        // Documents of OpenAPI and of the version are not negotiated.
        let pretty = accept.pretty && parts.uri.path().starts_with("/api");
        let mut response = encoded(StatusCode::OK, document.body, encoding, pretty)
            .unwrap_or_else(|status| Response::new(ResponseBody::full(to_json(&status))));
        if encoding != Encoding::Protobuf {
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        response
    };
    if let Some(moved) = document.moved.and_then(|moved| HeaderValue::from_str(&moved).ok()) {
        *response.status_mut() = StatusCode::MOVED_PERMANENTLY;
        response.headers_mut().insert(LOCATION, moved);
    }
    let headers = response.headers_mut();
    if !document.cache_control.is_empty() {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(document.cache_control));
    }
    if document.sniffless {
        headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    }
    if let Some(etag) = etag.and_then(|etag| HeaderValue::from_str(&etag).ok()) {
        headers.insert(ETAG, etag);
        headers.insert(VARY, HeaderValue::from_static("Accept"));
    }
    response
}

/// A shape in the version of it that was asked for.
fn versioned(shaped: Bytes, accept: &Accept) -> Bytes {
    if accept.beta { older(&shaped).into() } else { shaped }
}

/// A shape in the older version, which differs in its name alone.
pub(super) fn older(shaped: &[u8]) -> Vec<u8> {
    // A quotation mark within a text is escaped, so nothing but a version reads like this.
    let text = String::from_utf8_lossy(shaped);
    text.replace(r#""apiVersion":"meta.k8s.io/v1""#, r#""apiVersion":"meta.k8s.io/v1beta1""#).into_bytes()
}

fn encoded(code: StatusCode, json: Bytes, encoding: Encoding, pretty: bool) -> Result<Response<ResponseBody>, Status> {
    let (body, content_type) = match encoding {
        Encoding::Json if pretty => (indent(&json), "application/json"),
        Encoding::Json => (json, "application/json"),
        Encoding::Yaml => (yaml(&json)?, "application/yaml"),
        Encoding::Protobuf => match protobuf::json(&json) {
            Some(body) => (body, protobuf::MEDIA_TYPE),
            // What is no kind, such as the version, is JSON for everybody.
            None => (json, "application/json"),
        },
    };
    Ok(answer(code, body, content_type))
}

fn answer(code: StatusCode, body: Bytes, content_type: &'static str) -> Response<ResponseBody> {
    let mut response = Response::new(ResponseBody::full(body));
    *response.status_mut() = code;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

fn yaml(json: &[u8]) -> Result<Bytes, Status> {
    let tree: Value = serde_json::from_slice(json).map_err(Status::internal)?;
    serde_saphyr::to_string(&tree).map(Bytes::from).map_err(Status::internal)
}

fn list_body(list: &List, accept: &Accept, printer: &Printer<'_>) -> Bytes {
    match accept.shape {
        Shape::Table => printer.table(&list.items, &list_metadata(list)),
        Shape::Metadata | Shape::MetadataList => tables::partial_list(&list.items, &list_metadata(list)).into(),
        Shape::Whole => whole_list(list),
    }
}

fn whole_list(list: &List) -> Bytes {
    let GroupVersionKind { kind, .. } = &list.gvk;
    let api_version = list.gvk.api_version();
    let head = format!("{{\"apiVersion\":\"{api_version}\",\"kind\":\"{kind}\",");
    let size: usize = list.items.iter().map(|item| item.body().len() + 40).sum();
    let mut out = BytesMut::with_capacity(size + 256);
    out.extend_from_slice(
        format!("{{\"kind\":\"{kind}List\",\"apiVersion\":\"{api_version}\",\"metadata\":").as_bytes(),
    );
    out.extend_from_slice(&serde_json::to_vec(&list_metadata(list)).unwrap_or_default());
    out.extend_from_slice(b",\"items\":[");
    for (i, item) in list.items.iter().enumerate() {
        if i > 0 {
            out.extend_from_slice(b",");
        }
        item.write_item_to(head.as_bytes(), &mut out);
    }
    out.extend_from_slice(b"]}");
    out.freeze()
}

fn list_metadata(list: &List) -> ListMeta {
    ListMeta {
        resource_version: if list.revision == 0 { String::new() } else { list.revision.to_string() },
        continue_token: list.continue_token.clone(),
        remaining_item_count: list.remaining,
    }
}

fn watch(stream: WatchStream, printer: Printer<'_>, accept: &Accept) -> Response<ResponseBody> {
    let content_type = if accept.encoding == Encoding::Protobuf { protobuf::STREAM } else { "application/json" };
    let mut frames = printer.into_frames(accept);
    let body = stream.ready_chunks(64).map(move |events| {
        let mut out = BytesMut::new();
        for event in events {
            frames.write(&event, &mut out);
        }
        Ok(out.freeze())
    });
    let mut response = Response::new(ResponseBody::stream(Box::pin(body)));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// The name of an event on the wire, and its object if it has one.
pub(super) fn event_parts(event: &WatchEvent) -> (&'static str, Option<&Object>) {
    match event {
        WatchEvent::Added(object) => ("ADDED", Some(object)),
        WatchEvent::Modified(object) => ("MODIFIED", Some(object)),
        WatchEvent::Deleted(object) => ("DELETED", Some(object)),
        WatchEvent::Bookmark { .. } => ("BOOKMARK", None),
        WatchEvent::Error(_) => ("ERROR", None),
    }
}

pub(super) fn to_json(status: &Status) -> Vec<u8> {
    serde_json::to_vec(status).unwrap_or_default()
}
