//! Objects that a real server answered, there and back.

use std::path::PathBuf;

use k8s_api::GroupVersionKind;
use k8s_api_protobuf::Codec;
use serde_json::Value;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/golden/api")
}

/// Every answered object of the files whose names begin like this.
fn answers(prefix: &str) -> Option<Vec<(String, Value)>> {
    let Ok(files) = std::fs::read_dir(folder()) else {
        eprintln!("SKIPPED: no recordings in {}", folder().display());
        return None;
    };
    let mut found = Vec::new();
    for file in files.map(|file| file.unwrap().path()) {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        if !name.starts_with(prefix) || file.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        let Ok(Value::Array(cases)) = serde_json::from_str(&text) else { continue };
        for case in cases {
            found.push((format!("{name}: {}", case["name"]), case["response"]["body"].clone()));
        }
    }
    Some(found)
}

/// Puts times where the recording has marks.
fn timed(value: &mut Value, key: &str) {
    match value {
        Value::String(text) if text.starts_with('<') => {
            let micro = matches!(key, "acquireTime" | "renewTime" | "eventTime" | "lastObservedTime");
            let time = if micro { "2024-05-06T07:08:09.000010Z" } else { "2024-05-06T07:08:09Z" };
            time.clone_into(text);
        }
        Value::Array(items) => items.iter_mut().for_each(|item| timed(item, key)),
        Value::Object(entries) => entries.iter_mut().for_each(|(key, value)| timed(value, key)),
        _ => {}
    }
}

fn gvk_of(tree: &Value) -> Option<GroupVersionKind> {
    Some(GroupVersionKind::parse(tree["apiVersion"].as_str()?, tree["kind"].as_str()?))
}

#[test]
fn every_answered_object_survives() {
    let Some(answers) = answers("") else { return };
    let codec = Codec::builtin();
    let mut checked = 0;
    let mut failed = Vec::new();
    for (name, mut tree) in answers {
        let Some(gvk) = gvk_of(&tree).filter(|gvk| codec.knows(gvk)) else { continue };
        timed(&mut tree, "");
        let bytes = codec.encode(&gvk, &tree).unwrap_or_else(|error| panic!("{name}: {error}"));
        let (found, back) = codec.decode(&bytes).unwrap();
        assert_eq!(found, gvk, "{name}");
        assert_eq!(codec.encode(&gvk, &back).unwrap(), bytes, "{name}");
        checked += 1;
        let mut differences = Vec::new();
        compare("", &tree, &back, &mut differences);
        if !differences.is_empty() {
            failed.push(format!("{name}: {}: {}", gvk.kind, differences.join(", ")));
        }
    }
    assert!(failed.is_empty(), "{} of {checked}:\n{}", failed.len(), failed.join("\n"));
    assert!(checked > 500, "{checked}");
}

fn compare(path: &str, left: &Value, right: &Value, out: &mut Vec<String>) {
    match (left, right) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: std::collections::BTreeSet<_> = a.keys().chain(b.keys()).collect();
            for key in keys {
                let path = format!("{path}.{key}");
                match (a.get(key), b.get(key)) {
                    // An empty list is no list, and objects in others do not say what they are.
                    (Some(Value::Array(items)), Some(Value::Null)) if items.is_empty() => {}
                    (Some(Value::String(_)), None) if path.ends_with("].kind") || path.ends_with("].apiVersion") => {}
                    // The recorder's own.
                    (Some(_), None) if path == ".metadata.continueDecoded" => {}
                    (Some(a), Some(b)) => compare(&path, a, b, out),
                    (a, b) => out.push(format!("{path}: {a:?} {b:?}")),
                }
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).for_each(|(a, b)| compare(&format!("{path}[]"), a, b, out));
        }
        _ if left == right => {}
        _ => out.push(format!("{path}: {left} {right}")),
    }
}

#[test]
fn the_groups_have_the_recorded_size_and_beginning() {
    let Some(answers) = answers("discovery_legacy") else { return };
    let recorded = answers.iter().find(|(name, _)| name.ends_with("\"groups as protobuf\"")).unwrap();
    let Value::String(recorded) = &recorded.1 else { panic!("{recorded:?}") };
    let groups = answers.iter().find(|(_, body)| body["kind"] == "APIGroupList").unwrap();
    let gvk = gvk_of(&groups.1).unwrap();
    let bytes = Codec::builtin().encode(&gvk, &groups.1).unwrap();
    let start = u64::from_be_bytes(*bytes.first_chunk().unwrap());
    assert_eq!(recorded, &format!("<{} binary bytes, starts {start:016x}>", bytes.len()));
}
