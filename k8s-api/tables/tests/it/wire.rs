use k8s_api::GroupVersionResource;
use k8s_api_tables::{Include, ListMeta, partial, partial_list, table};
use serde_json::{Value, json};

use crate::golden::{now, object};

const MAP: &str =
    r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"m","resourceVersion":"5","x":1.50},"data":{"a":"b"}}"#;

fn tabled(include: Include, headers: bool) -> Value {
    let resource = GroupVersionResource::new("", "v1", "configmaps");
    let metadata = ListMeta { resource_version: "7".to_owned(), ..ListMeta::default() };
    serde_json::from_slice(&table(&resource, &[object(MAP)], now(), include, &metadata, headers)).unwrap()
}

#[test]
fn tables() {
    let table = tabled(Include::Metadata, true);
    assert_eq!(table["kind"], "Table");
    assert_eq!(table["apiVersion"], "meta.k8s.io/v1");
    assert_eq!(table["metadata"], json!({"resourceVersion": "7"}));
    assert_eq!(table["columnDefinitions"][1]["name"], "Data");
    let row = &table["rows"][0];
    assert_eq!(row["cells"], json!(["m", 1, "<unknown>"]));
    assert_eq!(row["object"]["kind"], "PartialObjectMetadata");
    assert_eq!(row["object"]["metadata"]["name"], "m");
    assert_eq!(row["object"]["data"], Value::Null);
    assert_eq!(tabled(Include::None, true)["rows"][0]["object"], Value::Null);
    assert_eq!(tabled(Include::Object, true)["rows"][0]["object"]["data"], json!({"a": "b"}));
    assert_eq!(tabled(Include::None, false)["columnDefinitions"], Value::Null);
}

#[test]
fn partial_objects_keep_the_bytes_of_their_metadata() {
    let want = r#"{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"name":"m","resourceVersion":"5","x":1.50}}"#;
    assert_eq!(String::from_utf8(partial(&object(MAP))).unwrap(), want);
    let metadata = ListMeta { remaining_item_count: Some(3), ..ListMeta::default() };
    let list = String::from_utf8(partial_list(&[object(MAP)], &metadata)).unwrap();
    assert_eq!(
        list,
        format!(
            r#"{{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1","metadata":{{"remainingItemCount":3}},"items":[{want}]}}"#
        )
    );
}
