//! Keeps the house in the order that `docs/architecture.md` describes: budgets, front pages, and what depends on what.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file past this many lines has more than one subject.
const LONGEST_FILE: usize = 800;
const LONGEST_LIB: usize = 120;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<PathBuf> {
    let listed = Command::new("git").args(["ls-files", "*.rs"]).current_dir(root()).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let paths = listed.lines().map(|line| root().join(line)).filter(|path| path.exists());
    paths.filter(|path| !path.to_string_lossy().contains("/generated/")).collect()
}

fn crates() -> Vec<PathBuf> {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let members = manifest.split("members = [").nth(1).unwrap().split(']').next().unwrap();
    members.split('"').filter(|part| part.starts_with("k8s")).map(|member| root().join(member)).collect()
}

#[test]
fn files_have_one_subject() {
    let long: Vec<_> = sources()
        .into_iter()
        .map(|path| (fs::read_to_string(&path).unwrap().lines().count(), path))
        .filter(|(lines, path)| {
            let most = if path.ends_with("src/lib.rs") { LONGEST_LIB } else { LONGEST_FILE };
            lines > &most
        })
        .collect();
    assert!(long.is_empty(), "too long: {long:#?}");
}

#[test]
fn every_crate_has_a_front_page() {
    let without: Vec<_> = crates()
        .into_iter()
        .filter(|folder| {
            let lib = fs::read_to_string(folder.join("src/lib.rs")).unwrap_or_default();
            let main = folder.join("src/main.rs").exists();
            !folder.join("README.md").exists() || !(main || lib.contains("include_str!(\"../README.md\")"))
        })
        .collect();
    assert!(without.is_empty(), "no front page: {without:#?}");
}

#[test]
fn no_crate_allows_unsafe_code() {
    let without: Vec<_> = crates()
        .into_iter()
        .filter(|folder| {
            let roots =
                ["src/lib.rs", "src/main.rs"].map(|file| fs::read_to_string(folder.join(file)).unwrap_or_default());
            !roots.iter().any(|text| text.contains("#![forbid(unsafe_code)]"))
        })
        .collect();
    assert!(without.is_empty(), "unsafe code is not forbidden: {without:#?}");
}

#[test]
fn shown_code_is_compiled() {
    let listed = Command::new("git").args(["ls-files", "*.md"]).current_dir(root()).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    for path in listed.lines().filter(|path| Path::new(path).exists()) {
        let text = fs::read_to_string(root().join(path)).unwrap();
        assert!(!text.contains("```ignore") && !text.contains(",ignore"), "{path} shows code that is not compiled");
    }
}

/// What must not be in a crate's dependencies, directly or through others.
const ABSENCES: &[(&str, &[&str])] = &[
    ("k8s-store", &["k8s-api", "http", "tonic", "rustls", "k8s-openapi"]),
    ("k8s-cri-kit", &["k8s-api", "http", "tonic", "rustls", "k8s-openapi"]),
    ("k8s-cni", &["k8s-api", "http", "tonic", "rustls", "k8s-openapi"]),
    ("k8s-csi-kit", &["k8s-api", "http", "tonic", "rustls", "k8s-openapi"]),
    ("k8s-api", &["tokio", "http", "hyper"]),
    ("k8s-sched", &["k8s-api-server", "k8s-store", "hyper", "rustls"]),
    ("k8s-sched-plugins", &["k8s-api-server", "k8s-store", "hyper", "rustls"]),
    ("k8s-ctrl-workloads", &["k8s-api-server", "k8s-store", "hyper", "rustls"]),
    ("k8s-ctrl-cluster", &["k8s-api-server", "k8s-store", "hyper", "rustls"]),
    ("k8s-node", &["k8s-api-server", "k8s-store", "hyper", "rustls"]),
    ("k8s-api-server", &["hyper", "rustls"]),
    ("k8s-api-client-testkit", &["k8s-api-server", "k8s-store", "hyper", "rustls"]),
    ("k8s-kit", &["rustls", "tonic"]),
];

#[test]
fn dependencies_point_one_way() {
    let mut found: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (package, absent) in ABSENCES {
        let tree = Command::new(env!("CARGO"))
            .args(["tree", "--edges", "normal", "--prefix", "none", "--offline", "--package", package])
            .current_dir(root())
            .output()
            .unwrap();
        assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
        let tree = String::from_utf8(tree.stdout).unwrap();
        let present = tree.lines().filter_map(|line| line.split(' ').next()).filter(|name| absent.contains(name));
        for name in present {
            found.entry(package).or_default().push(name.to_owned());
        }
    }
    assert!(found.is_empty(), "these must not depend on those: {found:#?}");
}
