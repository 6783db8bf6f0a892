//! The cases, one module for each subject. Each makes its clusters from fresh scenarios and panics if the controller
//! does not do as it should.

pub mod deletions;
pub mod faults;
pub mod rest;
pub mod restarts;
pub mod seeds;

use std::collections::BTreeMap;

use crate::Scenario;
use crate::stage::{Stage, simulate};
use crate::state::State;

/// Makes the same scenario again and again.
pub type Make<'a> = &'a dyn Fn() -> Scenario;

/// How it ends when nothing goes wrong.
struct Undisturbed {
    state: State,
    changes: u64,
    created: BTreeMap<String, u64>,
}

fn undisturbed(make: Make<'_>) -> Undisturbed {
    simulate(async {
        let mut stage = Stage::set(make(), 1).await;
        let ledger = stage.start();
        stage.rest().await;
        stage.all_steps().await;
        Undisturbed { state: stage.state().await, changes: ledger.changes(), created: ledger.created() }
    })
}

impl Undisturbed {
    /// Panics unless a stage has come to the same end.
    async fn expect(&self, stage: &Stage, after: &str) {
        if let Some(difference) = self.state.differs(&stage.state().await) {
            panic!("after {after} the world is another one:\n{difference}\nthe last requests:\n{}", stage.tail());
        }
    }
}
