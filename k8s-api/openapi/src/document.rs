//! Whole documents, written piece by piece so that no tree of one exists in memory.

mod json;
mod part;

use std::collections::BTreeMap;

use k8s_api::registry::Snapshot;
use k8s_api::schema::Table;
use serde_json::{Value, json};

use crate::definition::{self, Form};
use crate::describe::Descriptions;
use crate::hash;
use crate::operation::{PathItem, root_paths};
use crate::parameter::Parameter;
use crate::path::{SHARED_BODIES, body_parameter, path_item};
use crate::{gnostic, operation};
use json::Writer;
use part::Part;

/// The OpenAPI v2 document of everything served, as JSON. `version` is that of the server, `v1.36.2`.
pub fn v2(snapshot: &Snapshot, version: &str) -> Vec<u8> {
    let mut writer = Writer::default();
    pieces_v2(snapshot, version, &mut writer);
    writer.finish()
}

/// The same document as [`v2`] in the protobuf encoding of gnostic, the only one that `kubectl` takes.
///
/// Its media type is `application/com.github.proto-openapi.spec.v2.v1.0+protobuf`.
pub fn v2_protobuf(snapshot: &Snapshot, version: &str) -> Vec<u8> {
    let mut writer = gnostic::Writer::default();
    pieces_v2(snapshot, version, &mut writer);
    writer.finish()
}

/// The index of OpenAPI v3 documents: the document of `/openapi/v3`.
pub fn v3_index(snapshot: &Snapshot) -> Value {
    let mut paths = serde_json::Map::new();
    for part in part::all(snapshot) {
        let (name, hash) = (part.name(), part.hash());
        let url = format!("/openapi/v3/{name}?hash={hash}");
        paths.insert(name, json!({ "serverRelativeURL": url }));
    }
    json!({ "paths": paths })
}

/// The OpenAPI v3 document that the index calls `name`, such as `apis/apps/v1`; none if there is no such document.
pub fn v3(snapshot: &Snapshot, name: &str) -> Option<Vec<u8>> {
    let part = part::all(snapshot).into_iter().find(|part| part.name() == name)?;
    let paths = part.paths();
    let mut kinds = vec![(String::new(), "v1".to_owned())];
    kinds.extend(part.group_version().filter(|(group, _)| !group.is_empty()));
    let mut writer = Writer::default();
    writer.open_in(&["components"]);
    definitions(Form::V3, &paths, &kinds, &mut |name, value| writer.entry_of("schemas", name, &value));
    let bearer = security_scheme();
    writer.member("securitySchemes", &json!({ "BearerToken": bearer }));
    writer.close();
    writer.entry("info", &json!({ "title": "Kubernetes", "version": "unversioned" }));
    writer.entry("openapi", &"3.0.0".into());
    writer.open_in(&["paths"]);
    for item in paths.values() {
        writer.entry(&item.path, &path_item(Form::V3, item));
    }
    writer.close();
    Some(writer.finish())
}

/// The hash under which the index lists a document; none if there is no such document.
///
/// It changes when the document does. It is made of what the document is made of, not of the document, so it costs
/// next to nothing.
pub fn v3_hash(snapshot: &Snapshot, name: &str) -> Option<String> {
    part::all(snapshot).iter().find(|part| part.name() == name).map(Part::hash)
}

/// The hash of an OpenAPI v2 document, for its `ETag`: it changes when what is served does.
pub fn v2_hash(snapshot: &Snapshot, version: &str) -> String {
    let parts: Vec<String> = part::all(snapshot).iter().map(Part::hash).collect();
    hash::hex(format!("{version}{}", parts.concat()).as_bytes())
}

/// What takes an OpenAPI v2 document in pieces.
pub(crate) trait Sink {
    /// One entry of a map at the top of the document, `paths` or `definitions`.
    fn entry_of(&mut self, map: &'static str, name: &str, value: &Value);
    /// One member at the top of the document.
    fn member(&mut self, name: &'static str, value: &Value);
}

fn pieces_v2(snapshot: &Snapshot, version: &str, sink: &mut dyn Sink) {
    let paths: BTreeMap<String, PathItem> = part::all(snapshot).iter().flat_map(Part::paths).collect();
    let kinds: Vec<(String, String)> = include_str!("generated/every_group.txt")
        .lines()
        .filter_map(|line| line.split_once('/'))
        .map(|(group, version)| (group.to_owned(), version.to_owned()))
        .collect();
    definitions(Form::V2, &paths, &kinds, &mut |name, value| sink.entry_of("definitions", name, &value));
    sink.member("info", &json!({ "title": "Kubernetes", "version": version }));
    for (name, parameter) in shared_parameters(&paths) {
        sink.entry_of("parameters", name, &parameter);
    }
    for item in paths.values() {
        sink.entry_of("paths", &item.path, &path_item(Form::V2, item));
    }
    sink.member("security", &json!([{ "BearerToken": [] }]));
    sink.member("securityDefinitions", &json!({ "BearerToken": security_scheme() }));
    sink.member("swagger", &"2.0".into());
}

fn shared_parameters(paths: &BTreeMap<String, PathItem>) -> BTreeMap<&'static str, Value> {
    let bodies =
        SHARED_BODIES.iter().map(|(name, kind, required)| (*name, body_parameter(&operation::meta(kind), *required)));
    let of_path = |item: &'_ PathItem| {
        let of_operations = item.operations.iter().flat_map(|operation| &operation.parameters);
        item.parameters.iter().chain(of_operations).filter_map(Parameter::v2_shared).collect::<Vec<_>>()
    };
    bodies.chain(paths.values().flat_map(of_path)).collect()
}

fn security_scheme() -> Value {
    json!({ "description": "Bearer Token authentication", "in": "header", "name": "authorization", "type": "apiKey" })
}

/// Writes every type that the paths mention, and all they consist of, in order of name.
fn definitions(
    form: Form,
    paths: &BTreeMap<String, PathItem>,
    kinds: &[(String, String)],
    write: &mut dyn FnMut(&str, Value),
) {
    let operations = paths.values().flat_map(|item| &item.operations);
    let names: Vec<&str> = operations.flat_map(operation_types).collect();
    let reachable = definition::reachable(names);
    let table = Table::builtin();
    let descriptions = Descriptions::of(reachable.iter().map(|id| table[*id].name()));
    for id in reachable {
        let ty = &table[id];
        write(ty.name(), definition::definition(form, ty, &descriptions, kinds));
    }
}

fn operation_types(operation: &operation::Operation) -> impl Iterator<Item = &str> {
    let answer = match &operation.answer {
        operation::Answer::Type(name) => Some(name.as_str()),
        operation::Answer::String => None,
    };
    answer.into_iter().chain(operation.body.as_ref().map(|body| body.ty.as_str()))
}

/// Paths by themselves, for the parts.
fn by_path(items: Vec<PathItem>) -> BTreeMap<String, PathItem> {
    items.into_iter().map(|item| (item.path.clone(), item)).collect()
}

/// The paths of one document that is of no group.
fn root_path(name: &str) -> Vec<PathItem> {
    root_paths().into_iter().filter(|(known, _)| *known == name).map(|(_, item)| item).collect()
}
