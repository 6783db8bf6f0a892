use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use k8s_store::{
    Error, Field, KeyRange, LeaseId, Leases, Op, Page, RangeOptions, Revision, Status, Store, Txn, TxnOutcome, Watch,
    WatchOptions,
};
use k8s_store_etcd_proto::etcdserverpb::maintenance_client::MaintenanceClient;
use k8s_store_etcd_proto::etcdserverpb::{CompactionRequest, StatusRequest};

use crate::call::{Attempt, Calls, Kind, SETTLED_TXN, kv};
use crate::failure::{Failure, Refusal};
use crate::{Builder, watch, wire};

/// Asked for when any key will do.
const SMALLEST: Bytes = Bytes::from_static(&[0]);

/// A store that an etcd keeps, alone or as a cluster.
///
/// Cloning shares the connection. Dropping the last clone and the last watch closes it.
#[derive(Clone)]
pub struct Etcd {
    pub(crate) calls: Arc<Calls>,
}

impl Etcd {
    /// The etcd whose members are at `endpoints`, such as `http://127.0.0.1:2379`, without TLS or a user.
    ///
    /// # Errors
    /// Those of [`Builder::connect`].
    pub async fn connect(endpoints: impl IntoIterator<Item = impl Into<String>>) -> Result<Self, Error> {
        Self::builder(endpoints).connect().await
    }

    /// The etcd whose members are at `endpoints`; more can be said before connecting.
    pub fn builder(endpoints: impl IntoIterator<Item = impl Into<String>>) -> Builder {
        Builder::new(endpoints)
    }

    pub(crate) fn new(calls: Calls) -> Self {
        Self { calls: Arc::new(calls) }
    }

    /// # Errors
    /// When no endpoint answers in time, or does not let the user in.
    pub(crate) async fn greet(&self) -> Result<(), Error> {
        Ok(self.calls.now().await.map(drop)?)
    }

    /// The store's error for a failure that may be about a revision.
    pub(crate) async fn about_revision(&self, failure: Failure, asked: Option<Revision>, key: &Bytes) -> Error {
        let asked = asked.unwrap_or(Revision::ZERO);
        let error = async {
            match failure {
                Failure::Refused(Refusal::Compacted) => {
                    let now = self.calls.now().await?;
                    Ok(Error::Compacted { asked, oldest: self.calls.oldest(key.clone(), now).await? })
                }
                Failure::Refused(Refusal::Future) => Ok(Error::Future { asked, latest: self.calls.now().await? }),
                failure => Err(failure),
            }
        };
        error.await.unwrap_or_else(Error::from)
    }

    /// The store's error for a transaction that etcd refused, with what etcd does not say: about which part of it.
    async fn about_txn(&self, failure: Failure, txn: &Txn) -> Error {
        let mut parts = Parts::default();
        parts.add(txn);
        match failure {
            Failure::Refused(Refusal::KeyNotFound) if !parts.kept.is_empty() => {
                Error::NotFound { key: self.first_absent(parts.kept).await }
            }
            Failure::Refused(Refusal::LeaseNotFound) => match self.first_ended(&parts.leases).await {
                Some(id) => Error::LeaseNotFound { id },
                None => Error::invalid("etcd misses a lease that was not named"),
            },
            failure => {
                let key = parts.read_key.unwrap_or(SMALLEST);
                self.about_revision(failure, parts.revision, &key).await
            }
        }
    }

    async fn first_absent(&self, mut keys: Vec<Bytes>) -> Bytes {
        let last = keys.pop().unwrap_or_default();
        for key in keys {
            let found = self.range(KeyRange::one(key.clone()), RangeOptions::latest().count_only()).await;
            if found.is_ok_and(|page| page.count == 0) {
                return key;
            }
        }
        last
    }

    async fn first_ended(&self, leases: &BTreeSet<LeaseId>) -> Option<LeaseId> {
        let last = *leases.last()?;
        for id in leases.iter().copied().filter(|id| *id != last) {
            if matches!(self.time_to_live(id).await, Err(Error::LeaseNotFound { .. })) {
                return Some(id);
            }
        }
        Some(last)
    }
}

