//! A controller comes to rest and is quiet then, and it can be ended.

use std::time::Duration;

use k8s_ctrl::Running;

use super::Make;
use crate::stage::{Stage, simulate};
use crate::state::Stored;

const HOUR: Duration = Duration::from_secs(3600);
/// Stopping needs none of the server's time.
const AT_ONCE: Duration = Duration::from_millis(1);

/// The world comes to rest, with as many objects as the scenario says.
pub fn the_world_comes_to_rest(make: Make<'_>) {
    simulate(async {
        let mut stage = Stage::set(make(), 1).await;
        stage.start();
        stage.rest().await;
        stage.all_steps().await;
        let stored = stage.stored().await;
        for (resource, count) in &stage.scenario().expected {
            let found = stored.iter().filter(|object| object.resource().as_ref() == Some(resource));
            let names: Vec<_> = found.map(Stored::key).collect();
            assert_eq!(names.len(), *count, "{}: {names:?}\n{}", resource.group_resource(), stage.tail());
        }
    });
}

/// Once the world is at rest, a long time passes in which the controller writes nothing and reads nothing.
pub fn an_idle_controller_asks_nothing(make: Make<'_>) {
    simulate(async {
        let mut stage = Stage::set(make(), 1).await;
        let ledger = stage.start();
        stage.rest().await;
        stage.all_steps().await;
        let before = (ledger.writes(), ledger.reads());
        stage.idle(HOUR).await;
        assert_eq!((ledger.writes(), ledger.reads()), before, "(writes, reads) in an hour of rest:\n{}", stage.tail());
    });
}

/// A controller that is stopped ends at once, with all it has started, and asks nothing any more.
pub fn a_stopped_controller_asks_nothing(make: Make<'_>) {
    ends(make, async |running| {
        let stopped = tokio::time::timeout(AT_ONCE, running.stop()).await;
        assert!(stopped.is_ok(), "the controller takes its time to stop");
    });
}

/// A controller that is dropped ends at once, with all it has started, and asks nothing any more.
pub fn a_dropped_controller_asks_nothing(make: Make<'_>) {
    ends(make, async |running| drop(running));
}

/// So often the controller lives and ends.
const LIVES: usize = 3;

fn ends(make: Make<'_>, end: impl AsyncFn(Running)) {
    // At rest, and in the middle of its work.
    for at_work in [false, true] {
        simulate(async {
            let mut stage = Stage::set(make(), 1).await;
            let mut tasks = Vec::new();
            for _ in 0..LIVES {
                let ledger = stage.start();
                stage.rest().await;
                if at_work {
                    stage.step(0).await;
                    tokio::task::yield_now().await;
                } else {
                    stage.all_steps().await;
                }
                end(stage.take()).await;
                tokio::time::sleep(AT_ONCE).await;
                tasks.push(tokio::runtime::Handle::current().metrics().num_alive_tasks());
                let asked = ledger.requests();
                stage.stir().await;
                stage.idle(HOUR / 10).await;
                assert_eq!(ledger.requests(), asked, "it goes on:\n{}", stage.tail());
            }
            // The server begins to follow what it is asked for; in the first lives the controller has it do so.
            assert_eq!(tasks[LIVES - 1], tasks[LIVES - 2], "tasks are left over: {tasks:?} after each life");
        });
    }
}
