use std::future::Future;
use std::time::Duration;

use tokio::runtime::Builder;

/// Longer than any case takes anywhere; in simulated time it passes at once when nothing can go on.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs one case in real time, on two threads.
///
/// # Panics
/// When the case fails, or does not end.
pub fn run<S, F: Future<Output = S>, C: Future<Output = ()>>(
    promise: u32,
    open: impl FnOnce() -> F,
    case: impl FnOnce(S) -> C,
) {
    drive(Builder::new_multi_thread().worker_threads(2), promise, open, case);
}

/// Runs one case in simulated time, on this thread.
///
/// # Panics
/// When the case fails, or nothing can go on.
pub fn run_simulated<S, F: Future<Output = S>, C: Future<Output = ()>>(
    promise: u32,
    open: impl FnOnce() -> F,
    case: impl FnOnce(S) -> C,
) {
    drive(Builder::new_current_thread().start_paused(true), promise, open, case);
}

fn drive<S, F: Future<Output = S>, C: Future<Output = ()>>(
    runtime: &mut Builder,
    promise: u32,
    open: impl FnOnce() -> F,
    case: impl FnOnce(S) -> C,
) {
    let _verdict = Verdict(promise);
    let runtime = runtime.enable_all().build().expect("a runtime can be made");
    let end = runtime.block_on(async { tokio::time::timeout(PATIENCE, async { case(open().await).await }).await });
    assert!(end.is_ok(), "the case does not end: something it waits for never comes");
}

/// Says which promise is broken, if one is.
struct Verdict(u32);

impl Drop for Verdict {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("broken: promise {} of k8s-store", self.0);
        }
    }
}
