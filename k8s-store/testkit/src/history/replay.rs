use std::collections::BTreeMap;

use k8s_store::{Event, OpResult, Revision, TxnOutcome};

use super::{Answer, Call, History, Moment, Request, Violation};
use crate::model::Model;
use crate::text;

/// The one order of transactions that the revisions claim, as far as it explains the history.
pub(super) struct Replay {
    pub(super) model: Model,
    /// When the call of each transaction began, by its revision.
    pub(super) made: BTreeMap<Revision, Moment>,
    pub(super) violations: Vec<Violation>,
    /// Whether all that happened was explained.
    pub(super) complete: bool,
}

/// Runs the transactions in the order of their revisions. What nobody claims is explained by a call of unknown outcome
/// that makes what the watches told of it.
pub(super) fn replay(history: &History) -> Replay {
    let mut writes: BTreeMap<Revision, Vec<&Call>> = BTreeMap::new();
    for call in &history.calls {
        if let Some((_, Answer::Outcome(outcome))) = call.answered()
            && wrote(outcome)
        {
            writes.entry(outcome.revision).or_default().push(call);
        }
    }
    let told = told(history);
    let latest = writes.keys().chain(told.keys()).max().copied().unwrap_or(history.first);
    let mut unknown: Vec<&Call> = history.calls.iter().filter(|call| call.uncertain().is_some()).collect();
    let mut replay =
        Replay { model: Model::new(history.first), made: BTreeMap::new(), violations: Vec::new(), complete: true };
    let mut revision = history.first;
    while revision < latest {
        revision = revision.next();
        let claims = writes.get(&revision).map_or(&[][..], Vec::as_slice);
        let step = match claims {
            [call] => replay.known(call),
            [] => replay.unknown(revision, told.get(&revision), &mut unknown),
            _ => Err(Violation::RevisionTwice { revision }),
        };
        if let Err(violation) = step {
            // What comes after the first mistake would be judged by contents that never were.
            replay.violations.push(violation);
            replay.complete = false;
            break;
        }
    }
    replay
}

impl Replay {
    fn known(&mut self, call: &Call) -> Result<(), Violation> {
        let (Request::Txn(txn), Some((_, Answer::Outcome(found)))) = (&call.request, call.answered()) else {
            return Ok(());
        };
        let before = self.model.revision();
        let (expected, events) = self.model.imagine(before, txn);
        if expected != *found || events.is_empty() {
            return Err(Violation::WrongAnswer {
                revision: found.revision,
                expected: text::outcome(&expected),
                found: text::outcome(found),
            });
        }
        self.model.txn(txn);
        self.made.insert(found.revision, call.called);
        Ok(())
    }

    fn unknown(
        &mut self,
        revision: Revision,
        told: Option<&BTreeMap<&[u8], &Event>>,
        unknown: &mut Vec<&Call>,
    ) -> Result<(), Violation> {
        let before = self.model.revision();
        let explains = |call: &&Call| {
            let events = call.uncertain().map(|txn| self.model.imagine(before, txn).1).unwrap_or_default();
            let agrees = |told: &&Event| events.iter().any(|event| event.kind == told.kind && event.kv == told.kv);
            !events.is_empty() && told.is_none_or(|told| told.values().all(agrees))
        };
        // In the order of their calls: of two that explain the same, the earlier may come earlier.
        let Some(found) = unknown.iter().position(explains) else {
            return Err(match told {
                Some(told) => {
                    let told = told.values().map(|event| text::event(event)).collect::<Vec<_>>().join(" ");
                    Violation::Phantom { revision, told }
                }
                None => Violation::RevisionGap { revision },
            });
        };
        let call = unknown.remove(found);
        if let Some(txn) = call.uncertain() {
            self.model.txn(txn);
            self.made.insert(revision, call.called);
        }
        Ok(())
    }
}

/// What any watch told of each revision.
fn told(history: &History) -> BTreeMap<Revision, BTreeMap<&[u8], &Event>> {
    let mut all: BTreeMap<Revision, BTreeMap<&[u8], &Event>> = BTreeMap::new();
    let batches = history.watches.iter().flat_map(|watched| &watched.told).filter_map(|(_, told)| told.as_ref().ok());
    for batch in batches.filter(|batch| !batch.is_progress()) {
        let events = all.entry(batch.revision).or_default();
        for event in &batch.events {
            events.entry(&event.kv.key).or_insert(event);
        }
    }
    all
}

/// Whether a transaction changed anything, by its own account.
pub(super) fn wrote(outcome: &TxnOutcome) -> bool {
    outcome.results.iter().any(|result| match result {
        OpResult::Put { .. } => true,
        OpResult::Delete { deleted, .. } => *deleted > 0,
        OpResult::Txn(inner) => wrote(inner),
        OpResult::Range(_) => false,
    })
}
