use std::collections::BTreeMap;

use k8s_store::{Event, OpResult, Revision, TxnOutcome, WatchBatch};

use super::{Answer, Call, History, Moment, Request, Violation, Watched};
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
        told: Option<&Told<'_>>,
        unknown: &mut Vec<&Call>,
    ) -> Result<(), Violation> {
        let before = self.model.revision();
        let explains = |call: &&Call| {
            let events = call.uncertain().map(|txn| self.model.imagine(before, txn).1).unwrap_or_default();
            !events.is_empty() && told.is_none_or(|told| told.iter().all(|told| is_told(&events, told)))
        };
        // In the order of their calls: of two that explain the same, the earlier may come earlier.
        let Some(found) = unknown.iter().position(explains) else {
            return Err(match told {
                Some(told) => {
                    let told = told.iter().map(|(_, batch)| text::batch(batch)).collect::<Vec<_>>().join(" or ");
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

type Told<'a> = Vec<(&'a Watched, &'a WatchBatch)>;

/// What the watches told of each revision.
fn told(history: &History) -> BTreeMap<Revision, Told<'_>> {
    let mut all: BTreeMap<Revision, Told<'_>> = BTreeMap::new();
    for watched in &history.watches {
        for batch in watched.told.iter().filter_map(|(_, told)| told.as_ref().ok()).filter(|batch| !batch.is_progress())
        {
            all.entry(batch.revision).or_default().push((watched, batch));
        }
    }
    all
}

/// Whether a transaction that made `events` is what a watch told of.
fn is_told(events: &[Event], (watched, batch): &(&Watched, &WatchBatch)) -> bool {
    let wanted = |event: &&Event| watched.range.contains(&event.kv.key) && watched.options.filter.passes(event.kind);
    let told = batch.events.iter().map(|event| (event.kind, &event.kv));
    events.iter().filter(wanted).map(|event| (event.kind, &event.kv)).eq(told)
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
