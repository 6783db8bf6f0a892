use k8s_api::GroupVersionKind;
use k8s_api_patch::decode::{self, Decoded, MediaType, Strictness, Target};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::golden::recorded;

fn decode(
    kind: (&'static str, &'static str, &'static str),
    body: &str,
    strictness: Strictness,
) -> Result<Decoded, String> {
    let gvk = GroupVersionKind::new(kind.0, kind.1, kind.2);
    let target = Target::builtin(&gvk).unwrap();
    let media = if body.trim_start().starts_with('{') || body.is_empty() { MediaType::Json } else { MediaType::Yaml };
    decode::body(body.as_bytes(), media, strictness, target).map_err(|status| status.message)
}

const POD: (&str, &str, &str) = ("", "v1", "Pod");
const CONFIG_MAP: (&str, &str, &str) = ("", "v1", "ConfigMap");

fn pod_error(body: &str) -> String {
    let error = decode(POD, body, Strictness::Strict).unwrap_err();
    let prefix = "Pod in version \"v1\" cannot be handled as a Pod: ";
    error.strip_prefix(prefix).unwrap_or(&error).to_owned()
}

#[test]
fn answers_as_recorded() {
    let (mut n_errors, mut n_read, mut n_warned) = (0, 0, 0);
    let mut wrong = Vec::new();
    for case in recorded("") {
        let media = match case.header("Content-Type").split(';').next() {
            Some("application/json") => MediaType::Json,
            Some("application/yaml") => MediaType::Yaml,
            _ => continue,
        };
        if !matches!(case.method(), "POST" | "PUT") || case.status() == 0 {
            continue;
        }
        let (Some(gvk), Some(body)) = (case.gvk(), case.body()) else { continue };
        let strictness = match case.path().split("fieldValidation=").nth(1) {
            Some(value) if value.starts_with("Strict") => Strictness::Strict,
            Some(value) if value.starts_with("Ignore") => Strictness::Ignore,
            _ => Strictness::Warn,
        };
        let target = Target::builtin(&gvk).unwrap();
        let decoded = decode::body(&body, media, strictness, target);
        let message = case.message();
        let about_the_body = message.contains("cannot be handled as a") || message.contains("is unrecognized");
        match (case.status(), decoded) {
            (400, Err(status)) if about_the_body => {
                n_errors += 1;
                if status.message != message && media != MediaType::Yaml {
                    wrong.push(format!("{}\n  want {message}\n  got  {}", case.name(), status.message));
                }
            }
            (400, Ok(_)) if about_the_body => wrong.push(format!("{}\n  want {message}\n  got  Ok", case.name())),
            (_, Err(status)) => wrong.push(format!("{}\n  want Ok\n  got  {}", case.name(), status.message)),
            (_, Ok(decoded)) => {
                n_read += 1;
                let mut wanted = case.warnings();
                wanted.retain(|text| text.starts_with("unknown field") || text.starts_with("duplicate field"));
                let n_wanted = wanted.len();
                n_warned += n_wanted;
                // Other mistakes of a request are found before its body is read.
                if decoded.warnings != wanted && (case.status() < 300 || n_wanted > 0) {
                    wrong.push(format!("{}\n  want {wanted:?}\n  got  {:?}", case.name(), decoded.warnings));
                }
            }
        }
    }
    println!("{n_errors} errors, {n_read} bodies read, {n_warned} warnings as recorded");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn unknown_and_repeated_fields() {
    let body = r#"{"metadata":{"name":"p","nope":{"a":1}},"spec":{"containers":[{"name":"a","name":"b","foo":1},{"env":[{"valu":1}]}]},"Spec":{},"Spec":{}}"#;
    let found = [
        "unknown field \"metadata.nope\"",
        "duplicate field \"spec.containers[0].name\"",
        "unknown field \"spec.containers[0].foo\"",
        "unknown field \"spec.containers[1].env[0].valu\"",
        "unknown field \"Spec\"",
    ];
    let warned = decode(POD, body, Strictness::Warn).unwrap();
    assert_eq!(warned.warnings, found);
    assert_eq!(pod_error(body), format!("strict decoding error: {}", found.join(", ")));
    let ignored = decode(POD, body, Strictness::Ignore).unwrap();
    assert_eq!(ignored.warnings, [""; 0]);
    assert_eq!(
        ignored.tree,
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
            "spec": {"containers": [{"name": "b"}, {"env": [{}]}]}})
    );
}

