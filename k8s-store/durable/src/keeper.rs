use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use k8s_store::{Error, Revision};
use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};

use crate::bell::Bell;
use crate::checkpoint::{Copy, NewFile};
use crate::failure::refused;
use crate::format::Name;
use crate::segments::Sealed;
use crate::store::Shared;

/// How many parts of the log to keep for writing over.
const SPARES: usize = 2;

/// Decides when the log is cut, and cuts it.
#[derive(Debug)]
pub(crate) struct Keeper {
    pub(crate) bell: Bell,
    segment_size: u64,
    /// How many bytes of log must be to gain.
    least: AtomicU64,
    wanted: Mutex<Vec<oneshot::Sender<Result<(), Error>>>>,
    runs: AtomicBool,
    has_ended: AtomicBool,
    ended: Notify,
}

/// A checkpoint in the making.
#[derive(Debug)]
struct Job {
    copy: Copy,
    file: Option<NewFile>,
    first_log: u64,
    retractions: u64,
}

enum Step {
    More,
    /// What is staged must be published first.
    Waits,
    Done,
}

impl Keeper {
    pub(crate) fn new(segment_size: u64) -> Self {
        Self {
            bell: Bell::default(),
            segment_size,
            least: AtomicU64::new(2 * segment_size),
            wanted: Mutex::default(),
            runs: AtomicBool::new(false),
            has_ended: AtomicBool::new(false),
            ended: Notify::new(),
        }
    }

    /// Looks whether there is enough to gain: as much as a new base costs.
    pub(crate) fn look(&self, shared: &Shared) {
        if !self.runs.load(Ordering::Acquire) && self.is_worth_it(shared) {
            self.bell.ring();
        }
    }

    fn is_worth_it(&self, shared: &Shared) -> bool {
        let segments = shared.segments.lock();
        if segments.sealed.is_empty() {
            return false;
        }
        let least = segments.base_size.max(self.least.load(Ordering::Relaxed));
        shared.engine.status().is_ok_and(|status| segments.before(status.oldest) >= least)
    }

    /// Cuts the log as far as it can be, and gives all spare parts back.
    pub(crate) async fn defragment(&self) -> Result<(), Error> {
        let (done, wait) = oneshot::channel();
        self.wanted.lock().push(done);
        self.bell.ring();
        wait.await.unwrap_or(Err(Error::Closed))
    }

    /// Returns once the thread or the task has ended.
    pub(crate) async fn ended(&self) {
        loop {
            let ended = self.ended.notified();
            if self.has_ended.load(Ordering::Acquire) {
                return;
            }
            ended.await;
        }
    }

    pub(crate) fn set_ended(&self) {
        self.has_ended.store(true, Ordering::Release);
        self.ended.notify_waiters();
    }

    pub(crate) fn run(shared: Arc<Shared>) {
        let _ending = Ending(Arc::clone(&shared));
        loop {
            shared.keeper.bell.wait_on_thread();
            while let Some(mut task) = shared.keeper.next(&shared) {
                loop {
                    match task.step(&shared) {
                        Step::More => {}
                        Step::Waits => std::thread::sleep(Duration::from_millis(1)),
                        Step::Done => break,
                    }
                }
            }
            if shared.is_dropped() {
                return;
            }
        }
    }

    pub(crate) async fn run_as_task(shared: Arc<Shared>) {
        let _ending = Ending(Arc::clone(&shared));
        loop {
            shared.keeper.bell.wait().await;
            while let Some(mut task) = shared.keeper.next(&shared) {
                while !matches!(task.step(&shared), Step::Done) {
                    tokio::task::yield_now().await;
                }
            }
        }
    }

    fn next(&self, shared: &Shared) -> Option<Task> {
        let wanted = std::mem::take(&mut *self.wanted.lock());
        if shared.is_dropped() || (wanted.is_empty() && !self.is_worth_it(shared)) {
            return None;
        }
        self.runs.store(true, Ordering::Release);
        Some(Task { wanted, job: None })
    }
}

/// Tells those who close the store that its files are let go of.
struct Ending(Arc<Shared>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.keeper.set_ended();
    }
}

/// One cut, begun again if what it was based on was taken back.
struct Task {
    wanted: Vec<oneshot::Sender<Result<(), Error>>>,
    job: Option<Job>,
}

impl Task {
    fn step(&mut self, shared: &Arc<Shared>) -> Step {
        match self.try_step(shared) {
            Ok(Step::Done) => self.end(shared, &Ok(())),
            Ok(step) => step,
            Err(error) => {
                if let Some(file) = self.job.take().and_then(|job| job.file) {
                    file.abandon();
                }
                self.end(shared, &Err(error))
            }
        }
    }

