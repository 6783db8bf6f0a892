use std::path::Path;

use k8s_api_kinds::{Facts, metadata};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use serde_json::{Value, json};

/// What a real server said of the metadata of pods.
#[test]
fn recorded_answers() {
    let file = "../../../shared/golden/api/validation_metadata.json";
    let Ok(text) = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)) else {
        eprintln!("SKIPPED: no recordings beside the repository");
        return;
    };
    let cases: Vec<Value> = serde_json::from_str(&text).unwrap();
    let mut equal = 0;
    for case in cases.iter().filter(|case| case["response"]["status"] == 422) {
        let meta = case["request"]["body"].get("metadata").cloned().unwrap_or_else(|| json!({}));
        let Ok(mut meta) = serde_json::from_value::<ObjectMeta>(meta) else { continue };
        if case["request"]["body"].is_string() {
            continue;
        }
        meta.namespace = Some("golden-validation".to_owned());
        let errors = metadata::validate_create(&meta, true, &Facts::new());
        let got: Vec<Value> =
            errors.iter().map(|e| json!({"field": e.field, "message": e.body(), "reason": e.kind.reason()})).collect();
        assert_eq!(Value::from(got), case["response"]["body"]["details"]["causes"], "{}", case["name"]);
        equal += 1;
    }
    assert!(equal >= 20, "{equal} cases equal");
}

fn named(name: &str) -> ObjectMeta {
    ObjectMeta {
        name: Some(name.to_owned()),
        namespace: Some("n".to_owned()),
        resource_version: Some("1".to_owned()),
        ..ObjectMeta::default()
    }
}

#[test]
fn what_is_found_twice_is_reported_twice() {
    let (old, mut new) = (named("a"), named("a"));
    new.uid = Some("u".to_owned());
    let errors = metadata::validate_update(&new, &old, true, &Facts::new());
    let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(lines, [r#"metadata.uid: Invalid value: "u": field is immutable"#; 2]);
}

#[test]
fn a_dying_object_takes_no_new_finalizer() {
    let mut old = named("a");
    old.deletion_timestamp = serde_json::from_value(json!("2001-01-01T00:00:00Z")).unwrap();
    let mut new = old.clone();
    new.finalizers = Some(vec!["x.y/z".to_owned()]);
    let errors = metadata::validate_update(&new, &old, true, &Facts::new());
    assert_eq!(
        errors[0].to_string(),
        r#"metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"x.y/z"}"#
    );
}

#[test]
fn custom_resources_may_have_any_finalizer_and_owners_are_complete() {
    let mut meta = named("a");
    meta.finalizers = Some(vec!["plain".to_owned()]);
    let custom = Facts { standard_finalizers: false, ..Facts::new() };
    assert!(metadata::validate_create(&meta, true, &custom).is_empty());
    assert_eq!(metadata::validate_create(&meta, true, &Facts::new()).len(), 1);
    meta.owner_references = Some(vec![OwnerReference::default()]);
    assert_eq!(metadata::validate_create(&meta, true, &custom).len(), 4);
}
