//! Turns recorded objects of a new server into the lines of `objects.jsonl`.

use std::{fs, path::Path};

use serde_json::{Value, json};

use crate::Result;

/// Writes one line of JSON per object: what it says, without what a server gives each anew.
pub(crate) fn objects(recordings: &[&Path]) -> Result<String> {
    let mut text = String::new();
    for recording in recordings {
        let recorded: Value = serde_json::from_slice(&fs::read(recording)?)?;
        for one in recorded.as_array().ok_or("no recordings")? {
            let list = &one["response"]["body"];
            let kind = list["kind"].as_str().and_then(|kind| kind.strip_suffix("List")).ok_or("no list")?;
            for item in list["items"].as_array().ok_or("no items")? {
                let mut metadata = item["metadata"].clone();
                if let Some(metadata) = metadata.as_object_mut() {
                    metadata.retain(|key, _| matches!(key.as_str(), "name" | "labels" | "annotations"));
                }
                let object = json!({ "kind": kind, "metadata": metadata, "spec": item["spec"] });
                text.push_str(&object.to_string());
                text.push('\n');
            }
        }
    }
    Ok(text)
}
