//! What etcd's refusals mean: its codes are too few, so its words count, as for its own clients.

use std::sync::Arc;

use k8s_store::Error;
use tonic::{Code, Status};

use crate::net::LineError;

pub(crate) type Source = Arc<dyn std::error::Error + Send + Sync>;

/// Why a call has no result.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    /// etcd decided so. What is left to say is which revision, key or lease it is about.
    Refused(Refusal),
    /// Nothing happened, and nobody was there to make it happen.
    Unavailable(Source),
    /// It may have happened.
    Uncertain(Source),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Compacted,
    Future,
    KeyNotFound,
    LeaseNotFound,
    LeaseExists,
    NoSpace,
    Corrupt,
    Closed,
    Denied(String),
    Invalid(String),
}

/// What to make of one attempt's end.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// It is etcd's answer.
    Final(Refusal),
    /// etcd did not take the token: get another, nothing happened.
    BadToken,
    /// Nothing happened; this member cannot serve now.
    NotDone,
    /// It may have happened; this member may not be able to serve.
    Unknown,
}

pub(crate) fn verdict(status: &Status) -> Verdict {
    if let Some(error) = line_error(status) {
        return if error.maybe_sent { Verdict::Unknown } else { Verdict::NotDone };
    }
    let message = status.message();
    match (status.code(), message) {
        (Code::OutOfRange, "etcdserver: mvcc: required revision has been compacted") => {
            Verdict::Final(Refusal::Compacted)
        }
        (Code::OutOfRange, "etcdserver: mvcc: required revision is a future revision") => {
            Verdict::Final(Refusal::Future)
        }
        (Code::InvalidArgument, "etcdserver: key not found") => Verdict::Final(Refusal::KeyNotFound),
        (Code::NotFound, "etcdserver: requested lease not found") => Verdict::Final(Refusal::LeaseNotFound),
        (Code::FailedPrecondition, "etcdserver: lease already exists") => Verdict::Final(Refusal::LeaseExists),
        (Code::ResourceExhausted, "etcdserver: mvcc: database space exceeded") => Verdict::Final(Refusal::NoSpace),
        (Code::DataLoss, _) => Verdict::Final(Refusal::Corrupt),
        (Code::Unauthenticated, _) | (Code::InvalidArgument, "etcdserver: revision of auth store is old") => {
            Verdict::BadToken
        }
        (Code::PermissionDenied, reason)
        | (
            Code::InvalidArgument,
            reason @ ("etcdserver: user name is empty"
            | "etcdserver: authentication failed, invalid user ID or password"),
        ) => Verdict::Final(Refusal::Denied(reason.to_owned())),
        // Said before anything is proposed: by the guard at the door that calls ask for, and by a full queue.
        (Code::Unavailable, "etcdserver: no leader") | (Code::ResourceExhausted, "etcdserver: too many requests") => {
            Verdict::NotDone
        }
        (
            Code::InvalidArgument
            | Code::FailedPrecondition
            | Code::Unimplemented
            | Code::OutOfRange
            | Code::NotFound
            | Code::AlreadyExists
            | Code::ResourceExhausted,
            reason,
        ) => Verdict::Final(Refusal::Invalid(reason.to_owned())),
        _ => Verdict::Unknown,
    }
}

fn line_error(status: &Status) -> Option<&LineError> {
    let mut source = std::error::Error::source(status);
    while let Some(error) = source {
        if let Some(error) = error.downcast_ref() {
            return Some(error);
        }
        source = error.source();
    }
    None
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// For calls of which etcd refuses nothing that has a name or a revision.
impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Unavailable(source) => Self::Unavailable { source },
            Failure::Uncertain(source) => Self::Uncertain { source },
            Failure::Refused(Refusal::NoSpace) => Self::NoSpace,
            Failure::Refused(Refusal::Closed) => Self::Closed,
            Failure::Refused(Refusal::Corrupt) => Self::Corrupt { place: "etcd says so".into() },
            Failure::Refused(Refusal::Denied(reason)) => Self::Denied { reason: reason.into() },
            Failure::Refused(Refusal::Invalid(reason)) => Self::invalid(reason),
            Failure::Refused(other) => Self::invalid(format!("etcd answers {other:?} to what cannot be so")),
        }
    }
}
