use k8s_api_kinds::names::{self, Messages};
use k8s_api_kinds::{At, NameRule};

fn check(rule: fn(&str) -> Messages, good: &[&str], bad: &[&str]) {
    for value in good {
        assert!(rule(value).is_empty(), "{value:?}: {:?}", rule(value));
    }
    for value in bad {
        assert!(!rule(value).is_empty(), "{value:?} passed");
    }
}

#[test]
fn labels_and_subdomains() {
    check(names::dns1123_label, &["a", "0-a", "a--b"], &["", "A", "-a", "a-", "a.b", "ä", &"a".repeat(64)]);
    check(names::dns1123_subdomain, &["a.b-c.0"], &["a..b", ".a", "a.", "a_b", &"a".repeat(254)]);
    check(names::dns1035_label, &["a", "a-0"], &["0a", "", "a-"]);
    check(names::wildcard_dns1123_subdomain, &["*.a.b"], &["a.b", "*", "*.*.a", "*a.b"]);
    assert_eq!(names::dns1123_label("a.b"), ["must not contain dots"]);
}

#[test]
fn label_keys_and_values() {
    check(names::qualified_name, &["a", "A_b.c", "x.y/Z"], &["", "a/b/c", "/a", "a/", "X/a", "-a"]);
    check(names::label_value, &["", "a", "A_1"], &["-a", "a b", &"a".repeat(64)]);
    assert_eq!(names::qualified_name("a/").first().unwrap(), "name part must be non-empty");
    assert!(names::qualified_name("/a").contains(&"prefix part must be non-empty".into()));
}

#[test]
fn ports_keys_and_variables() {
    check(names::port_name, &["http", "a-1"], &["", "1", "-a", "a--b", "A", "sixteen-letters-"]);
    check(names::config_map_key, &["a.b", ".x", "A-_"], &["", ".", "..", "..a", "a b"]);
    check(names::env_var_name, &["A", "a.b-c"], &["0a", "", "a=b", ".."]);
    check(names::relaxed_env_var_name, &["0a", "a b", "a:b"], &["", "a=b", "ü"]);
    check(names::c_identifier, &["_a1"], &["1a", "a-b", ""]);
    check(names::percent, &["1%"], &["%", "1", "-1%"]);
}

#[test]
fn a_prefix_may_end_with_a_dash() {
    assert!(names::by_rule(NameRule::Label, "abc-", true).is_empty());
    assert!(!names::by_rule(NameRule::Label, "abc-", false).is_empty());
    assert!(names::by_rule(NameRule::PathSegment, "..", true).is_empty());
    assert_eq!(names::by_rule(NameRule::PathSegment, "..", false), ["may not be '..'"]);
}

#[test]
fn a_place_prints_as_a_path() {
    let spec = At::new("spec");
    let labels = spec.child("labels");
    assert_eq!(labels.key("a/b").to_string(), "spec.labels[a/b]");
    let text = "status.ports[0]".to_owned();
    assert_eq!(At::under(&text).child("name").to_string(), "status.ports[0].name");
    assert_eq!(At::ROOT.child("data").to_string(), "data");
}
