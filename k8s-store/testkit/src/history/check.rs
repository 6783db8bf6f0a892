use std::collections::BTreeMap;

use k8s_store::{Error, Revision};

use super::replay::{Replay, replay};
use super::{Answer, Call, History, Moment, Request, Violation, watches};
use crate::text;

/// What a history came to.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// Why no correct store could have had it; none if one could.
    pub violations: Vec<Violation>,
    /// How many transactions wrote.
    pub transactions: usize,
    /// How many answers were compared.
    pub answers: usize,
    /// How many batches of watches were compared.
    pub batches: usize,
}

impl Verdict {
    /// Fails with what was found.
    ///
    /// # Panics
    /// When anything was.
    pub fn assert_none(&self) {
        let found: Vec<_> = self.violations.iter().take(8).map(ToString::to_string).collect();
        assert!(found.is_empty(), "{} violations: {found:#?}", self.violations.len());
    }
}

/// Looks for what no correct store could have answered.
pub fn check(history: &History) -> Verdict {
    let mut replay = replay(history);
    let mut violations = std::mem::take(&mut replay.violations);
    violations.extend(history.calls.iter().filter_map(|call| wrong(call, &replay)));
    violations.extend(out_of_order(history, &replay));
    violations.extend(history.watches.iter().flat_map(|watched| watches::check(watched, history, &replay)));
    Verdict {
        violations,
        transactions: replay.made.len(),
        answers: history.calls.iter().filter(|call| call.answered().is_some()).count(),
        batches: history.watches.iter().map(|watched| watched.told.len()).sum(),
    }
}

/// What was answered to a call that wrote nothing, compared with the contents at the revision it claims.
fn wrong(call: &Call, replay: &Replay) -> Option<Violation> {
    let (_, answer) = match &call.answer {
        Some((at, Ok(answer))) => (at, answer),
        Some((_, Err(error))) => return wrongly_refused(&call.request, error),
        None => return None,
    };
    let revision = answer.revision()?;
    if !replay.model.knows(revision) {
        return replay.complete.then_some(Violation::FromTheFuture { found: revision });
    }
    match (&call.request, answer) {
        (Request::Range(range, options), Answer::Page(found)) => {
            let asked = options.revision.filter(|asked| !asked.is_zero());
            if asked.is_some_and(|asked| asked > revision || asked < replay.model.first()) {
                return Some(Violation::FromTheFuture { found: revision });
            }
            let expected = replay.model.range_then(revision, range, *options);
            (expected != *found).then(|| Violation::WrongAnswer {
                revision,
                expected: text::page(&expected),
                found: text::page(found),
            })
        }
        (Request::Txn(txn), Answer::Outcome(found)) if !replay.made.contains_key(&revision) || !is_write(found) => {
            let (expected, _) = replay.model.imagine(revision, txn);
            (expected != *found).then(|| Violation::WrongAnswer {
                revision,
                expected: text::outcome(&expected),
                found: text::outcome(found),
            })
        }
        _ => None,
    }
}

fn is_write(outcome: &k8s_store::TxnOutcome) -> bool {
    super::replay::wrote(outcome)
}

fn wrongly_refused(request: &Request, error: &Error) -> Option<Violation> {
    let right = match error {
        // The oldest revision can be read, and not be compacted again.
        Error::Compacted { asked, oldest } => asked < oldest || matches!(request, Request::Compact(_)),
        Error::Future { asked, latest } => asked > latest,
        _ => true,
    };
    (!right).then(|| Violation::WrongRefusal { error: error.to_string() })
}

/// What somebody was told, and when: later calls must not know less.
struct Known {
    at: Moment,
    /// The revision, and whether it was seen (which comes after it was made).
    order: (Revision, bool),
}

/// Real time: what ended before a call began comes before it, and nothing is told before it was made.
fn out_of_order(history: &History, replay: &Replay) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut known: Vec<Known> = Vec::new();
    let mut asked: BTreeMap<Moment, (Revision, bool)> = BTreeMap::new();
    for call in &history.calls {
        let Some((at, answer)) = call.answered() else { continue };
        let Some(revision) = answer.revision() else { continue };
        let made = matches!(answer, Answer::Outcome(outcome) if is_write(outcome));
        known.push(Known { at, order: (revision, !made) });
        asked.insert(call.called, (revision, !made));
        violations.extend(too_early(revision, at, replay));
    }
    for (at, told) in history.watches.iter().flat_map(|watched| &watched.told) {
        let Ok(batch) = told else { continue };
        known.push(Known { at: *at, order: (batch.revision, true) });
        violations.extend(too_early(batch.revision, *at, replay));
    }
    known.sort_by_key(|known| known.at);
    let (mut most, mut next) = ((Revision::ZERO, false), known.iter().peekable());
    for (called, order) in asked {
        while let Some(known) = next.next_if(|known| known.at < called) {
            most = most.max(known.order);
        }
        if order < most {
            violations.push(Violation::Stale { found: order.0, known: most.0 });
        }
    }
    violations
}

fn too_early(revision: Revision, at: Moment, replay: &Replay) -> Option<Violation> {
    let made = replay.made.get(&revision)?;
    (*made > at).then_some(Violation::FromTheFuture { found: revision })
}
