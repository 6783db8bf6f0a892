use k8s_store::Revision;

/// One way in which a history is not that of a correct store.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// Two transactions claim the same revision.
    #[error("revision {revision} was given to two transactions")]
    RevisionTwice {
        /// Which.
        revision: Revision,
    },
    /// Nobody made this revision, though later ones exist: a write that was answered is lost, or a number was skipped.
    #[error("nothing explains revision {revision}: a write is lost or the revision was skipped")]
    RevisionGap {
        /// Which.
        revision: Revision,
    },
    /// A watch told of changes that nobody made.
    #[error("a watch told of changes at revision {revision} that nobody made: {told}")]
    Phantom {
        /// Which.
        revision: Revision,
        /// The changes.
        told: String,
    },
    /// An answer that the contents at its revision do not give.
    #[error("the answer at revision {revision} is wrong: {found} where {expected} is right")]
    WrongAnswer {
        /// The revision that the answer claims.
        revision: Revision,
        /// What is right.
        expected: String,
        /// What was answered.
        found: String,
    },
    /// An answer, or an event, of a revision before one that was known when it was asked for.
    #[error("an answer of revision {found} came after revision {known} was known")]
    Stale {
        /// The revision that was answered.
        found: Revision,
        /// The revision that somebody had been told already.
        known: Revision,
    },
    /// A revision was told before the call that made it began, or one that never came to be.
    #[error("revision {found} was told before it was made")]
    FromTheFuture {
        /// Which.
        found: Revision,
    },
    /// A read was refused without reason.
    #[error("a read was refused without reason: {error}")]
    WrongRefusal {
        /// How.
        error: String,
    },
    /// A watch went back: a batch of an older revision after that of a newer.
    #[error("a watch went back in time: revision {found} after {after}")]
    WatchWentBack {
        /// The revision that was told last.
        after: Revision,
        /// The one before it that came then.
        found: Revision,
    },
    /// A watch told the same change twice.
    #[error("a watch told the same change twice, at revision {revision}")]
    WatchRepeated {
        /// Of which revision.
        revision: Revision,
    },
    /// A watch told the changes of one transaction apart.
    #[error("a watch told the transaction of revision {revision} in parts")]
    WatchTore {
        /// Of which revision.
        revision: Revision,
    },
    /// A watch did not tell a change that it should.
    #[error("a watch did not tell of revision {revision}, which comes before {before}")]
    WatchLost {
        /// Of which revision.
        revision: Revision,
        /// What it told instead, next.
        before: Revision,
    },
    /// A watch told a change otherwise than it was.
    #[error("a watch told wrongly of revision {revision}: {found} where {expected} is right")]
    WatchWrong {
        /// Of which revision.
        revision: Revision,
        /// What is right.
        expected: String,
        /// What was told.
        found: String,
    },
    /// A watch told a change of a revision at or below one of which it had said that nothing more comes.
    #[error("a watch told of revision {found} after it reported progress to {promised}")]
    ProgressBroken {
        /// The revision reported.
        promised: Revision,
        /// The one that came all the same.
        found: Revision,
    },
    /// A report of progress to a revision that is before what the watch had told already.
    #[error("a watch reported progress to {found} after it told of {after}")]
    ProgressWentBack {
        /// What was told before.
        after: Revision,
        /// The revision reported.
        found: Revision,
    },
    /// A watch told of a revision before the first that was wanted.
    #[error("a watch from revision {start} told of {found}")]
    WatchBeforeStart {
        /// The first revision wanted.
        start: Revision,
        /// What was told.
        found: Revision,
    },
    /// A watch went on after its end.
    #[error("a watch went on after its end")]
    WatchAfterEnd,
}