/// What a transaction names that etcd may miss.
#[derive(Default)]
struct Parts {
    kept: Vec<Bytes>,
    leases: BTreeSet<LeaseId>,
    revision: Option<Revision>,
    read_key: Option<Bytes>,
}

impl Parts {
    fn add(&mut self, txn: &Txn) {
        for op in txn.then.iter().chain(&txn.otherwise) {
            match op {
                Op::Put(put) => {
                    if matches!(put.value, Field::Keep) || matches!(put.lease, Field::Keep) {
                        self.kept.push(put.key.clone());
                    }
                    if let Field::Set(Some(lease)) = put.lease {
                        self.leases.insert(lease);
                    }
                }
                Op::Range(range, options) if options.revision.is_some() => {
                    self.revision = self.revision.or(options.revision);
                    self.read_key.get_or_insert_with(|| wire::any_key(range));
                }
                Op::Txn(inner) => self.add(inner),
                Op::Range(..) | Op::Delete(_) => {}
            }
        }
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait::async_trait]
impl Store for Etcd {
    async fn range(&self, range: KeyRange, options: RangeOptions) -> Result<Page, Error> {
        match self.calls.range(wire::range_request(&range, options)).await {
            Ok(answer) => Ok(wire::page(answer)),
            Err(failure) => Err(self.about_revision(failure, options.revision, &wire::any_key(&range)).await),
        }
    }

    async fn txn(&self, txn: Txn) -> Result<TxnOutcome, Error> {
        txn.check()?;
        let kind = if txn.is_read_only() { Kind::Read } else { Kind::Write };
        let attempt: Attempt<_, _> = if txn.then.is_empty() && txn.otherwise.is_empty() {
            SETTLED_TXN
        } else {
            |line, request| Box::pin(async move { kv(line).txn(request).await })
        };
        match self.calls.call(kind, wire::txn(&txn), attempt).await {
            Ok(answer) => wire::outcome(answer).ok_or_else(|| Error::invalid("etcd's answer lacks a result")),
            Err(failure) => Err(self.about_txn(failure, &txn).await),
        }
    }

    async fn watch(&self, range: KeyRange, options: WatchOptions) -> Result<Watch, Error> {
        watch::open(self, range, options).await
    }

    async fn compact(&self, revision: Revision) -> Result<(), Error> {
        let request = CompactionRequest { revision: revision.0 as i64, physical: false };
        let attempt: Attempt<_, _> = |line, request| Box::pin(async move { kv(line).compact(request).await });
        match self.calls.call(Kind::Write, request, attempt).await {
            Ok(_) => Ok(()),
            Err(failure) => Err(self.about_revision(failure, Some(revision), &SMALLEST).await),
        }
    }

    /// The sizes and the oldest revision are etcd's secrets from users who may not administrate it or not read every
    /// key; what they are told is 0, and the oldest revision that was heard of.
    async fn status(&self) -> Result<Status, Error> {
        let attempt: Attempt<_, _> =
            |line, request| Box::pin(async move { MaintenanceClient::new(line).status(request).await });
        let member = allowed(self.calls.call(Kind::Read, StatusRequest {}, attempt).await)?;
        let (size, size_in_use) = member.map_or((0, 0), |member| (member.db_size as u64, member.db_size_in_use as u64));
        let revision = self.calls.now().await?;
        let oldest = allowed(self.calls.oldest(SMALLEST, revision).await)?.unwrap_or(*self.calls.oldest.lock());
        Ok(Status { revision, oldest, size, size_in_use })
    }
}

/// Nothing where the user may not know.
fn allowed<T>(result: Result<T, Failure>) -> Result<Option<T>, Failure> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(Failure::Refused(Refusal::Denied(_))) => Ok(None),
        Err(failure) => Err(failure),
    }
}

impl fmt::Debug for Etcd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Etcd").finish_non_exhaustive()
    }
}
