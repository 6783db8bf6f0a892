use std::collections::BTreeSet;

use k8s_store::Revision;

/// A request for the progress of all watches of a stream together.
///
/// It is answered once each watch has reported, with the least revision reported: below it, no watch has more to say.
#[derive(Debug, Default)]
pub(super) struct Together {
    round: Option<Round>,
    /// Was requested again while a round was going on, whose reports may be older than that request.
    again: bool,
}

#[derive(Debug)]
struct Round {
    waiting: BTreeSet<i64>,
    lowest: Option<Revision>,
}

/// What follows from a report.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Others have not reported.
    Wait,
    /// All watches are complete up to this revision; `again` says that the next round is due.
    Done { revision: Revision, again: bool },
}

impl Together {
    /// Whether a new round begins, in which each of `watches` has to be asked for its progress.
    pub(super) fn request(&mut self, watches: impl Iterator<Item = i64>) -> bool {
        if self.round.is_some() {
            self.again = true;
            return false;
        }
        let waiting: BTreeSet<_> = watches.collect();
        // With no watch there is nobody who could be told.
        if waiting.is_empty() {
            return false;
        }
        self.round = Some(Round { waiting, lowest: None });
        true
    }

    /// Whether a watch that just joined the stream has to be asked as well.
    pub(super) fn join(&mut self, id: i64) -> bool {
        self.round.as_mut().is_some_and(|round| round.waiting.insert(id))
    }

    pub(super) fn report(&mut self, id: i64, revision: Revision) -> Outcome {
        if let Some(round) = &mut self.round
            && round.waiting.remove(&id)
        {
            round.lowest = Some(round.lowest.map_or(revision, |lowest| lowest.min(revision)));
        }
        self.outcome()
    }

    /// A watch that is gone is not waited for.
    pub(super) fn leave(&mut self, id: i64) -> Outcome {
        if let Some(round) = &mut self.round {
            round.waiting.remove(&id);
        }
        self.outcome()
    }

    fn outcome(&mut self) -> Outcome {
        match self.round.take_if(|round| round.waiting.is_empty()) {
            Some(Round { lowest: Some(revision), .. }) => {
                Outcome::Done { revision, again: std::mem::take(&mut self.again) }
            }
            // The last watch that was waited for is gone and none had reported.
            Some(Round { lowest: None, .. }) => {
                self.again = false;
                Outcome::Wait
            }
            None => Outcome::Wait,
        }
    }
}
