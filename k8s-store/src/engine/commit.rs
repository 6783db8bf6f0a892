use std::mem;

use bytes::Bytes;

use super::state::{Slot, State};
use crate::{
    Compare, Delete, Error, Event, EventKind, Field, KeyRange, KeyValue, LeaseId, Op, OpResult, Put, Revision, Txn,
    TxnOutcome,
};

/// What a transaction did to one key, as far as it does not follow from what was before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Wrote it.
    Put {
        /// The key.
        key: Bytes,
        /// Its new value.
        value: Bytes,
        /// The lease it is tied to from then on.
        lease: Option<LeaseId>,
    },
    /// Deleted it.
    Delete {
        /// The key.
        key: Bytes,
    },
}

/// A transaction whose comparisons are decided.
struct Decided {
    succeeded: bool,
    ops: Vec<Op>,
    /// The transactions inside, in the order of their places among `ops`.
    inside: Vec<Decided>,
}

impl State {
    /// Runs a transaction. After an error nothing has changed.
    pub(super) fn commit(&mut self, txn: Txn) -> Result<TxnOutcome, Error> {
        let decided = self.decide(txn);
        self.check(&decided)?;
        let mut events = Vec::with_capacity(decided.ops.len());
        let mut outcome = self.run(decided, &mut events)?;
        self.record(events);
        outcome.settle(self.revision());
        Ok(outcome)
    }

    /// Runs a transaction that writes nothing.
    pub(super) fn look(&self, txn: Txn) -> Result<TxnOutcome, Error> {
        let Decided { succeeded, ops, inside } = self.decide(txn);
        let mut inside = inside.into_iter();
        self.look_decided(succeeded, ops, &mut inside)
    }

    fn look_decided(
        &self,
        succeeded: bool,
        ops: Vec<Op>,
        inside: &mut dyn Iterator<Item = Decided>,
    ) -> Result<TxnOutcome, Error> {
        let mut results = Vec::with_capacity(ops.len());
        for op in ops {
            match op {
                Op::Range(range, options) => results.push(OpResult::Range(self.read(&range, options, &[])?)),
                Op::Txn(_) => {
                    if let Some(Decided { succeeded, ops, inside }) = inside.next() {
                        let outcome = self.look_decided(succeeded, ops, &mut inside.into_iter())?;
                        results.push(OpResult::Txn(outcome));
                    }
                }
                Op::Put(_) | Op::Delete(_) => {}
            }
        }
        Ok(TxnOutcome { succeeded, revision: self.revision(), results })
    }

    /// Deletes `keys` in one transaction.
    pub(super) fn delete_all(&mut self, keys: impl IntoIterator<Item = Bytes>) {
        let at = self.revision().next();
        let mut events = Vec::new();
        for key in keys {
            self.delete_one(&key, at, &mut events);
        }
        self.record(events);
    }

    /// Makes changes that were made before, in one transaction.
    pub(super) fn repeat(&mut self, changes: impl IntoIterator<Item = Change>) {
        let at = self.revision().next();
        let mut events = Vec::new();
        for change in changes {
            match change {
                Change::Put { key, value, lease } => {
                    let (value, lease) = (Field::Set(value), Field::Set(lease));
                    self.put(Put { key, value, lease, prev: false }, at, &mut events);
                }
                Change::Delete { key } => self.delete_one(&key, at, &mut events),
            }
        }
        self.record(events);
    }

    /// Ties each key to its lease.
    pub(super) fn tie_all(&mut self) {
        if !self.leases.is_empty() {
            for (key, slot) in self.keys.all() {
                if slot.lease.is_some() {
                    self.leases.tie(key, None, slot.lease);
                }
            }
        }
    }

    fn record(&mut self, events: Vec<Event>) {
        if !events.is_empty() {
            self.history.push(events.into());
        }
    }

    fn decide(&self, txn: Txn) -> Decided {
        let succeeded = txn.compares.iter().all(|compare| self.holds(compare));
        let mut ops = if succeeded { txn.then } else { txn.otherwise };
        let mut inside = Vec::new();
        for op in &mut ops {
            if let Op::Txn(txn) = op {
                inside.push(self.decide(mem::take(txn)));
            }
        }
        Decided { succeeded, ops, inside }
    }

    fn holds(&self, compare: &Compare) -> bool {
        if let Some(key) = compare.range.as_one() {
            return compare.holds_for(self.keys.get(key).map(|(_, slot)| slot.parts()));
        }
        let mut found = self.keys.range(&compare.range).map(|(_, slot)| slot.parts()).peekable();
        if found.peek().is_none() {
            return compare.holds_for(None);
        }
        found.all(|parts| compare.holds_for(Some(parts)))
    }

