use std::future::Future;

use tokio::runtime::Builder;

/// Runs one case in real time, on two threads.
pub fn run(case: impl Future<Output = ()>) {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(case);
}

/// Runs one case on a runtime of its own whose time is paused: it moves when nothing else can.
pub fn run_simulated(case: impl Future<Output = ()>) {
    Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(case);
}