    fn end(&mut self, shared: &Shared, result: &Result<(), Error>) -> Step {
        let keeper = &shared.keeper;
        let least = match result {
            Err(error) if !shared.is_dropped() => {
                tracing::warn!(%error, "the log could not be cut; it is tried again when it has grown");
                let oldest = shared.engine.status().map_or(Revision::ZERO, |status| status.oldest);
                shared.segments.lock().before(oldest) + keeper.segment_size
            }
            _ => 2 * keeper.segment_size,
        };
        keeper.least.store(least, Ordering::Relaxed);
        keeper.runs.store(false, Ordering::Release);
        for wanted in self.wanted.drain(..) {
            // Who does not listen any more does not want to know.
            let _gone = wanted.send(result.clone());
        }
        Step::Done
    }

    fn try_step(&mut self, shared: &Arc<Shared>) -> Result<Step, Error> {
        if shared.is_dropped() {
            return Err(Error::Closed);
        }
        let Some(job) = &mut self.job else {
            self.job = Some(Job::begin(shared)?);
            return Ok(Step::More);
        };
        if let Some(file) = &mut job.file {
            if let Some(piece) = job.copy.next()? {
                file.write(&piece).map_err(refused)?;
                return Ok(Step::More);
            }
            if shared.queue.lock().retractions != job.retractions {
                let file = self.job.take().and_then(|job| job.file);
                file.into_iter().for_each(NewFile::abandon);
                return Ok(Step::More);
            }
            if !shared.is_published(job.copy.leases_as_of) {
                return Ok(Step::Waits);
            }
        }
        let Some(job) = self.job.take() else { return Ok(Step::Done) };
        job.finish(shared, !self.wanted.is_empty())?;
        Ok(Step::Done)
    }
}

impl Job {
    fn begin(shared: &Arc<Shared>) -> Result<Self, Error> {
        let retractions = shared.queue.lock().retractions;
        let oldest = shared.engine.status()?.oldest;
        let (first_log, is_worth_it) = {
            let segments = shared.segments.lock();
            (segments.first_after(oldest), segments.before(oldest) > 0 || oldest > segments.base)
        };
        let keys = shared.engine.keys() as u64;
        let copy = Copy::begin(&shared.engine, shared.store, Some(oldest), first_log, keys, usize::MAX)?;
        let file = if is_worth_it {
            Some(NewFile::create(&shared.disk, &Name::Base(oldest).to_string()).map_err(refused)?)
        } else {
            None
        };
        Ok(Self { copy, file, first_log, retractions })
    }

    /// Puts the new base in the place of what it makes unnecessary. Who only wants space back gets none by a base that
    /// is longer than that.
    fn finish(self, shared: &Shared, give_back: bool) -> Result<(), Error> {
        let gain = {
            let segments = shared.segments.lock();
            segments.base_size + segments.before(self.copy.revision())
        };
        match self.file {
            Some(file) if give_back && file.size() >= gain => file.abandon(),
            Some(file) => {
                replace(shared, file, self.copy.revision(), self.first_log, if give_back { 0 } else { SPARES })?;
            }
            None => {}
        }
        if give_back {
            let spares = std::mem::take(&mut shared.segments.lock().spares);
            for (number, _) in spares {
                shared.disk.remove(&Name::Spare(number).to_string()).map_err(refused)?;
            }
        }
        shared.disk.sync_names().map_err(refused)
    }
}

/// Puts a new base in the place of the old one and of the log before `first_log`.
fn replace(shared: &Shared, file: NewFile, base: Revision, first_log: u64, spares: usize) -> Result<(), Error> {
    let size = file.finish().map_err(refused)?;
    let (old, unneeded) = {
        let mut segments = shared.segments.lock();
        let old = std::mem::replace(&mut segments.base, base);
        segments.base_size = size;
        (old, segments.take_before(first_log))
    };
    if old != base {
        shared.disk.remove(&Name::Base(old).to_string()).map_err(refused)?;
    }
    retire(shared, unneeded, spares)
}

/// Removes parts of the log, or keeps them as spare ones.
fn retire(shared: &Shared, unneeded: Vec<Sealed>, most_spares: usize) -> Result<(), Error> {
    let mut room = most_spares.saturating_sub(shared.segments.lock().spares.len());
    let mut spares = Vec::new();
    for Sealed { number, size, .. } in unneeded {
        let name = Name::Log(number).to_string();
        if room > 0 && size <= 2 * shared.keeper.segment_size {
            room -= 1;
            shared.disk.rename(&name, &Name::Spare(number).to_string()).map_err(refused)?;
            spares.push((number, size));
        } else {
            shared.disk.remove(&name).map_err(refused)?;
        }
    }
    // Before one is written over, its old name must be gone for good.
    shared.disk.sync_names().map_err(refused)?;
    shared.segments.lock().spares.extend(spares);
    Ok(())
}
