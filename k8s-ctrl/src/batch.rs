//! Doing something many times without failing many times.

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

/// Calls `act` with `0..count`: in batches of `initial`, twice that and so on, all of a batch at once. A batch in which
/// something failed is the last, so that a quota or a broken template is not run into a thousand times.
///
/// Returns how many succeeded, and the first failure.
///
/// Upstream: `slowStartBatch` of the replica set and job controllers.
pub async fn slow_start<E, F: Future<Output = Result<(), E>>>(
    count: usize,
    initial: usize,
    mut act: impl FnMut(usize) -> F,
) -> (usize, Option<E>) {
    let mut successes = 0;
    let mut next = 0;
    let mut size = count.min(initial.max(1));
    while size > 0 {
        let mut batch: FuturesUnordered<F> = (next..next + size).map(&mut act).collect();
        let mut failure = None;
        while let Some(outcome) = batch.next().await {
            match outcome {
                Ok(()) => successes += 1,
                Err(error) => {
                    failure.get_or_insert(error);
                }
            }
        }
        if failure.is_some() {
            return (successes, failure);
        }
        next += size;
        size = (2 * size).min(count - next);
    }
    (successes, None)
}
