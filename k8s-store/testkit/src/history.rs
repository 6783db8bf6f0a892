//! What a store was asked and what it answered, and whether a correct store could have answered so.
//!
//! A [`Recorder`] writes down every call, answer and batch, in the order in which they happened. [`check`] then looks for an order of the transactions that explains all of it. There is no search: each answer
//! carries the revision that it claims, so the order is given, and what remains is to replay it on the
//! [model](crate::model) and to compare. That makes histories of any length cheap to check, and the judgement exact:
//! reads, writes and failed comparisons of the whole store are strictly serializable if nothing is reported.
//!
//! Calls whose outcome is unknown, because they failed with [`k8s_store::Error::Uncertain`] or were never answered,
//! may have taken place or not; one that is needed to explain a revision did.

mod check;
mod recorded;
mod replay;
mod violation;
mod watches;

pub use check::{Verdict, check};
pub use recorded::{Recorded, Recorder};
pub use violation::Violation;

use k8s_store::{Error, KeyRange, Page, RangeOptions, Revision, Status, Txn, TxnOutcome, WatchBatch, WatchOptions};

/// A moment: later than all smaller ones.
pub type Moment = u64;

/// All that happened to a store that was empty at first.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// The store's revision before the first call.
    pub first: Revision,
    /// The calls, in the order in which they began.
    pub calls: Vec<Call>,
    /// The watches, in the order in which they were asked for.
    pub watches: Vec<Watched>,
    /// Whether a previous version may be absent from an event because it was compacted.
    pub prev_may_be_compacted: bool,
}

/// One call and its answer.
#[derive(Clone, Debug)]
pub struct Call {
    /// When it began.
    pub called: Moment,
    /// What was asked.
    pub request: Request,
    /// When it was answered, and how; none if it never was.
    pub answer: Option<(Moment, Result<Answer, Error>)>,
}

/// What was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// To read.
    Range(KeyRange, RangeOptions),
    /// To run a transaction.
    Txn(Txn),
    /// To forget.
    Compact(Revision),
    /// To tell where it is.
    Status,
}

/// How it was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// To a read.
    Page(Page),
    /// To a transaction.
    Outcome(TxnOutcome),
    /// To a request for status.
    Status(Status),
    /// To a compaction.
    Done,
}

/// One watch and what it told.
#[derive(Clone, Debug)]
pub struct Watched {
    /// The keys followed.
    pub range: KeyRange,
    /// How.
    pub options: WatchOptions,
    /// The store's revision when it was opened, by its own account; none if it was not.
    pub opened_at: Option<Revision>,
    /// What it told, and when that was heard. Nothing comes after an error.
    pub told: Vec<(Moment, Result<WatchBatch, Error>)>,
}

impl Answer {
    /// The store's revision, by the answer's account.
    pub fn revision(&self) -> Option<Revision> {
        match self {
            Self::Page(page) => Some(page.revision),
            Self::Outcome(outcome) => Some(outcome.revision),
            Self::Status(status) => Some(status.revision),
            Self::Done => None,
        }
    }
}

impl Call {
    /// The answer, if it was one.
    pub fn answered(&self) -> Option<(Moment, &Answer)> {
        match &self.answer {
            Some((at, Ok(answer))) => Some((*at, answer)),
            _ => None,
        }
    }

    /// The transaction, if nobody knows whether it took place.
    pub fn uncertain(&self) -> Option<&Txn> {
        match (&self.request, &self.answer) {
            (Request::Txn(txn), None | Some((_, Err(Error::Uncertain { .. })))) => Some(txn),
            _ => None,
        }
    }
}
