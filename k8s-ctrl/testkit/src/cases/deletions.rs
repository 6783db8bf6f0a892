//! What is deleted is let go, or made again.

use std::time::Duration;

use k8s_api_client::DeleteOptions;

use super::{Make, undisturbed};
use crate::roles::GarbageCollector;
use crate::stage::{Stage, simulate};

/// More moments than this are not tried.
const MOMENTS: u64 = 4;
/// What a controller has not begun after so long, it waits for others to allow.
const LONG: Duration = Duration::from_secs(5);

/// What the first step asked for is deleted while the controller is at work on it: all that was made for it goes, too,
/// and when it is asked for again the world comes to the same end.
pub fn a_deletion_in_the_middle_is_followed(make: Make<'_>) {
    if !make().deletable {
        return;
    }
    let expected = undisturbed(make);
    for changes in 1..=expected.changes.min(MOMENTS) {
        simulate(async {
            let mut stage = Stage::set(make(), 1).await;
            stage.add(GarbageCollector);
            let ledger = stage.start();
            stage.rest().await;
            let before = stage.state().await;
            let first = ledger.changes();
            ledger.mark(first + changes);
            stage.step(0).await;
            // Where it makes fewer changes, the deletion comes when it is done.
            let _ = tokio::time::timeout(LONG, ledger.marked()).await;
            stage.undo().await;
            stage.rest().await;
            if let Some(difference) = before.differs(&stage.state().await) {
                panic!("deleted after {changes} changes, something stays:\n{difference}\n{}", stage.tail());
            }
            stage.all_steps().await;
            expected.expect(&stage, &format!("a deletion after {changes} changes")).await;
        });
    }
}

/// What the controller has made and somebody deletes is made again.
pub fn what_is_taken_away_comes_back(make: Make<'_>) {
    if make().healed.is_empty() {
        return;
    }
    let expected = undisturbed(make);
    simulate(async {
        let mut stage = Stage::set(make(), 1).await;
        stage.start();
        stage.rest().await;
        stage.all_steps().await;
        let healed = stage.scenario().healed.clone();
        for object in stage.stored().await {
            let ours = object.resource().is_some_and(|resource| healed.contains(&resource));
            if !ours || object.is_applied() {
                continue;
            }
            let now = DeleteOptions::default().grace(0);
            object.delete(stage.world(), now).await.unwrap_or_else(|status| panic!("{}: {status}", object.key()));
            stage.rest().await;
            expected.expect(&stage, &format!("{} was deleted", object.key())).await;
        }
    });
}
