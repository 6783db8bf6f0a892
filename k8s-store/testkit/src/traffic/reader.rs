use std::time::Duration;

use k8s_env::Random;
use k8s_store::{Error, EventFilter, KeyRange, Revision, Watch, WatchOptions};
use tokio::time::sleep;

use super::Stage;

/// How often those report progress that do so by themselves.
const PROGRESS: Duration = Duration::from_millis(50);

/// How often progress may be reported at the end before it says that all was told.
const MOST_REPORTS: usize = 20;

/// How often a watch may end without having told anything.
const MOST_FAILURES: usize = 1000;

/// How one watch ended.
enum End {
    /// All was heard.
    Done,
    /// It should go on after what was heard.
    Resume,
    /// The history was gone: from now on, then.
    Restart,
    /// There is no store any more.
    Closed,
}

/// Watches, and watches again from where it was, until it has heard of all that was written.
pub(super) async fn read(stage: &Stage, n: usize, random: &Random) {
    // The first hears everything, so that there is a witness of each revision.
    let (range, mut options) = match n {
        0 => (KeyRange::all(), WatchOptions::after(stage.base).prev()),
        _ => (stage.range(random), some_options(stage, random)),
    };
    let is_slow = n > 0 && n.is_multiple_of(3);
    let mut heard = options.start.map_or(stage.base, Revision::previous);
    for _ in 0..MOST_FAILURES {
        let end = match stage.store.watch(range.clone(), options).await {
            Ok(mut watch) => {
                heard = if options.start.is_some() { heard } else { watch.opened_at() };
                follow(stage, &mut watch, n, is_slow, random, &mut heard).await
            }
            Err(Error::Compacted { .. }) => End::Restart,
            Err(Error::Closed) => End::Closed,
            Err(_) => End::Resume,
        };
        match end {
            End::Done | End::Closed => return,
            End::Resume => options.start = Some(heard.next()),
            End::Restart => options.start = None,
        }
        tokio::task::yield_now().await;
    }
    stage.gets_nowhere();
}

fn some_options(stage: &Stage, random: &Random) -> WatchOptions {
    WatchOptions {
        start: [None, Some(stage.base.next()), Some(Revision(stage.base.0 + 5))][random.below(3) as usize],
        prev: random.below(2) == 0,
        buffer: [1, 4, 1024][random.below(3) as usize],
        filter: [EventFilter::All, EventFilter::All, EventFilter::Puts, EventFilter::Deletes][random.below(4) as usize],
        progress: (random.below(4) == 0).then_some(PROGRESS),
    }
}

async fn follow(
    stage: &Stage,
    watch: &mut Watch,
    n: usize,
    is_slow: bool,
    random: &Random,
    heard: &mut Revision,
) -> End {
    let mut ending = None;
    let mut reports = 0;
    loop {
        let told = tokio::select! {
            biased;
            () = stage.over(), if ending.is_none() => {
                ending = stage.store.status().await.ok().map(|status| status.revision).or(Some(Revision::ZERO));
                watch.request_progress();
                continue;
            }
            told = watch.next() => told,
        };
        match told {
            Some(Ok(batch)) => {
                *heard = (*heard).max(batch.revision);
                if batch.is_progress() && ending.is_some() {
                    if ending.is_some_and(|last| batch.revision >= last) {
                        return End::Done;
                    }
                    // One may have been on its way when the end came; not more than were asked for.
                    reports += 1;
                    if reports > MOST_REPORTS {
                        stage.gets_nowhere();
                        return End::Closed;
                    }
                    watch.request_progress();
                }
            }
            Some(Err(Error::Compacted { .. })) => return End::Restart,
            Some(Err(Error::Closed)) => return End::Closed,
            Some(Err(_)) | None => return End::Resume,
        }
        if is_slow && ending.is_none() {
            sleep(stage.plan.slow).await;
        }
        match random.below(12) {
            0 => watch.request_progress(),
            1 if n > 0 && ending.is_none() => return End::Resume,
            _ => {}
        }
    }
}
