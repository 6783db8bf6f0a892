use k8s_api::{AnyObject, GroupVersionKind, Kind, Status};
use k8s_api_client::{Body, FieldValidation, MediaType};
use k8s_api_kinds::AnyStrategy;
use k8s_api_patch::decode::{self, Strictness, Target};

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
        Body::Object(object) if strategy.accepts(&*object) => return Ok((object, Vec::new())),
        Body::Object(object) => (MediaType::Json, object.to_json().map_err(Status::internal)?.into()),
        Body::Encoded(media, bytes) => (media, bytes),
    };
    let media = match media {
        MediaType::Json => decode::MediaType::Json,
        MediaType::Yaml => decode::MediaType::Yaml,
    };
    let decoded = decode::body(&bytes, media, strictness(validation), target(gvk)?)?;
    let object = strategy.decode(decoded.tree).map_err(|e| misfit(gvk, &e))?;
    Ok((object, decoded.warnings))
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
    let media = match media {
        MediaType::Json => decode::MediaType::Json,
        MediaType::Yaml => decode::MediaType::Yaml,
    };
    let decoded = decode::body(&bytes, media, strictness(validation), target(&gvk)?)?;
    let object = serde_json::from_value(decoded.tree).map_err(|e| misfit(&gvk, &e))?;
    Ok((object, decoded.warnings))
}

/// The schema of a built-in kind.
pub(super) fn target(gvk: &GroupVersionKind) -> Result<Target<'_>, Status> {
    Target::builtin(gvk).ok_or_else(|| Status::internal(format_args!("no schema of {}", gvk.kind)))
}
