//! Types in the form of OpenAPI.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use k8s_api::schema::{Field, ListKind, MapKind, Shape, Table, Type, TypeId};
use serde_json::{Map, Value, json};

use crate::describe::Descriptions;

/// Which OpenAPI is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    V2,
    V3,
}

impl Form {
    /// A reference to a type.
    pub(crate) fn reference(self, name: &str) -> Value {
        let folder = match self {
            Self::V2 => "#/definitions/",
            Self::V3 => "#/components/schemas/",
        };
        json!({ "$ref": format!("{folder}{name}") })
    }
}

/// The named types and all they consist of.
pub(crate) fn reachable<'a>(names: impl IntoIterator<Item = &'a str>) -> BTreeSet<TypeId> {
    let table = Table::builtin();
    let mut found = BTreeSet::new();
    let mut open: Vec<TypeId> = names.into_iter().filter_map(|name| table.id(name)).collect();
    while let Some(id) = open.pop() {
        if found.insert(id) {
            open.extend(table[id].fields().iter().filter_map(|field| target(field.shape())));
        }
    }
    found
}

/// The type that a shape refers to, through lists and maps.
fn target(shape: &Shape) -> Option<TypeId> {
    match shape {
        Shape::Array(inner) | Shape::Map(inner) => target(inner),
        Shape::Any(id) | Shape::Object(id) => Some(*id),
        _ => Table::builtin().id(special(shape)?),
    }
}

/// The type that a shape is known by in documents.
fn special(shape: &Shape) -> Option<&'static str> {
    match shape {
        Shape::Time => Some("io.k8s.apimachinery.pkg.apis.meta.v1.Time"),
        Shape::MicroTime => Some("io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime"),
        Shape::Quantity => Some("io.k8s.apimachinery.pkg.api.resource.Quantity"),
        Shape::IntOrString => Some("io.k8s.apimachinery.pkg.util.intstr.IntOrString"),
        _ => None,
    }
}

/// Writes a type. `kinds` are the group versions of which `DeleteOptions` and `WatchEvent` are kinds in this document.
pub(crate) fn definition(form: Form, ty: &Type, descriptions: &Descriptions, kinds: &[(String, String)]) -> Value {
    let mut document = match ty.alias() {
        Some(shape) => alias(form, ty, shape),
        None => object(form, ty, descriptions),
    };
    if let Some(description) = descriptions.ty(ty.name()) {
        document.insert("description".into(), description.into_owned().into());
    }
    let kind = |group: &str, version: &str, kind: &str| json!({ "group": group, "version": version, "kind": kind });
    if let Some(gvk) = ty.gvk() {
        document.insert("x-kubernetes-group-version-kind".into(), json!([kind(&gvk.group, &gvk.version, &gvk.kind)]));
    } else if matches!(ty.name().strip_prefix(crate::operation::META), Some("DeleteOptions" | "WatchEvent")) {
        let kinds = kinds.iter().map(|(group, version)| kind(group, version, ty.go_name()));
        document.insert("x-kubernetes-group-version-kind".into(), kinds.collect());
    }
    if let Some(map) = ty.map_kind() {
        document.insert("x-kubernetes-map-type".into(), map_word(map).into());
    }
    if let Some(unions) = ty.unions().and_then(|unions| serde_json::from_str(unions).ok()) {
        document.insert("x-kubernetes-unions".into(), unions);
    }
    Value::Object(document)
}

fn alias(form: Form, ty: &Type, shape: &Shape) -> Map<String, Value> {
    let value = match (shape, form) {
        (Shape::Time | Shape::MicroTime, _) => json!({ "type": "string", "format": "date-time" }),
        (Shape::Quantity, Form::V2) => json!({ "type": "string" }),
        (Shape::Quantity, Form::V3) => json!({ "oneOf": [{ "type": "string" }, { "type": "number" }] }),
        (Shape::IntOrString, Form::V2) => json!({ "type": "string", "format": "int-or-string" }),
        (Shape::IntOrString, Form::V3) => {
            json!({ "format": "int-or-string", "oneOf": [{ "type": "integer" }, { "type": "string" }] })
        }
        _ if ty.go_name().starts_with("JSON") => json!({}),
        _ => json!({ "type": "object" }),
    };
    if let Value::Object(map) = value { map } else { Map::new() }
}

