//! Where recordings lie, and how two documents are compared.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

use std::path::PathBuf;

use serde_json::Value;

/// Reads a file of the folder `shared` beside the repository; says so loudly if it is not there.
pub(crate) fn shared(path: &str) -> Option<Value> {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(path);
    let Ok(text) = std::fs::read(&file) else {
        println!("SKIPPED: there is no {}", file.display());
        return None;
    };
    Some(serde_json::from_slice(&text).unwrap())
}

/// Where two documents differ, with descriptions apart from the rest.
#[derive(Debug, Default)]
pub(crate) struct Differences {
    pub(crate) n_same: usize,
    pub(crate) descriptions: Vec<String>,
    pub(crate) n_described: usize,
    pub(crate) n_enumerations: usize,
    pub(crate) others: Vec<String>,
}

/// Compares `ours` with `theirs`.
pub(crate) fn compare(place: &str, ours: &Value, theirs: &Value, found: &mut Differences) {
    match (ours, theirs) {
        (Value::Object(ours), Value::Object(theirs)) => {
            for key in ours.keys().filter(|key| !theirs.contains_key(*key)) {
                match key.as_str() {
                    "description" => found.descriptions.push(format!("{place}/{key}")),
                    // Servers list values; the published documents are made without.
                    "enum" => found.n_enumerations += 1,
                    _ => found.others.push(format!("{place}/{key}: only ours")),
                }
            }
            for (key, theirs) in theirs {
                match (key.as_str(), ours.get(key)) {
                    ("description", ours) if theirs.is_string() => {
                        found.n_described += 1;
                        let ours = ours.and_then(Value::as_str);
                        let ours = ours.and_then(|ours| ours.split("\n\nPossible enum values:").next());
                        if ours != theirs.as_str() {
                            found.descriptions.push(format!("{place}/{key}"));
                        }
                    }
                    (_, Some(ours)) => compare(&format!("{place}/{key}"), ours, theirs, found),
                    (_, None) => found.others.push(format!("{place}/{key}: only theirs")),
                }
            }
        }
        (Value::Array(ours), Value::Array(theirs)) if ours.len() == theirs.len() => {
            for (at, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
                compare(&format!("{place}/{at}"), ours, theirs, found);
            }
        }
        _ if ours == theirs => found.n_same += 1,
        _ => found.others.push(format!("{place}: {ours} is not {theirs}")),
    }
}
