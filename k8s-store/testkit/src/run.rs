use std::future::Future;
use std::time::Duration;

use tokio::runtime::Builder;

use crate::case::{Case, LeftOut, say};

/// Longer than any case takes anywhere; in simulated time it passes at once when nothing can go on.
const PATIENCE: Duration = Duration::from_secs(120);

/// The time in which a case runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Time {
    /// Paused, on one thread: for stores that work within this process alone and never block.
    Simulated,
    /// The world's, on two threads.
    Real,
}

/// Runs one case, unless it is left out, which is printed.
///
/// # Panics
/// When the case fails, or does not end; in simulated time as soon as nothing can go on.
pub fn run<S, F: Future<Output = S>, C: Future<Output = ()>>(
    time: Time,
    case: Case,
    left_out: LeftOut,
    open: impl FnOnce() -> F,
    check: impl FnOnce(S) -> C,
) {
    if let Some(why) = left_out.reason(&case) {
        return say(&format!("LEFT OUT: {} (promise {}): {why}", case.name, case.promise));
    }
    let _verdict = Verdict(case);
    let runtime = match time {
        Time::Simulated => Builder::new_current_thread().start_paused(true).enable_all().build(),
        Time::Real => Builder::new_multi_thread().worker_threads(2).enable_all().build(),
    };
    let runtime = runtime.expect("a runtime can be made");
    let end = runtime.block_on(async { tokio::time::timeout(PATIENCE, async { check(open().await).await }).await });
    assert!(end.is_ok(), "the case does not end: something it waits for never comes");
}

/// Says which promise is broken, if one is.
struct Verdict(Case);

impl Drop for Verdict {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("broken: promise {} of k8s-store ({}::{})", self.0.promise, self.0.group, self.0.name);
        }
    }
}
