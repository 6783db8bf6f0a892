//! Reads what values fields may have, which the published OpenAPI documents leave out, from upstream's generated source.

use std::{collections::BTreeMap, fs, path::Path};

use crate::Result;

/// Values by type as `core_v1_Container` and by field, both as upstream orders them.
pub(crate) type Enumerations = BTreeMap<(String, String), Vec<String>>;

/// Reads a `zz_generated.openapi.go`, in the one layout that its generator gives it.
pub(crate) fn read(file: &Path) -> Result<Enumerations> {
    let mut found = Enumerations::new();
    let (mut ty, mut field) = (String::new(), String::new());
    for line in fs::read_to_string(file)?.lines() {
        if let Some(function) = line.strip_prefix("func schema_") {
            ty = type_key(function.split('(').next().unwrap_or_default(), '_');
        } else if let Some(name) = line.strip_prefix("\t\t\t\t\t\"").and_then(|rest| rest.strip_suffix("\": {")) {
            name.clone_into(&mut field);
        } else if let Some(list) = line.trim().strip_prefix("Enum:") {
            let values = list.trim().trim_start_matches("[]interface{}{").trim_end_matches("},");
            let values: Vec<String> = serde_json::from_str(&format!("[{values}]"))?;
            found.insert((ty.clone(), field.clone()), values);
        }
    }
    Ok(found)
}

/// `core_v1_Container`, of a name whose parts are divided by `between`.
pub(crate) fn type_key(name: &str, between: char) -> String {
    let mut parts: Vec<&str> = name.rsplitn(4, between).take(3).collect();
    parts.reverse();
    parts.join("_")
}
