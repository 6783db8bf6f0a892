use std::collections::BTreeMap;
use std::path::PathBuf;

use bytes::Bytes;
use jiff::Timestamp;
use k8s_api::{GroupVersionResource, Object};
use k8s_api_tables::{columns, row};
use serde_json::Value;

/// A file beside the repository; none, loudly, where it is absent.
pub(crate) fn read(path: &str) -> Option<String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/golden").join(path);
    let text = std::fs::read_to_string(&path).ok();
    if text.is_none() {
        eprintln!("SKIPPED: no recordings at {}", path.display());
    }
    text
}

/// The same day for all, with masked times taken for it.
pub(crate) fn now() -> Timestamp {
    "2024-01-01T00:00:00Z".parse().unwrap()
}

/// What stands for masked uids, which are no valid label values.
pub(crate) const UID: &str = "masked-uid";

pub(crate) fn object(json: &str) -> Object {
    let json = json.replace("<uid>", UID).replace("<time>", "2024-01-01T00:00:00Z").replace("\"<rv>\"", "\"5\"");
    Object::from_wire(Bytes::from(json)).unwrap()
}

fn recorded(file: &str) -> Vec<Value> {
    read(&format!("api/{file}")).map(|text| serde_json::from_str(&text).unwrap()).unwrap_or_default()
}

fn resource(case: &Value) -> GroupVersionResource {
    let path = case["request"]["path"].as_str().unwrap().split('?').next().unwrap();
    let mut parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    if let Some(at) = parts.iter().position(|part| *part == "namespaces").filter(|at| parts.len() > at + 2) {
        parts.drain(at..at + 2);
    }
    match parts.as_slice() {
        ["api", version, resource, ..] => GroupVersionResource::new("", (*version).to_owned(), (*resource).to_owned()),
        ["apis", group, version, resource, ..] => {
            GroupVersionResource::new((*group).to_owned(), (*version).to_owned(), (*resource).to_owned())
        }
        other => panic!("no resource in {other:?}"),
    }
}

#[test]
fn columns_are_as_recorded() {
    let mut n_tables = 0;
    for case in recorded("tables_columns.json").iter().chain(&recorded("tables_rows.json")) {
        let definitions = &case["response"]["body"]["columnDefinitions"];
        if definitions.is_null() {
            continue;
        }
        let resource = resource(case);
        assert_eq!(&serde_json::to_value(columns(&resource)).unwrap(), definitions, "{resource:?}");
        n_tables += 1;
    }
    println!("the columns of {n_tables} tables as recorded");
}

/// Objects by kind, namespace and name, from all recordings of what is there from the beginning.
fn bootstrap_objects() -> BTreeMap<(String, String, String), Value> {
    let mut found = BTreeMap::new();
    for topic in ["apiservices", "core_and_others", "flowcontrol", "rbac"] {
        for case in recorded(&format!("bootstrap_{topic}.json")) {
            let body = &case["response"]["body"];
            let (version, kind) = (&body["apiVersion"], body["kind"].as_str().unwrap_or_default());
            let items = body["items"].as_array().cloned();
            for mut item in items.unwrap_or_else(|| vec![body.clone()]) {
                item["apiVersion"] = version.clone();
                item["kind"] = kind.trim_end_matches("List").into();
                let text = |pointer: &str| item.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
                found.insert((text("/kind"), text("/metadata/namespace"), text("/metadata/name")), item);
            }
        }
    }
    found
}

/// Cells without ages, which depend on when they were asked for.
fn without_ages(resource: &GroupVersionResource, cells: &[Value]) -> Vec<Value> {
    let names = columns(resource).iter().map(|column| column.name).chain(["Age"]);
    cells
        .iter()
        .zip(names)
        .filter(|(_, name)| !matches!(*name, "Age" | "Created At"))
        .map(|(cell, _)| cell.clone())
        .collect()
}

#[test]
fn rows_are_as_recorded() {
    let objects = bootstrap_objects();
    let registry = k8s_api::registry::Registry::builtin().snapshot();
    let mut n_rows = 0;
    for case in recorded("tables_columns.json") {
        let resource = resource(&case);
        let kind = registry.gvr(&resource).unwrap().gvk().kind;
        for recorded in case["response"]["body"]["rows"].as_array().unwrap() {
            let meta = &recorded["object"]["metadata"];
            let text = |key: &str| meta[key].as_str().unwrap_or_default().to_owned();
            // Two endpoints may differ between recordings; the rest is there from the beginning.
            let Some(found) = objects.get(&(kind.to_string(), text("namespace"), text("name"))) else { continue };
            let printed = row(&resource, &object(&found.to_string()), now());
            let cells = recorded["cells"].as_array().unwrap();
            assert_eq!(printed.cells.len(), cells.len(), "{resource:?}");
            assert_eq!(without_ages(&resource, &printed.cells), without_ages(&resource, cells), "{resource:?}");
            n_rows += 1;
        }
    }
    for case in recorded("tables_rows.json").iter().filter(|case| case["name"] == "one pod, includeObject=Object") {
        let recorded = &case["response"]["body"]["rows"][0];
        let resource = resource(case);
        let printed = row(&resource, &object(&recorded["object"].to_string()), now());
        assert_eq!(
            without_ages(&resource, &printed.cells),
            without_ages(&resource, recorded["cells"].as_array().unwrap())
        );
        n_rows += 1;
    }
    println!("{n_rows} rows as recorded");
}
