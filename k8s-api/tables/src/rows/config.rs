use super::{Cells, Printed};

pub(super) fn config_map(printed: Printed<'_>) -> Cells {
    let n_keys = count(printed, "data") + count(printed, "binaryData");
    vec![printed.name.into(), n_keys.into(), printed.age().into()]
}

pub(super) fn secret(printed: Printed<'_>) -> Cells {
    let kind = printed.object.text("type");
    vec![printed.name.into(), kind.into(), count(printed, "data").into(), printed.age().into()]
}

fn count(printed: Printed<'_>, field: &str) -> usize {
    printed.object.at(field).0.as_object().map_or(0, serde_json::Map::len)
}

pub(super) fn quota(printed: Printed<'_>) -> Cells {
    let (mut requests, mut limits) = (Vec::new(), Vec::new());
    let used = printed.object.entries("status.used");
    for (resource, hard) in printed.object.entries("status.hard") {
        let used = used.iter().find(|(name, _)| *name == resource).and_then(|(_, used)| used.0.as_str());
        let shown = format!("{resource}: {}/{}", used.unwrap_or("0"), hard.0.as_str().unwrap_or("0"));
        if resource.starts_with("limits.") { limits.push(shown) } else { requests.push(shown) }
    }
    vec![printed.name.into(), requests.join(", ").into(), limits.join(", ").into(), printed.age().into()]
}
