use k8s_api::{AnyObject, DynamicObject, GroupVersionKind, Kind, Status};
use k8s_api_client::{Body, FieldValidation, MediaType};
use k8s_api_kinds::AnyStrategy;
use k8s_api_patch::decode::{self, Decoded, Strictness, Target};
use k8s_api_protobuf::{Codec, Envelope};
use serde_json::{Value, json};

/// Makes an object of a request's body, with warnings about what was dropped.
///
/// A typed body of the strategy's own type is taken as it is; everything else passes through a tree.
pub(crate) fn decode(
    body: Body,
    strategy: &dyn AnyStrategy,
    gvk: &GroupVersionKind,
    validation: FieldValidation,
) -> Result<(Box<dyn AnyObject>, Vec<String>), Status> {
    let (media, bytes) = match body {
        Body::Object(object) if strategy.accepts(&*object) => return Ok((typed_as(object, gvk), Vec::new())),
        Body::Object(object) => (MediaType::Json, object.to_json().map_err(Status::internal)?.into()),
        Body::Encoded(media, bytes) => (media, bytes),
    };
    let decoded = read(media, &bytes, gvk, strictness(validation))?;
    let object = strategy.decode(decoded.tree).map_err(|e| misfit(gvk, &e))?;
    Ok((object, decoded.warnings))
}

fn read(media: MediaType, bytes: &[u8], gvk: &GroupVersionKind, strictness: Strictness) -> Result<Decoded, Status> {
    let target = target(gvk)?;
    match media {
        MediaType::Json => decode::body(bytes, decode::MediaType::Json, strictness, target),
        MediaType::Yaml => decode::body(bytes, decode::MediaType::Yaml, strictness, target),
        MediaType::Protobuf => decode::tree(protobuf(bytes, gvk)?, strictness, target),
    }
}

/// The tree of a protobuf body that should be of this kind; if it is not, there is but what it says it is.
fn protobuf(bytes: &[u8], gvk: &GroupVersionKind) -> Result<Value, Status> {
    let kind = &gvk.kind;
    let Envelope { gvk: mut named, raw } = Envelope::read(bytes).map_err(|error| {
        let summary = decode::summary(bytes);
        let why = format!("the object provided is unrecognized (must be of type {kind}): {error} ({summary})");
        Status::bad_request(why)
    })?;
    if named.kind.is_empty() {
        named.kind.clone_from(kind);
    }
    if named.version.is_empty() {
        (named.group, named.version) = (gvk.group.clone(), gvk.version.clone());
    }
    if named != *gvk {
        return Ok(json!({ "apiVersion": named.api_version(), "kind": named.kind }));
    }
    Codec::builtin().decode_raw(gvk, raw).map_err(|error| {
        let version = &gvk.version;
        Status::bad_request(format!("{kind} in version \"{version}\" cannot be handled as a {kind}: {error}"))
    })
}

/// Says what a tree of an object is where its maker left that to the address it is sent to.
fn typed_as(mut object: Box<dyn AnyObject>, gvk: &GroupVersionKind) -> Box<dyn AnyObject> {
    if let Some(tree) = object.as_any_mut().downcast_mut::<DynamicObject>() {
        tree.api_version = gvk.api_version().into_owned();
        tree.kind = gvk.kind.to_string();
    }
    object
}

pub(super) fn strictness(validation: FieldValidation) -> Strictness {
    match validation {
        FieldValidation::Ignore => Strictness::Ignore,
        FieldValidation::Warn => Strictness::Warn,
        FieldValidation::Strict => Strictness::Strict,
    }
}

/// The 400 of a tree that does not fit the type; the schema walk has found nearly all of these before, in Go's words.
pub(super) fn misfit(gvk: &GroupVersionKind, error: &serde_json::Error) -> Status {
    let GroupVersionKind { kind, version, .. } = gvk;
    Status::bad_request(format!("{kind} in version \"{version}\" cannot be handled as a {kind}: {error}"))
}

/// Makes an object of a built-in kind that is not stored, such as a `Binding` or a review.
pub(crate) fn decode_kind<K: Kind>(body: Body, validation: FieldValidation) -> Result<(K, Vec<String>), Status> {
    let gvk = K::gvk();
    let (media, bytes) = match body {
        Body::Object(object) if object.as_any().is::<K>() => match object.into_any().downcast::<K>() {
            Ok(object) => return Ok((*object, Vec::new())),
            Err(_) => return Err(Status::internal("an object changed its type")),
        },
        Body::Object(object) => (MediaType::Json, object.to_json().map_err(Status::internal)?.into()),
        Body::Encoded(media, bytes) => (media, bytes),
    };
    let decoded = read(media, &bytes, &gvk, strictness(validation))?;
    let object = serde_json::from_value(decoded.tree).map_err(|e| misfit(&gvk, &e))?;
    Ok((object, decoded.warnings))
}

/// The schema of a built-in kind.
pub(super) fn target(gvk: &GroupVersionKind) -> Result<Target<'_>, Status> {
    Target::builtin(gvk).ok_or_else(|| Status::internal(format_args!("no schema of {}", gvk.kind)))
}
