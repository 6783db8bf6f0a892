//! The front pages and the lists of cases are one text.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use k8s_store_testkit::all;

fn page(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The words in backquotes.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

#[test]
fn each_promise_names_the_cases_that_check_it() {
    let page = page("../README.md");
    let promises = page.split("## Every store promises").nth(1).unwrap().split("\n## ").next().unwrap();
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

/// The items `N. text` of the first list, each with all its lines.
fn numbered(text: &str) -> Vec<(u32, String)> {
    let mut items: Vec<(u32, String)> = Vec::new();
    for line in text.lines().skip_while(|line| !line.starts_with("1. ")).take_while(|line| !line.is_empty()) {
        match line.split_once(". ").and_then(|(n, rest)| n.parse().ok().map(|n| (n, rest))) {
            Some((n, rest)) => items.push((n, rest.to_owned())),
            None => {
                if let Some((_, item)) = items.last_mut() {
                    item.push(' ');
                    item.push_str(line.trim());
                }
            }
        }
    }
    items
}

#[test]
fn the_defects_that_etcd_published_name_cases_that_exist() {
    let page = page("README.md");
    let table = page.split("## What etcd's robustness tests found").nth(1).unwrap();
    let rows: Vec<_> = table.lines().filter(|line| line.contains("| [")).collect();
    assert_eq!(rows.len(), 17);
    let cases = all();
    for row in rows {
        let named = quoted(row.rsplit_once(" | ").unwrap().1);
        assert!(!named.is_empty() || row.contains("no notion of"), "{row}");
        for name in named {
            assert!(cases.iter().any(|case| case.name == name), "{name} is no case");
        }
    }
}

#[test]
fn no_two_cases_have_one_name() {
    let mut names: Vec<_> = all().iter().map(|case| case.name).collect();
    names.sort_unstable();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all);
}
