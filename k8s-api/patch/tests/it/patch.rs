use k8s_api::{GroupVersionKind, Status};
use k8s_api_patch::decode::{Decoded, Strictness, Target};
use k8s_api_patch::patch::{self, PatchKind};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::golden::recorded;

pub(crate) fn apply(kind: PatchKind, current: &Value, patch: &str, strictness: Strictness) -> Result<Decoded, Status> {
    let gvk = GroupVersionKind::parse(current["apiVersion"].as_str().unwrap(), current["kind"].as_str().unwrap());
    patch::apply(kind, current.clone(), patch.as_bytes(), strictness, Target::builtin(&gvk).unwrap())
}

fn config_map() -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "old"}, "data": {"a": "b"}})
}

/// Whether the answer has all that we have; what it has besides are defaults.
fn contains(answer: &Value, ours: &Value) -> bool {
    match (answer, ours) {
        (Value::Object(answer), Value::Object(ours)) => {
            ours.iter().all(|(key, value)| answer.get(key).is_some_and(|answer| contains(answer, value)))
        }
        (Value::Array(answer), Value::Array(ours)) => {
            answer.len() == ours.len() && answer.iter().zip(ours).all(|(answer, ours)| contains(answer, ours))
        }
        _ => answer == ours,
    }
}

#[test]
fn answers_as_recorded() {
    let cases = recorded("patches_basic");
    let Some(untouched) = cases.iter().find(|case| case.name().ends_with("empty patch")) else { return };
    let untouched = untouched.answer();
    let (mut n_applied, mut n_refused) = (0, 0);
    for case in &cases {
        let name = case.path().rsplit('/').next().unwrap();
        let text = untouched.to_string().replace("p24", name);
        let mut current: Value = serde_json::from_str(&text).unwrap();
        current["metadata"].as_object_mut().unwrap().retain(|key, _| key == "name" || key == "namespace");
        let kind = PatchKind::of(case.header("Content-Type")).unwrap();
        let patch = String::from_utf8(case.body().unwrap()).unwrap();
        let applied = apply(kind, &current, &patch, Strictness::Warn);
        match case.status() {
            200 => {
                let applied = applied.unwrap();
                let (ours, answer) = (&applied.tree["spec"], &case.answer()["spec"]);
                assert!(contains(answer, ours), "{}\nwant {answer}\ngot  {ours}", case.name());
                assert_eq!(applied.warnings, case.warnings(), "{}", case.name());
                n_applied += 1;
            }
            // Later checks, by others.
            409 => {}
            _ if case.name().ends_with("rename") || case.name().ends_with("immutable selector") => {}
            code => {
                let status = applied.unwrap_err();
                assert_eq!(u64::from(status.code), code, "{}", case.name());
                // The object in the message has metadata that were taken out here.
                let head = |text: &str| text.chars().take(40).collect::<String>();
                let tail = |text: &str| text.rsplit("\": ").next().unwrap_or_default().to_owned();
                assert_eq!(head(&status.message), head(case.message()), "{}", case.name());
                assert_eq!(tail(&status.message), tail(case.message()), "{}", case.name());
                n_refused += 1;
            }
        }
    }
    println!("{n_applied} patches applied, {n_refused} refused as recorded");
}

