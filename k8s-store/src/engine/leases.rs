use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::Next;
use crate::{Error, Lease, LeaseId, LeaseStatus};

/// The leases that have not ended.
#[derive(Debug, Default)]
pub(super) struct Table {
    granted: BTreeMap<LeaseId, Grant>,
    /// The same, by when they end.
    due: BTreeSet<(Instant, LeaseId)>,
    last_id: i64,
    /// How to take back what is staged, oldest first.
    staged: VecDeque<Undo>,
    published: u64,
}

#[derive(Debug)]
enum Undo {
    Grant(LeaseId),
    End(LeaseId, Grant),
}

#[derive(Debug)]
struct Grant {
    ttl: Duration,
    until: Instant,
    keys: BTreeSet<Bytes>,
}

impl Table {
    pub(super) fn check(&self, id: LeaseId) -> Result<(), Error> {
        if self.granted.contains_key(&id) { Ok(()) } else { Err(Error::LeaseNotFound { id }) }
    }

    /// Moves `key` from one lease to another.
    pub(super) fn tie(&mut self, key: &Bytes, before: Option<LeaseId>, now: Option<LeaseId>) {
        if let Some(grant) = before.and_then(|id| self.granted.get_mut(&id)) {
            grant.keys.remove(key);
        }
        if let Some(grant) = now.and_then(|id| self.granted.get_mut(&id)) {
            grant.keys.insert(key.clone());
        }
    }

    pub(super) fn grant(&mut self, ttl: Duration, id: Option<LeaseId>) -> Result<LeaseId, Error> {
        if ttl.is_zero() {
            return Err(Error::invalid("a lease has no time to live"));
        }
        let id = id.unwrap_or_else(|| self.free_id());
        if self.granted.contains_key(&id) {
            return Err(Error::LeaseExists { id });
        }
        let until = end_of(ttl)?;
        self.insert(id, Grant { ttl, until, keys: BTreeSet::new() });
        self.staged.push_back(Undo::Grant(id));
        Ok(id)
    }

    fn insert(&mut self, id: LeaseId, grant: Grant) {
        self.due.insert((grant.until, id));
        self.granted.insert(id, grant);
    }

    fn remove(&mut self, id: LeaseId) -> Option<Grant> {
        let grant = self.granted.remove(&id)?;
        self.due.remove(&(grant.until, id));
        Some(grant)
    }

    fn free_id(&mut self) -> LeaseId {
        loop {
            self.last_id = self.last_id.wrapping_add(1);
            match LeaseId::new(self.last_id) {
                Some(id) if !self.granted.contains_key(&id) => return id,
                _ => {}
            }
        }
    }

    pub(super) fn keep_alive(&mut self, id: LeaseId) -> Result<Lease, Error> {
        let grant = self.granted.get_mut(&id).ok_or(Error::LeaseNotFound { id })?;
        let until = end_of(grant.ttl)?;
        self.due.remove(&(grant.until, id));
        self.due.insert((until, id));
        grant.until = until;
        Ok(Lease { id, ttl: grant.ttl })
    }

    /// Ends a lease; returns the keys that were tied to it.
    pub(super) fn end(&mut self, id: LeaseId) -> Result<BTreeSet<Bytes>, Error> {
        let grant = self.remove(id).ok_or(Error::LeaseNotFound { id })?;
        let keys = grant.keys.clone();
        self.staged.push_back(Undo::End(id, grant));
        Ok(keys)
    }

    pub(super) fn status(&self, id: LeaseId) -> Result<LeaseStatus, Error> {
        let grant = self.granted.get(&id).ok_or(Error::LeaseNotFound { id })?;
        let remaining = grant.until.saturating_duration_since(Instant::now());
        Ok(LeaseStatus { id, ttl: grant.ttl, remaining, keys: grant.keys.iter().cloned().collect() })
    }

    pub(super) fn list(&self) -> Vec<Lease> {
        self.granted.iter().map(|(id, grant)| Lease { id: *id, ttl: grant.ttl }).collect()
    }

    pub(super) fn next_due(&self) -> Next {
        match self.due.first() {
            Some((until, id)) if *until <= Instant::now() => Next::End(*id),
            Some((until, _)) => Next::At(*until),
            None => Next::Idle,
        }
    }

    /// A keep-alive may have come after [`Table::next_due`] was asked.
    pub(super) fn is_due(&self, id: LeaseId) -> bool {
        self.granted.get(&id).is_some_and(|grant| grant.until <= Instant::now())
    }

    /// Makes the store's next name for a lease one that comes after all that it has seen.
    pub(super) fn avoid(&mut self, id: LeaseId) {
        self.last_id = self.last_id.max(id.get());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.granted.is_empty()
    }

    /// Starts every lease's time now.
    pub(super) fn renew(&mut self) {
        let ids: Vec<_> = self.granted.keys().copied().collect();
        for id in ids {
            let _there = self.keep_alive(id);
        }
    }

    /// Staged changes so far.
    pub(super) fn changes(&self) -> u64 {
        self.published + self.staged.len() as u64
    }

    pub(super) fn published(&self) -> u64 {
        self.published
    }

    pub(super) fn is_settled(&self) -> bool {
        self.staged.is_empty()
    }

    pub(super) fn publish(&mut self, changes: u64) {
        while self.published < changes && self.staged.pop_front().is_some() {
            self.published += 1;
        }
    }

    /// Takes back what is staged. The keys of what is changed back here are tied again as they are changed back.
    pub(super) fn retract(&mut self) {
        while let Some(undo) = self.staged.pop_back() {
            match undo {
                Undo::Grant(id) => drop(self.remove(id)),
                Undo::End(id, grant) => self.insert(id, grant),
            }
        }
    }
}

fn end_of(ttl: Duration) -> Result<Instant, Error> {
    Instant::now().checked_add(ttl).ok_or_else(|| Error::invalid("a lease outlives the clock"))
}
