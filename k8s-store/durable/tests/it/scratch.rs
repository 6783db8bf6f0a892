//! Directories that go away, if not at once.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

static NEXT: AtomicU64 = AtomicU64::new(0);

/// A place for a directory, below the build directory so that it is on a real disk. What processes that have ended
/// left there is removed.
pub(crate) fn scratch() -> PathBuf {
    let all = Path::new(env!("CARGO_TARGET_TMPDIR")).join("durable");
    fs::create_dir_all(&all).unwrap();
    for entry in fs::read_dir(&all).unwrap().flatten() {
        let name = entry.file_name().into_string().unwrap_or_default();
        let owner = name.split('-').next().and_then(|pid| pid.parse::<u32>().ok());
        if owner.is_some_and(|pid| pid != process::id() && !Path::new(&format!("/proc/{pid}")).exists()) {
            // Another test may be faster.
            let _gone = fs::remove_dir_all(entry.path());
        }
    }
    let path = all.join(format!("{}-{}", process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
    let _before = fs::remove_dir_all(&path);
    path
}
