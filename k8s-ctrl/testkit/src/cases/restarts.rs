//! A controller takes up what it finds, whoever has left it there.

use super::{Make, undisturbed};
use crate::stage::{Stage, simulate};

/// More places than this to die at are not tried, only some of them.
const PLACES: u64 = 12;

/// It dies right after one of its changes has reached the server, and another takes over: the world comes to the same
/// end, and nothing was made twice on the way. Each change is tried.
pub fn a_crash_after_any_change_makes_no_doubles(make: Make<'_>) {
    let expected = undisturbed(make);
    let stride = expected.changes.div_ceil(PLACES).max(1);
    for change in (1..=expected.changes).step_by(stride as usize) {
        simulate(async {
            let mut stage = Stage::set(make(), 1).await;
            let ledger = stage.start();
            ledger.halt_after(change);
            let mut dead = false;
            let mut next = 0;
            loop {
                // It may die while the world comes to rest.
                let life = async {
                    stage.rest().await;
                    false
                };
                let death = async {
                    ledger.marked().await;
                    true
                };
                let died = if dead { life.await } else { either(death, life).await };
                if died {
                    dead = true;
                    stage.start();
                } else if next == stage.n_steps() {
                    break;
                } else {
                    stage.step(next).await;
                    next += 1;
                }
            }
            let after = format!("a crash after change {change}");
            expected.expect(&stage, &after).await;
            assert_eq!(stage.created(), expected.created, "after {after} there was more or less to make");
        });
    }
}

async fn either<T>(one: impl Future<Output = T>, other: impl Future<Output = T>) -> T {
    tokio::select! {
        biased;
        end = one => end,
        end = other => end,
    }
}

/// Started anew in a world that is at rest, it changes nothing.
pub fn a_restart_at_rest_changes_nothing(make: Make<'_>) {
    let expected = undisturbed(make);
    simulate(async {
        let mut stage = Stage::set(make(), 1).await;
        stage.start();
        stage.rest().await;
        stage.all_steps().await;
        stage.take().stop().await;
        let ledger = stage.start();
        stage.rest().await;
        if !stage.scenario().begins_anew {
            assert_eq!(ledger.changes(), 0, "it writes after a restart:\n{}", stage.tail());
        }
        expected.expect(&stage, "a restart").await;
    });
}

/// What was asked for before the controller came is done as well.
pub fn a_late_start_comes_to_the_same_end(make: Make<'_>) {
    let expected = undisturbed(make);
    simulate(async {
        let mut stage = Stage::set(make(), 1).await;
        stage.step(0).await;
        stage.start();
        stage.rest().await;
        for step in 1..stage.n_steps() {
            stage.step(step).await;
            stage.rest().await;
        }
        expected.expect(&stage, "a late start").await;
    });
}
