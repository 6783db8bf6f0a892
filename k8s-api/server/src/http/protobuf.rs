//! Answers as protobuf, made from what they would be as JSON.

use bytes::{Bytes, BytesMut};
use k8s_api::{GroupVersionKind, Object, Status};
use k8s_api_client::{List, ResourceTarget};
use k8s_api_protobuf::{Codec, Error};
use serde_json::Value;

use crate::core::Core;

/// The media type of protobuf bodies.
pub(super) const MEDIA_TYPE: &str = "application/vnd.kubernetes.protobuf";
/// That of the frames of a watch.
pub(super) const STREAM: &str = "application/vnd.kubernetes.protobuf;stream=watch";

/// Whether what is asked for has a protobuf encoding: custom resources have none.
pub(super) fn serves(core: &Core, target: &ResourceTarget) -> bool {
    let info = core.registry.snapshot().gvr(&target.resource).cloned();
    !target.subresource.is_empty() || info.is_none_or(|info| Codec::builtin().knows(&info.gvk()))
}

/// One object.
pub(super) fn object(object: &Object) -> Result<Bytes, Status> {
    tree(&object.to_value().map_err(Status::internal)?).map_err(Status::internal)
}

/// Anything that is JSON; `None` if it has no protobuf encoding.
pub(super) fn json(json: &[u8]) -> Option<Bytes> {
    let value: Value = serde_json::from_slice(json).ok()?;
    tree(&value).ok()
}

/// A tree that says what kind it is.
pub(super) fn tree(tree: &Value) -> Result<Bytes, Error> {
    let word = |key| tree.get(key).and_then(Value::as_str).unwrap_or_default();
    let gvk = GroupVersionKind::parse(word("apiVersion"), word("kind"));
    Codec::builtin().encode(&gvk, tree)
}

/// A page of objects.
pub(super) fn list(list: &List, metadata: &Value) -> Result<Bytes, Status> {
    let GroupVersionKind { group, version, kind } = &list.gvk;
    let gvk = GroupVersionKind::new(group.clone(), version.clone(), format!("{kind}List"));
    let size = list.items.iter().map(|item| item.body().len()).sum();
    let items = list.items.iter().map(|item| item.to_value().map_err(|error| Failure(Status::internal(error))));
    let bytes = Codec::builtin().encode_list(&gvk, metadata, items, size);
    bytes.map_err(|Failure(status)| status)
}

/// Appends an event of a watch whose object is already encoded.
pub(super) fn frame(event: &str, object: &[u8], out: &mut BytesMut) {
    k8s_api_protobuf::frame(event, object, out);
}

struct Failure(Status);

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(Status::internal(error))
    }
}
