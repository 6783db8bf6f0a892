//! A store so simple that it is plainly right: every revision's whole contents, and every event ever.

use std::collections::BTreeMap;

use bytes::Bytes;
use k8s_store::{
    Compare, Event, EventKind, Field, KeyRange, KeyValue, Op, OpResult, Page, RangeOptions, Revision, Txn, TxnOutcome,
    WatchBatch, WatchOptions,
};

/// The reference. It knows no leases and forgets nothing; requests are taken to be valid.
#[derive(Clone, Debug)]
pub struct Model {
    /// The contents at each revision, the first at index 0.
    states: Vec<BTreeMap<Bytes, KeyValue>>,
    /// The events of each revision, in order, as with previous versions.
    events: Vec<Vec<Event>>,
    first: Revision,
}

impl Model {
    /// An empty store at `revision`.
    pub fn new(revision: Revision) -> Self {
        Self { states: vec![BTreeMap::new()], events: vec![Vec::new()], first: revision }
    }

    /// The latest revision.
    pub fn revision(&self) -> Revision {
        Revision(self.first.0 + self.states.len() as u64 - 1)
    }

    /// The events of `revision` in `range`, with previous versions.
    pub fn events(&self, revision: Revision, range: &KeyRange) -> Vec<Event> {
        let events = &self.events[(revision.0 - self.first.0) as usize];
        events.iter().filter(|event| range.contains(&event.kv.key)).cloned().collect()
    }

    /// What a watch of `range` tells by now, from its revision `start` on.
    pub fn watched(&self, range: &KeyRange, options: WatchOptions, start: Revision) -> Vec<WatchBatch> {
        let batch = |revision| {
            let mut events = self.events(Revision(revision), range);
            events.retain(|event| options.filter.passes(event.kind));
            if !options.prev {
                for event in &mut events {
                    event.prev = None;
                }
            }
            WatchBatch { revision: Revision(revision), events }
        };
        (start.0..=self.revision().0).map(batch).filter(|batch| !batch.events.is_empty()).collect()
    }

    /// What a range answers.
    pub fn range(&self, range: &KeyRange, options: RangeOptions) -> Page {
        let revision = options.revision.unwrap_or(self.revision());
        read(self.state(revision), range, options, self.revision())
    }

    /// Runs a transaction.
    pub fn txn(&mut self, txn: &Txn) -> TxnOutcome {
        let (outcome, now, events) = self.step(self.revision(), txn);
        if !events.is_empty() {
            self.states.push(now);
            self.events.push(events);
        }
        outcome
    }

    /// What a transaction would do if `revision`, which must have happened, were the latest.
    pub fn imagine(&self, revision: Revision, txn: &Txn) -> (TxnOutcome, Vec<Event>) {
        let (outcome, _, events) = self.step(revision, txn);
        (outcome, events)
    }

    /// What a read would have answered when `revision`, which must have happened, was the latest.
    pub fn range_then(&self, revision: Revision, range: &KeyRange, options: RangeOptions) -> Page {
        let at = options.revision.filter(|at| !at.is_zero()).unwrap_or(revision);
        read(self.state(at), range, options, revision)
    }

    /// Whether `revision` has happened.
    pub fn knows(&self, revision: Revision) -> bool {
        revision >= self.first && revision <= self.revision()
    }

    /// The revision of the empty store that it began with.
    pub fn first(&self) -> Revision {
        self.first
    }

    fn step(&self, latest: Revision, txn: &Txn) -> (TxnOutcome, BTreeMap<Bytes, KeyValue>, Vec<Event>) {
        let before = self.state(latest);
        let mut step = Step { model: self, at: latest.next(), now: before.clone(), before, events: Vec::new() };
        let mut outcome = step.run(txn);
        let Step { now, events, .. } = step;
        settle(&mut outcome, if events.is_empty() { latest } else { latest.next() });
        (outcome, now, events)
    }

    fn state(&self, revision: Revision) -> &BTreeMap<Bytes, KeyValue> {
        &self.states[(revision.0 - self.first.0) as usize]
    }
}

struct Step<'a> {
    model: &'a Model,
    at: Revision,
    before: &'a BTreeMap<Bytes, KeyValue>,
    now: BTreeMap<Bytes, KeyValue>,
    events: Vec<Event>,
}

impl Step<'_> {
    fn run(&mut self, txn: &Txn) -> TxnOutcome {
        let succeeded = txn.compares.iter().all(|compare| self.holds(compare));
        let ops = if succeeded { &txn.then } else { &txn.otherwise };
        let results = ops.iter().map(|op| self.op(op)).collect();
        TxnOutcome { succeeded, revision: Revision::ZERO, results }
    }

    fn holds(&self, compare: &Compare) -> bool {
        let found: Vec<_> = self.before.values().filter(|kv| compare.range.contains(&kv.key)).collect();
        if found.is_empty() { compare.holds(None) } else { found.into_iter().all(|kv| compare.holds(Some(kv))) }
    }

    fn op(&mut self, op: &Op) -> OpResult {
        let at = self.at;
        match op {
            Op::Put(put) => {
                let old = self.now.get(&put.key).cloned();
                let value = match &put.value {
                    Field::Set(value) => value.clone(),
                    Field::Keep => old.as_ref().map_or(Bytes::new(), |old| old.value.clone()),
                };
                let kv = KeyValue {
                    key: put.key.clone(),
                    value,
                    create_revision: old.as_ref().map_or(at, |old| old.create_revision),
                    mod_revision: at,
                    version: old.as_ref().map_or(1, |old| old.version + 1),
                    lease: None,
                };
                self.now.insert(put.key.clone(), kv.clone());
                self.events.push(Event { kind: EventKind::Put, kv, prev: old.clone() });
                OpResult::Put { prev: old.filter(|_| put.prev) }
            }
            Op::Delete(delete) => {
                let gone: Vec<_> = self.now.values().filter(|kv| delete.range.contains(&kv.key)).cloned().collect();
                for old in &gone {
                    self.now.remove(&old.key);
                    let kv = KeyValue::tombstone(old.key.clone(), at);
                    self.events.push(Event { kind: EventKind::Delete, kv, prev: Some(old.clone()) });
                }
                OpResult::Delete { deleted: gone.len() as u64, prev: if delete.prev { gone } else { Vec::new() } }
            }
            Op::Range(range, options) if options.revision.is_none() => {
                OpResult::Range(read(&self.now, range, *options, at))
            }
            Op::Range(range, options) => OpResult::Range(self.model.range(range, *options)),
            Op::Txn(txn) => OpResult::Txn(self.run(txn)),
        }
    }
}

fn read(state: &BTreeMap<Bytes, KeyValue>, range: &KeyRange, options: RangeOptions, revision: Revision) -> Page {
    let mut items: Vec<_> = state.values().filter(|kv| range.contains(&kv.key)).cloned().collect();
    let count = items.len() as u64;
    if options.count_only {
        return Page { items: Vec::new(), revision, more: false, count };
    }
    let more = options.limit > 0 && items.len() > options.limit;
    if more {
        items.truncate(options.limit);
    }
    if options.keys_only {
        for kv in &mut items {
            kv.value = Bytes::new();
        }
    }
    Page { items, revision, more, count }
}

fn settle(outcome: &mut TxnOutcome, revision: Revision) {
    outcome.revision = revision;
    for result in &mut outcome.results {
        match result {
            OpResult::Range(page) => page.revision = revision,
            OpResult::Txn(inner) => settle(inner, revision),
            OpResult::Put { .. } | OpResult::Delete { .. } => {}
        }
    }
}
