use jiff::Timestamp;
use k8s_api::{GroupVersionResource, Object};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::columns::{Column, columns};
use crate::partial::{partial, raw};
use crate::rows::{Condition, Row, row};

/// How much of each object goes with its row, as the `includeObject` query parameter says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Include {
    /// Nothing.
    None,
    /// Its metadata.
    #[default]
    Metadata,
    /// All of it.
    Object,
}

impl Include {
    /// Reads the query parameter; `None` if it means nothing.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "" | "Metadata" => Some(Self::Metadata),
            "None" => Some(Self::None),
            "Object" => Some(Self::Object),
            _ => None,
        }
    }
}

/// The metadata of a list, or of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ListMeta {
    /// The revision that it shows.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub resource_version: String,
    /// Where the next page begins; empty on the last.
    #[serde(rename = "continue", skip_serializing_if = "String::is_empty")]
    pub continue_token: String,
    /// How many follow on later pages, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remaining_item_count: Option<i64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Table<'a> {
    kind: &'static str,
    api_version: &'static str,
    metadata: &'a ListMeta,
    column_definitions: Option<&'static [Column]>,
    rows: Vec<TableRow>,
}

#[derive(Serialize)]
struct TableRow {
    cells: Vec<Value>,
    #[serde(skip_serializing_if = "slice_is_empty")]
    conditions: &'static [Condition],
    object: Box<RawValue>,
}

/// Objects as a `Table` of `meta.k8s.io/v1`, in JSON.
///
/// Watches leave out the headers of all tables but the first: `headers` says whether they are there.
pub fn table(
    resource: &GroupVersionResource,
    objects: &[Object],
    now: Timestamp,
    include: Include,
    metadata: &ListMeta,
    headers: bool,
) -> Vec<u8> {
    let mut rows: Vec<TableRow> =
        objects.iter().map(|object| table_row(row(resource, object, now), object, include)).collect();
    if resource.resource == "flowschemas" {
        // In the order in which requests are matched: by precedence, then by name.
        rows.sort_by_key(|row| (row.cells.get(2).and_then(Value::as_i64), row.cells.first().map(ToString::to_string)));
    }
    let table = Table {
        kind: "Table",
        api_version: "meta.k8s.io/v1",
        metadata,
        column_definitions: headers.then(|| columns(resource)),
        rows,
    };
    serde_json::to_vec(&table).unwrap_or_default()
}

/// Appends one row in JSON to `out`, for tables that are written piece by piece.
pub fn write_row(
    resource: &GroupVersionResource,
    object: &Object,
    now: Timestamp,
    include: Include,
    out: &mut Vec<u8>,
) {
    let row = table_row(row(resource, object, now), object, include);
    out.extend(serde_json::to_vec(&row).unwrap_or_default());
}

fn table_row(row: Row, object: &Object, include: Include) -> TableRow {
    let object = match include {
        Include::None => RawValue::NULL.to_owned(),
        Include::Metadata => raw(partial(object)),
        Include::Object => raw(object.to_json().to_vec()),
    };
    TableRow { cells: row.cells, conditions: row.conditions, object }
}

fn slice_is_empty(slice: &[Condition]) -> bool {
    slice.is_empty()
}
