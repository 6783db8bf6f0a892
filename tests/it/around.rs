//! What lies around a test run: recordings, programs of others, and a place for what a test writes.

use std::path::{Path, PathBuf};

/// The folder of recordings and manifests beside the repository; `None` after saying so. It is nobody's to install.
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    let found = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(path);
    if !found.exists() {
        println!("SKIPPED: there is no ../shared/{path}");
        return None;
    }
    Some(found)
}

/// What an environment variable names, if it is there; `None` after saying so.
pub(crate) fn named_by(variable: &str) -> Option<PathBuf> {
    let found = std::env::var(variable).map(PathBuf::from).ok().filter(|path| path.exists());
    found.or_else(|| skipped(&format!("{variable} names nothing that exists; .ci/tools makes it")))
}

/// Says loudly that a test does not test; fails where everything has to be there.
pub(crate) fn skipped<T>(why: &str) -> Option<T> {
    println!("SKIPPED: {why}");
    assert!(std::env::var("REQUIRE_EVERYTHING").is_err(), "everything is required, but {why}");
    None
}

/// A folder of the build directory for what people read after a test.
pub(crate) fn reports(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join(name);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// A new folder that is removed when this is dropped.
#[derive(Debug)]
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("k8s-kit-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path.canonicalize().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
