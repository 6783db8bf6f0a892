use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::mask::{self, Bound};

/// The differences between a recorded body and ours, one line each.
pub(super) fn bodies(expected: &Value, actual: &[u8], content_type: &str, bound: &mut Bound) -> Vec<String> {
    let mut out = Vec::new();
    match expected {
        Value::String(text) if content_type.contains("yaml") && text != "<omitted>" => {
            let parse = |text: &str| serde_saphyr::from_str::<Value>(text).unwrap_or(Value::String(text.to_owned()));
            let (mut want, mut have) = (parse(text), parse(&String::from_utf8_lossy(actual)));
            prepare(&mut want);
            prepare(&mut have);
            values("", &want, &have, bound, &mut out);
        }
        Value::String(text) => {
            let actual = String::from_utf8_lossy(actual);
            if !mask::matches(text, &actual, bound) {
                out.push(format!("body\n  want {text:?}\n  have {actual:?}"));
            }
        }
        Value::Null if actual.is_empty() => {}
        expected => {
            let mut want = expected.clone();
            let mut have = parse(actual, expected.is_array());
            prepare(&mut want);
            prepare(&mut have);
            values("", &want, &have, bound, &mut out);
        }
    }
    out
}

fn parse(body: &[u8], lines: bool) -> Value {
    let whole = || serde_json::from_slice(body).unwrap_or_else(|_| String::from_utf8_lossy(body).into());
    if !lines {
        return whole();
    }
    let lines = body.split(|b| *b == b'\n').filter(|line| !line.is_empty());
    lines.map(serde_json::from_slice).collect::<Result<_, _>>().map_or_else(|_| whole(), Value::Array)
}

/// Drops what is not kept yet and covers generated names.
fn prepare(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.remove("managedFields");
            cover_generated(map);
            decode_continue(map);
            map.values_mut().for_each(prepare);
        }
        Value::Array(items) => items.iter_mut().for_each(prepare),
        _ => {}
    }
}

fn cover_generated(map: &mut Map<String, Value>) {
    let prefix = map.get("generateName").and_then(Value::as_str).unwrap_or_default().to_owned();
    if let Some(Value::String(name)) = map.get_mut("name").filter(|_| !prefix.is_empty())
        && let Some(suffix) = name.strip_prefix(&prefix)
    {
        *name = format!("{prefix}+{}", suffix.len());
    }
}

fn decode_continue(map: &mut Map<String, Value>) {
    let Some(token) = map.get("continue").and_then(Value::as_str).filter(|token| *token != "<continue>") else {
        return;
    };
    let decoded = URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    if let Some(mut decoded) = decoded {
        decoded["rv"] = decoded["rv"].to_string().into();
        map.insert("continueDecoded".to_owned(), decoded);
    }
}

fn values(path: &str, want: &Value, have: &Value, bound: &mut Bound, out: &mut Vec<String>) {
    match (want, have) {
        (Value::Object(want), Value::Object(have)) => {
            for (key, value) in want {
                let path = format!("{path}.{key}");
                match have.get(key) {
                    Some(have) => values(&path, value, have, bound, out),
                    None => out.push(format!("{path}\n  want {value}\n  have nothing")),
                }
            }
            for (key, value) in have.iter().filter(|(key, _)| !want.contains_key(*key)) {
                out.push(format!("{path}.{key}\n  want nothing\n  have {value}"));
            }
        }
        (Value::Array(want), Value::Array(have)) => {
            for (i, value) in want.iter().enumerate() {
                match have.get(i) {
                    Some(have) => values(&format!("{path}[{i}]"), value, have, bound, out),
                    None => out.push(format!("{path}[{i}]\n  want {value}\n  have nothing")),
                }
            }
            for (i, value) in have.iter().enumerate().skip(want.len()) {
                out.push(format!("{path}[{i}]\n  want nothing\n  have {value}"));
            }
        }
        (Value::String(_), Value::String(_)) if is_luck(path, want, have) => {}
        (Value::String(want), Value::String(have)) => {
            if !mask::matches(want, have, bound) {
                out.push(format!("{path}\n  want {want:?}\n  have {have:?}"));
            }
        }
        (Value::String(want), have) if want.starts_with('<') && mask::matches(want, &have.to_string(), bound) => {}
        (want, have) if want == have || is_luck(path, want, have) => {}
        (want, have) => out.push(format!("{path}\n  want {want}\n  have {have}")),
    }
}

/// Whether two values differ because each server gave what was free: the recordings show the network's address for a
/// cluster address, and some node port.
fn is_luck(path: &str, want: &Value, have: &Value) -> bool {
    // The recorded server was given a wide range of node ports, so any port may be what was free.
    let chosen = |value: &Value| value.as_i64().is_some_and(|port| (32768..=32800).contains(&port));
    let port = path.ends_with(".nodePort") || path.ends_with(".healthCheckNodePort");
    // The bare numbers of a YAML answer went unmasked.
    let revision = path.ends_with(".resourceVersion") && want.as_str().is_some_and(|rv| rv.parse::<u64>().is_ok());
    let address = path.ends_with(".clusterIP") || path.contains(".clusterIPs[");
    revision && have.is_string()
        || (port && chosen(want) && have.is_i64())
        || (address && want == "10.0.0.0" && have.as_str() != Some("None"))
}