    /// Finds every reason to fail before anything is changed.
    fn check(&self, decided: &Decided) -> Result<(), Error> {
        for op in &decided.ops {
            match op {
                Op::Put(put) => self.check_put(put)?,
                Op::Range(_, options) => {
                    options
                        .revision
                        .filter(|r| !r.is_zero())
                        .map_or(Ok(()), |revision| self.check_held(revision, self.revision()))?;
                }
                Op::Delete(_) | Op::Txn(_) => {}
            }
        }
        decided.inside.iter().try_for_each(|decided| self.check(decided))
    }

    fn check_put(&self, put: &Put) -> Result<(), Error> {
        if let Field::Set(Some(lease)) = put.lease {
            self.leases.check(lease)?;
        }
        // Nothing before it in the transaction can have deleted the key: that would change it twice.
        let keeps = put.value == Field::Keep || put.lease == Field::Keep;
        if keeps && self.keys.get(&put.key).is_none() {
            return Err(Error::NotFound { key: put.key.clone() });
        }
        Ok(())
    }

    fn run(&mut self, decided: Decided, events: &mut Vec<Event>) -> Result<TxnOutcome, Error> {
        let at = self.revision().next();
        let mut inside = decided.inside.into_iter();
        let mut results = Vec::with_capacity(decided.ops.len());
        for op in decided.ops {
            results.push(match op {
                Op::Put(put) => self.put(put, at, events),
                Op::Delete(delete) => self.delete(&delete, at, events),
                Op::Range(range, options) => OpResult::Range(self.read(&range, options, events)?),
                Op::Txn(_) => match inside.next() {
                    Some(decided) => OpResult::Txn(self.run(decided, events)?),
                    None => continue,
                },
            });
        }
        Ok(TxnOutcome { succeeded: decided.succeeded, revision: at, results })
    }

    fn put(&mut self, put: Put, at: Revision, events: &mut Vec<Event>) -> OpResult {
        let Put { key, value, lease, prev: want_prev } = put;
        let (key, slot, old) = self.keys.put(key, |old| Slot {
            value: value.or_keep(|| old.map_or_else(Bytes::new, |old| old.value.clone())),
            lease: lease.or_keep(|| old.and_then(|old| old.lease)),
            create_revision: old.map_or(at, |old| old.create_revision),
            mod_revision: at,
            version: old.map_or(1, |old| old.version + 1),
        });
        let (key, now) = (key.clone(), slot.under(key));
        let prev = old.map(|old| old.into_version(key.clone()));
        if prev.is_none() {
            self.bytes += key.len();
        }
        self.bytes = self.bytes + now.value.len() - prev.as_ref().map_or(0, |prev| prev.value.len());
        self.tie(&key, prev.as_ref().and_then(|prev| prev.lease), now.lease);
        let result = OpResult::Put { prev: if want_prev { prev.clone() } else { None } };
        events.push(Event { kind: EventKind::Put, kv: now, prev });
        result
    }

    fn delete(&mut self, delete: &Delete, at: Revision, events: &mut Vec<Event>) -> OpResult {
        let first = events.len();
        match delete.range.as_one() {
            Some(key) => self.delete_one(key, at, events),
            None => {
                for key in self.keys_in(&delete.range) {
                    self.delete_one(&key, at, events);
                }
            }
        }
        let gone = &events[first..];
        let prev = if delete.prev { gone.iter().filter_map(|event| event.prev.clone()).collect() } else { Vec::new() };
        OpResult::Delete { deleted: gone.len() as u64, prev }
    }

    fn keys_in(&self, range: &KeyRange) -> Vec<Bytes> {
        self.keys.range(range).map(|(key, _)| key.clone()).collect()
    }

    fn delete_one(&mut self, key: &[u8], at: Revision, events: &mut Vec<Event>) {
        let Some((key, slot)) = self.keys.remove(key) else { return };
        self.bytes -= key.len() + slot.value.len();
        self.tie(&key, slot.lease, None);
        let kv = KeyValue::tombstone(key.clone(), at);
        events.push(Event { kind: EventKind::Delete, kv, prev: Some(slot.into_version(key)) });
    }

    pub(super) fn tie(&mut self, key: &Bytes, before: Option<LeaseId>, now: Option<LeaseId>) {
        if before != now {
            self.leases.tie(key, before, now);
        }
    }
}

impl<T> Field<T> {
    fn or_keep(self, old: impl FnOnce() -> T) -> T {
        match self {
            Self::Set(new) => new,
            Self::Keep => old(),
        }
    }
}

impl TxnOutcome {
    /// Sets the revision that turned out, here and inside.
    fn settle(&mut self, revision: Revision) {
        self.revision = revision;
        for result in &mut self.results {
            match result {
                OpResult::Txn(outcome) => outcome.settle(revision),
                OpResult::Range(page) => page.revision = revision,
                OpResult::Put { .. } | OpResult::Delete { .. } => {}
            }
        }
    }
}
