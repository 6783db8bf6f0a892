use std::collections::BTreeMap;

use k8s_api::selector::{FieldSelector, Selector};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};
use proptest::prelude::*;

fn labels(text: &str) -> BTreeMap<String, String> {
    let pairs = text.split(',').filter_map(|pair| pair.split_once('='));
    pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

#[test]
fn reads_and_matches() {
    for (selector, shown, matching, failing) in [
        ("", "", "a=1", None),
        ("a=1", "a=1", "a=1,b=2", Some("a=2")),
        (" b==2 , a = 1", "a=1,b==2", "a=1,b=2", Some("b=2")),
        ("a!=1", "a!=1", "", Some("a=1")),
        ("a in (y, x)", "a in (x,y)", "a=x", Some("")),
        ("a notin (x,)", "a notin (,x)", "b=1", Some("a=")),
        ("a in ()", "a in ()", "a=", Some("a=1")),
        ("a", "a", "a=", Some("b=1")),
        ("!a", "!a", "b=1", Some("a=")),
        ("a>5", "a>5", "a=6", Some("a=5")),
        ("a<5", "a<5", "a=-6", Some("a=x")),
        ("in in (in,notin)", "in in (in,notin)", "in=in", Some("in=x")),
        ("a=", "a=", "a=", Some("")),
    ] {
        let parsed = Selector::parse(selector).unwrap();
        assert_eq!(parsed.to_string(), shown, "{selector}");
        assert!(parsed.matches(&labels(matching)), "{selector} {matching}");
        assert!(failing.is_none_or(|failing| !parsed.matches(&labels(failing))), "{selector} {failing:?}");
    }
}

#[test]
fn says_what_is_wrong() {
    let name = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric \
                character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
                '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
    for (selector, error) in [
        ("a b c", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt".to_owned()),
        ("==", "found '==', expected: !, identifier, or 'end of string'".to_owned()),
        (",", "found ',', expected: !, identifier, or 'end of string'".to_owned()),
        ("a,,", "found ',', expected: identifier after ','".to_owned()),
        ("a in b", "unable to parse requirement: found 'b' expected: '('".to_owned()),
        ("a in (", "unable to parse requirement: found '', expected: ',', ')' or identifier".to_owned()),
        ("a in (b", "unable to parse requirement: found '', expected: ',' or ')'".to_owned()),
        ("!a=b", "found '=', expected: ',' or 'end of string'".to_owned()),
        ("-a", format!("unable to parse requirement: <nil>: Invalid value: \"-a\": name part {name}")),
        (
            "a>x",
            "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must \
             be an integer"
                .to_owned(),
        ),
    ] {
        assert_eq!(Selector::parse(selector).unwrap_err().to_string(), error, "{selector}");
    }
}

#[test]
fn objects() {
    assert!(Selector::of(None).unwrap().is_nothing());
    assert!(Selector::of(Some(&LabelSelector::default())).unwrap().is_everything());
    let expression = |operator: &str, values: &[&str]| LabelSelector {
        match_expressions: Some(vec![LabelSelectorRequirement {
            key: "a".to_owned(),
            operator: operator.to_owned(),
            values: Some(values.iter().map(|&value| value.to_owned()).collect()),
        }]),
        ..LabelSelector::default()
    };
    let selector = Selector::of(Some(&expression("In", &["x", "y"]))).unwrap();
    assert!(selector.matches(&labels("a=y")));
    assert_eq!(
        Selector::of(Some(&expression("in", &["x"]))).unwrap_err().to_string(),
        "\"in\" is not a valid label selector operator"
    );
    assert_eq!(
        Selector::of(Some(&expression("In", &[]))).unwrap_err().to_string(),
        "values: Invalid value: null: for 'in', 'notin' operators, values set can't be empty"
    );
}

#[test]
fn fields() {
    let selector = FieldSelector::parse(r"b!=2,a==x\,y\=z,,").unwrap();
    assert_eq!(selector.to_string(), r"a=x\,y\=z,b!=2");
    assert_eq!(selector.exact("a"), Some("x,y=z"));
    assert!(selector.matches(|field| (field == "a").then_some("x,y=z")));
    assert!(!selector.matches(|_| None));
    for (selector, error) in [
        ("status.phase", "invalid selector: 'status.phase'; can't understand 'status.phase'"),
        ("a=b=c", "invalid field selector: unescaped character in value: 61"),
        (r"a=\b", r"invalid field selector: invalid escape sequence: \b"),
        (r"a=b\", r"invalid field selector: invalid escape sequence: \"),
    ] {
        assert_eq!(FieldSelector::parse(selector).unwrap_err().to_string(), error, "{selector}");
    }
}

proptest! {
    #[test]
    fn what_is_shown_is_read_back(text in "[ab=!()in,<> ]{0,20}") {
        if let Ok(selector) = Selector::parse(&text) {
            prop_assert_eq!(Selector::parse(&selector.to_string()).unwrap().to_string(), selector.to_string());
        }
    }

    #[test]
    fn any_field_value_can_be_escaped(value in "\\PC*") {
        let selector = FieldSelector::equal("a", &value);
        let read = FieldSelector::parse(&selector.to_string()).unwrap();
        prop_assert_eq!(read.exact("a"), Some(&*value));
    }
}
