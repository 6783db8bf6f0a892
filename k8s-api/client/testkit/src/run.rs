use std::fmt::Debug;
use std::future::Future;
use std::io::Write;
use std::time::Duration;

use tokio::runtime::Builder;

use crate::Case;

/// Longer than any case takes anywhere; in simulated time it passes at once when nothing can go on.
const PATIENCE: Duration = Duration::from_secs(120);

/// What cases are run on. Here also for other kits, so that all run their cases alike.
pub trait Judged {
    /// What some subjects have and others lack.
    type Ability: Copy + Debug + 'static;
    /// The crate whose promises are checked.
    const PROMISED_BY: &str;

    /// Whether it has what some cases need.
    fn can(&self, ability: Self::Ability) -> bool;
}

/// The time in which a case runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Time {
    /// Paused, on one thread: for roads within this process that never block.
    Simulated,
    /// The world's, on two threads.
    Real,
}

/// Runs one case, unless the subject lacks what it needs, which is printed.
///
/// # Panics
/// When the case fails, or does not end; in simulated time as soon as nothing can go on.
pub fn run<S: Judged, F: Future<Output = S>, C: Future<Output = ()>>(
    time: Time,
    case: Case<S::Ability>,
    open: impl FnOnce() -> F,
    check: impl FnOnce(S) -> C,
) {
    let _verdict = Verdict(format!("promise {} of {} ({}::{})", case.promise, S::PROMISED_BY, case.group, case.name));
    let runtime = match time {
        Time::Simulated => Builder::new_current_thread().start_paused(true).enable_all().build(),
        Time::Real => Builder::new_multi_thread().worker_threads(2).enable_all().build(),
    };
    let judge = async {
        let subject = open().await;
        match case.needs.iter().find(|need| !subject.can(**need)) {
            Some(need) => say(&format!("LEFT OUT: {} (promise {}) needs {need:?}", case.name, case.promise)),
            None => check(subject).await,
        }
    };
    let end = runtime.unwrap().block_on(async { tokio::time::timeout(PATIENCE, judge).await });
    assert!(end.is_ok(), "the case does not end: something it waits for never comes");
}

/// Writes a line that the test harness does not swallow: what is left out must be seen.
fn say(line: &str) {
    let _nobody_reads = writeln!(std::io::stderr(), "{line}");
}

/// Says which promise is broken, if one is.
struct Verdict(String);

impl Drop for Verdict {
    fn drop(&mut self) {
        if std::thread::panicking() {
            say(&format!("broken: {}", self.0));
        }
    }
}
