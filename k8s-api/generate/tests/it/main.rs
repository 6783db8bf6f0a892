//! The committed tables are what the generator makes of the documents, recordings and source of the release.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "tests say what they skip and count")]

use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder beside the repository; none, loudly, where it is absent.
fn beside(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..").join(name);
    if !path.exists() {
        println!("SKIPPED: there is no ../{name}");
        return None;
    }
    Some(path)
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

#[test]
fn committed_tables_are_as_generated() {
    let Some(shared) = beside("shared") else { return };
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("generated");
    let _ = std::fs::remove_dir_all(&out);
    let source = beside("upstream");
    let mut generate = Command::new(env!("CARGO_BIN_EXE_k8s-api-generate"));
    assert!(generate.arg(&out).arg(shared).args(&source).status().unwrap().success());

    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let made = files_below(&out);
    for file in &made {
        let name = file.strip_prefix(&out).unwrap();
        let same = std::fs::read(file).unwrap() == std::fs::read(committed.join(name)).unwrap();
        assert!(same, "k8s-api/{} is not what the generator makes; run it as its README says", name.display());
    }
    println!("{} generated files as committed", made.len());
    assert_eq!(made.len(), if source.is_some() { 8 } else { 6 });
}