fn object(form: Form, ty: &Type, descriptions: &Descriptions) -> Map<String, Value> {
    let mut document = Map::new();
    document.insert("type".into(), "object".into());
    if ty.fields().is_empty() {
        return document;
    }
    let mut properties = Map::new();
    for field in ty.fields() {
        let property = property(form, field, descriptions.field(ty.name(), field.name()));
        properties.insert(field.name().to_owned(), Value::Object(property));
    }
    document.insert("properties".into(), Value::Object(properties));
    let mut required: Vec<&Field> = ty.fields().iter().filter(|field| field.is_required()).collect();
    if !required.is_empty() {
        required.sort_unstable_by_key(|field| field.position());
        let required: Vec<&str> = required.into_iter().map(Field::name).collect();
        document.insert("required".into(), required.into());
    }
    document
}

fn property(form: Form, field: &Field, description: Option<&str>) -> Map<String, Value> {
    let mut property = Map::new();
    if let Some(description) = description {
        property.insert("description".into(), described(description, field).into());
    }
    let default = field.documented_default().and_then(|default| serde_json::from_str(default).ok());
    if let Some(default) = default.filter(|_| form == Form::V3) {
        property.insert("default".into(), default);
    }
    extensions(field, &mut property);
    match reference(form, field.shape()) {
        // OpenAPI v3 ignores what stands beside a reference, so a reference with company is wrapped.
        Some(reference) if form == Form::V3 && !property.is_empty() => {
            property.insert("allOf".into(), json!([reference]));
        }
        Some(Value::Object(reference)) => property.extend(reference),
        _ => property.extend(written_out(form, field.shape())),
    }
    if !field.documented_values().is_empty() {
        let values = json!(field.documented_values());
        match (field.shape(), property.get_mut("items")) {
            (Shape::Array(_), Some(Value::Object(items))) => items.insert("enum".into(), values),
            _ => property.insert("enum".into(), values),
        };
    }
    property
}

/// A description with the values of an enumeration below it. What upstream says of each, `k8s-openapi` does not know.
fn described(description: &str, field: &Field) -> String {
    let mut text = description.to_owned();
    if *field.shape() == Shape::String && !field.documented_values().is_empty() {
        text.push_str("\n\nPossible enum values:");
        for value in field.documented_values() {
            let _ = write!(text, "\n - `\"{value}\"`");
        }
    }
    text
}

fn extensions(field: &Field, property: &mut Map<String, Value>) {
    let list = match field.list() {
        ListKind::Unspecified => None,
        ListKind::Atomic => Some("atomic"),
        ListKind::Set => Some("set"),
        ListKind::Map => Some("map"),
    };
    if let Some(list) = list {
        property.insert("x-kubernetes-list-type".into(), list.into());
    }
    if !field.list_map_keys().is_empty() {
        property.insert("x-kubernetes-list-map-keys".into(), json!(field.list_map_keys()));
    }
    if let Some(map) = field.map_kind() {
        property.insert("x-kubernetes-map-type".into(), map_word(map).into());
    }
    let patch = field.patch();
    let strategies = [("merge", patch.merge), ("replace", patch.replace), ("retainKeys", patch.retain_keys)];
    let strategies: Vec<&str> = strategies.iter().filter(|(_, set)| *set).map(|(word, _)| *word).collect();
    if !strategies.is_empty() {
        property.insert("x-kubernetes-patch-strategy".into(), strategies.join(",").into());
    }
    if let Some(key) = patch.merge_key {
        property.insert("x-kubernetes-patch-merge-key".into(), key.into());
    }
}

fn reference(form: Form, shape: &Shape) -> Option<Value> {
    match shape {
        Shape::Any(id) | Shape::Object(id) => Some(form.reference(Table::builtin()[*id].name())),
        _ => special(shape).map(|name| form.reference(name)),
    }
}

fn written_out(form: Form, shape: &Shape) -> Map<String, Value> {
    let inner = |inner: &Shape| reference(form, inner).unwrap_or_else(|| Value::Object(written_out(form, inner)));
    let value = match shape {
        Shape::Int32 => json!({ "type": "integer", "format": "int32" }),
        Shape::Int64 => json!({ "type": "integer", "format": "int64" }),
        Shape::Float => json!({ "type": "number", "format": "double" }),
        Shape::Bool => json!({ "type": "boolean" }),
        Shape::Bytes => json!({ "type": "string", "format": "byte" }),
        Shape::Array(item) => json!({ "type": "array", "items": inner(item) }),
        Shape::Map(value) => json!({ "type": "object", "additionalProperties": inner(value) }),
        _ => json!({ "type": "string" }),
    };
    if let Value::Object(map) = value { map } else { Map::new() }
}

fn map_word(map: MapKind) -> &'static str {
    match map {
        MapKind::Atomic => "atomic",
        MapKind::Granular => "granular",
    }
}
