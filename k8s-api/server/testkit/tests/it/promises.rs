//! The front page of `k8s-api-server` and the lists of cases are one text.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use k8s_api_server_testkit::all;

/// The words in backquotes.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// The items `N. text` of a text, each with all its lines.
fn numbered(text: &str) -> Vec<(u32, String)> {
    let mut items: Vec<(u32, String)> = Vec::new();
    for line in text.lines() {
        match line.split_once(". ").and_then(|(n, rest)| n.parse().ok().map(|n| (n, rest))) {
            Some((n, rest)) => items.push((n, rest.to_owned())),
            None if line.starts_with(' ') => {
                if let Some((_, item)) = items.last_mut() {
                    item.push(' ');
                    item.push_str(line.trim());
                }
            }
            None => {}
        }
    }
    items
}

#[test]
fn each_promise_names_the_cases_that_check_it() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md")).unwrap();
    let promises = page.split("## Every authorizer promises").nth(1).unwrap().split("\n## ").next().unwrap();
    let promises = numbered(promises);
    let mut named: BTreeMap<u32, Vec<&str>> = BTreeMap::new();
    for (number, text) in &promises {
        let checked = text.split("*Checked by*").nth(1).unwrap_or_else(|| panic!("promise {number} names no case"));
        named.entry(*number).or_default().extend(quoted(checked));
    }
    let mut listed: BTreeMap<u32, Vec<&str>> = BTreeMap::new();
    for case in all() {
        listed.entry(case.promise).or_default().push(case.name);
    }
    for cases in named.values_mut().chain(listed.values_mut()) {
        cases.sort_unstable();
    }
    assert_eq!(named, listed);
}

#[test]
fn no_two_cases_have_one_name() {
    let mut names: Vec<_> = all().iter().map(|case| case.name).collect();
    names.sort_unstable();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all);
}
