use k8s_api::Object;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::table::ListMeta;

#[derive(Deserialize)]
struct Whole<'a> {
    #[serde(borrow, default)]
    metadata: Option<&'a RawValue>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Partial<'a> {
    kind: &'static str,
    api_version: &'static str,
    metadata: &'a RawValue,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PartialList<'a> {
    kind: &'static str,
    api_version: &'static str,
    metadata: &'a ListMeta,
    items: Vec<Box<RawValue>>,
}

/// The object as `PartialObjectMetadata` of `meta.k8s.io/v1`: its metadata, byte for byte, and nothing else.
pub fn partial(object: &Object) -> Vec<u8> {
    let json = object.to_json();
    let whole: Option<Whole<'_>> = serde_json::from_slice(&json).ok();
    let metadata = whole.as_ref().and_then(|whole| whole.metadata).unwrap_or(RawValue::NULL);
    let partial = Partial { kind: "PartialObjectMetadata", api_version: "meta.k8s.io/v1", metadata };
    serde_json::to_vec(&partial).unwrap_or_default()
}

/// Objects as `PartialObjectMetadataList` of `meta.k8s.io/v1`.
pub fn partial_list(objects: &[Object], metadata: &ListMeta) -> Vec<u8> {
    let items = objects.iter().map(|object| raw(partial(object))).collect();
    let list = PartialList { kind: "PartialObjectMetadataList", api_version: "meta.k8s.io/v1", metadata, items };
    serde_json::to_vec(&list).unwrap_or_default()
}

/// JSON that was written here, to be written again as it is.
pub(crate) fn raw(json: Vec<u8>) -> Box<RawValue> {
    let text = String::from_utf8(json).ok();
    text.and_then(|text| RawValue::from_string(text).ok()).unwrap_or_else(|| RawValue::NULL.to_owned())
}