#[test]
fn malformed_patches() {
    let bad_map = "json: cannot unmarshal array into Go value of type map[string]interface {}";
    for (kind, patch, code, message) in [
        (
            PatchKind::Json,
            "{}",
            400,
            "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp",
        ),
        (PatchKind::Json, "[", 400, "error decoding patch: unexpected end of JSON input"),
        (
            PatchKind::Json,
            r#"[{"op":"nope","path":"/a"}]"#,
            422,
            "the server rejected our request due to an error in our request",
        ),
        (
            PatchKind::Json,
            r#"[{"op":"add","path":"data"}]"#,
            422,
            "the server rejected our request due to an error in our request",
        ),
        (PatchKind::Merge, "[]", 400, &format!("error decoding patch: {bad_map}")),
        (PatchKind::Merge, "null", 400, "Invalid JSON Patch"),
        (PatchKind::Strategic, "[]", 400, bad_map),
        (
            PatchKind::Strategic,
            r#"{"data":5}"#,
            422,
            " \"\" is invalid: patch: Invalid value: \"map[data:5]\": cannot restore map from int64",
        ),
        (
            PatchKind::Merge,
            r#"{"data":"x"}"#,
            422,
            r#" "" is invalid: patch: Invalid value: "{\"apiVersion\":\"v1\",\"data\":\"x\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"old\"}}": json: cannot unmarshal string into Go struct field ConfigMap.data of type map[string]string"#,
        ),
    ] {
        let status = apply(kind, &config_map(), patch, Strictness::Warn).unwrap_err();
        assert_eq!((status.code, &*status.message), (code, message), "{patch}");
    }
}

#[test]
fn strict_patches() {
    let patch = r#"[{"op":"add","path":"/nope","value":1},{"op":"add","path":"/data/x","value":"y","foo":"bar"}]"#;
    let applied = apply(PatchKind::Json, &config_map(), patch, Strictness::Warn).unwrap();
    assert_eq!(applied.tree["data"], json!({"a": "b", "x": "y"}));
    assert_eq!(applied.warnings, ["json patch unknown field \"[1].foo\"", "unknown field \"nope\""]);
    let patch = r#"{"data":{"c":"d"},"data":{"e":"f"},"nope":1}"#;
    let status = apply(PatchKind::Merge, &config_map(), patch, Strictness::Strict).unwrap_err();
    assert!(
        status.message.ends_with("strict decoding error: duplicate field \"data\", unknown field \"nope\""),
        "{status}"
    );
}

#[test]
fn absence_can_be_tested() {
    let patch = |path: &str| {
        format!(r#"[{{"op":"test","path":"{path}","value":null}},{{"op":"add","path":"/data/x","value":"y"}}]"#)
    };
    let applied = apply(PatchKind::Json, &config_map(), &patch("/metadata/finalizers"), Strictness::Warn).unwrap();
    assert_eq!(applied.tree["data"]["x"], "y");
    for present_or_nowhere in ["/data", "/data/a", "/spec/x"] {
        let status = apply(PatchKind::Json, &config_map(), &patch(present_or_nowhere), Strictness::Warn).unwrap_err();
        assert_eq!(status.code, 422, "{present_or_nowhere}");
    }
}

#[test]
fn too_many_operations() {
    let patch = format!("[{}]", vec![r#"{"op":"test","path":"/kind","value":"ConfigMap"}"#; 10_001].join(","));
    let status = apply(PatchKind::Json, &config_map(), &patch, Strictness::Warn).unwrap_err();
    assert_eq!(status.code, 413);
    assert_eq!(status.message, "The allowed maximum operations in a JSON patch is 10000, got 10001");
}

proptest! {
    #[test]
    fn a_merge_patch_of_the_difference_makes_the_target(
        from in prop::collection::btree_map("[a-d]", "[x-z]", 0..4),
        to in prop::collection::btree_map("[a-d]", "[x-z]", 0..4),
    ) {
        let mut difference: serde_json::Map<String, Value> = to.iter().map(|(k, v)| (k.clone(), json!(v))).collect();
        for gone in from.keys().filter(|key| !to.contains_key(*key)) {
            difference.insert(gone.clone(), Value::Null);
        }
        let current = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": from});
        let patch = json!({"data": difference}).to_string();
        for kind in [PatchKind::Merge, PatchKind::Strategic] {
            let applied = apply(kind, &current, &patch, Strictness::Strict).unwrap();
            prop_assert_eq!(&applied.tree["data"], &json!(to));
        }
    }
}