#[test]
fn a_repeated_map_is_read_onto_the_first() {
    let body = r#"{"data":{"a":"b","c":"d"},"data":{"a":"e"}}"#;
    let decoded = decode(CONFIG_MAP, body, Strictness::Warn).unwrap();
    assert_eq!(decoded.tree["data"], json!({"a": "e", "c": "d"}));
    assert_eq!(decoded.warnings, ["duplicate field \"data\""]);
}

#[test]
fn wrong_types() {
    for (spec, error) in [
        (
            r#"{"priority":2147483648}"#,
            "json: cannot unmarshal number 2147483648 into Go struct field PodSpec.spec.priority of type int32",
        ),
        (
            r#"{"containers":[{"ports":5}]}"#,
            "json: cannot unmarshal number into Go struct field Container.spec.containers.ports of type []v1.ContainerPort",
        ),
        (
            r#"{"nodeSelector":{"a":1},"priority":"x"}"#,
            "json: cannot unmarshal number into Go struct field PodSpec.spec.nodeSelector of type string",
        ),
        (
            r#"{"restartPolicy":5}"#,
            "json: cannot unmarshal number into Go struct field PodSpec.spec.restartPolicy of type v1.RestartPolicy",
        ),
        (
            r#"{"priority":"x","overhead":{"cpu":"1x"}}"#,
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
        ),
    ] {
        assert_eq!(pod_error(&format!(r#"{{"spec":{spec}}}"#)), error, "{spec}");
    }
}

#[test]
fn nulls_are_absent() {
    let body = r#"{"metadata":null,"spec":{"containers":[null],"nodeSelector":{"a":null},"priority":null}}"#;
    let decoded = decode(POD, body, Strictness::Strict).unwrap();
    assert_eq!(
        decoded.tree,
        json!({"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{}], "nodeSelector": {"a": ""}}})
    );
}

#[test]
fn a_null_counts_as_the_first_of_two() {
    let decoded =
        decode(CONFIG_MAP, r#"{"data":null,"data":{"a":null},"binaryData":{"b":null}}"#, Strictness::Warn).unwrap();
    assert_eq!(decoded.warnings, ["duplicate field \"data\""]);
    assert_eq!(decoded.tree["data"], json!({"a": ""}));
    assert_eq!(decoded.tree["binaryData"], json!({"b": ""}));
}

#[test]
fn trees_are_read_like_bodies() {
    let gvk = GroupVersionKind::new("", "v1", "ConfigMap");
    let target = Target::builtin(&gvk).unwrap();
    let tree = json!({"metadata": {"name": "a"}, "nope": 1});
    let decoded = decode::tree(tree, Strictness::Warn, target).unwrap();
    assert_eq!(decoded.warnings, ["unknown field \"nope\""]);
    let wrong = decode::tree(json!({"data": 5}), Strictness::Warn, target).unwrap_err();
    assert_eq!(wrong.code, 400);
}

#[test]
fn values_become_canonical() {
    let body = r#"{"metadata":{"creationTimestamp":"2024-01-01T02:00:00.5+02:00"},"spec":{"overhead":{"cpu":0.5,"memory":"1024Ki"}}}"#;
    let decoded = decode(POD, body, Strictness::Strict).unwrap();
    assert_eq!(decoded.tree["metadata"]["creationTimestamp"], "2024-01-01T00:00:00Z");
    assert_eq!(decoded.tree["spec"]["overhead"], json!({"cpu": "500m", "memory": "1Mi"}));
}

#[test]
fn malformed_json_and_other_kinds() {
    let unrecognized =
        "the object provided is unrecognized (must be of type Pod): couldn't get version/kind; json parse error: ";
    for (body, why) in [
        ("", "unexpected end of JSON input (<empty>)"),
        (r#"{"a":1"#, "unexpected end of JSON input ({\"a\":1)"),
        (r#"{"a" 1}"#, "invalid character '1' after object key ({\"a\" 1})"),
        (r#"{"a":[1 2]}"#, "invalid character '2' after array element ({\"a\":[1 2]})"),
        (r#"{"a":tru}"#, "invalid character '}' in literal true (expecting 'e') ({\"a\":tru})"),
        (r#"{"a":-x}"#, "invalid character 'x' in numeric literal ({\"a\":-x})"),
        ("{} x", "invalid character 'x' after top-level value ({} x)"),
        (r#"{"kind":5}"#, "json: cannot unmarshal number into Go struct field .kind of type string ({\"kind\":5})"),
    ] {
        assert_eq!(decode(POD, body, Strictness::Strict).unwrap_err(), format!("{unrecognized}{why}"));
    }
    assert_eq!(
        decode(POD, r#"{"apiVersion":"v1","kind":"Service"}"#, Strictness::Strict).unwrap_err(),
        "Service in version \"v1\" cannot be handled as a Pod: converting (v1.Service) to (core.Pod): unknown conversion"
    );
}

#[test]
fn yaml() {
    let body =
        "kind: ConfigMap\napiVersion: v1\nmetadata: {name: f}\nnope: 1\ndata: {a: b}\ndata: {c: d}\n---\nkind: Pod\n";
    let decoded = decode(CONFIG_MAP, body, Strictness::Warn).unwrap();
    assert_eq!(
        decoded.warnings,
        ["yaml: unmarshal errors:\n  line 6: key \"data\" already set in map", "unknown field \"nope\""]
    );
    assert_eq!(decoded.tree["data"], json!({"c": "d"}));
    let anchors = decode(CONFIG_MAP, "data: {a: &x q, b: *x}\n", Strictness::Strict).unwrap();
    assert_eq!(anchors.tree["data"], json!({"a": "q", "b": "q"}));
    assert!(
        decode(CONFIG_MAP, "a: [\n", Strictness::Strict)
            .unwrap_err()
            .contains("(must be of type ConfigMap): yaml: line ")
    );
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{1,3}", inner, 0..5)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_body_is_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let gvk = GroupVersionKind::new("", "v1", "Pod");
        let target = Target::builtin(&gvk).unwrap();
        for media in [MediaType::Json, MediaType::Yaml] {
            let _ = decode::body(&bytes, media, Strictness::Strict, target);
        }
    }

    #[test]
    fn what_has_no_schema_is_kept(data in any_json()) {
        let body = json!({"metadata": {"name": "a"}, "revision": 1, "data": data}).to_string();
        let decoded = decode(("apps", "v1", "ControllerRevision"), &body, Strictness::Strict).unwrap();
        prop_assert_eq!(decoded.tree.get("data").unwrap_or(&Value::Null), &data);
    }

    #[test]
    fn reading_twice_changes_nothing(labels in prop::collection::btree_map("[a-z]{1,3}", "\\PC{0,8}", 0..4), cpu in "[0-9]{1,4}m?", seconds: i64) {
        let body = json!({"metadata": {"labels": labels}, "spec": {"overhead": {"cpu": cpu}, "activeDeadlineSeconds": seconds}});
        let once = decode(POD, &body.to_string(), Strictness::Strict).unwrap().tree;
        let twice = decode(POD, &once.to_string(), Strictness::Strict).unwrap().tree;
        prop_assert_eq!(once, twice);
    }
}

/// Removes nulls, which are read as absent.
fn without_nulls(value: &mut Value) {
    match value {
        Value::Object(entries) => {
            entries.retain(|_, value| !value.is_null());
            entries.values_mut().for_each(without_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(without_nulls),
        _ => {}
    }
}

#[test]
fn what_a_server_answers_is_read_unchanged() {
    let mut n_objects = 0;
    let mut wrong = Vec::new();
    for case in recorded("") {
        let body = case.answer();
        let (Some(version), Some(kind)) = (body["apiVersion"].as_str(), body["kind"].as_str()) else { continue };
        let gvk = GroupVersionKind::parse(version, kind);
        let Some(target) = Target::builtin(&gvk) else { continue };
        // Masks stand where times and numbers were.
        let text = body.to_string();
        if text.contains("<nodePort>") || text.contains("continueDecoded") || kind == "Status" {
            continue;
        }
        let text = text.replace("<time>", "2024-01-01T00:00:00Z").replace("<microtime>", "2024-01-01T00:00:00.000000Z");
        let mut tree: Value = serde_json::from_str(&text).unwrap();
        without_nulls(&mut tree);
        n_objects += 1;
        match decode::body(text.as_bytes(), MediaType::Json, Strictness::Strict, target) {
            Err(status) => wrong.push(format!("{}\n  {status}", case.name())),
            Ok(decoded) if decoded.tree != tree => {
                wrong.push(format!("{}\n  want {tree}\n  got  {}", case.name(), decoded.tree));
            }
            Ok(_) => {}
        }
    }
    println!("{n_objects} answers read");
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}
