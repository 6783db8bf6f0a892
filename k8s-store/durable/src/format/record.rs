use std::time::Duration;

use bytes::Bytes;
use k8s_store::engine::Change;
use k8s_store::{Event, EventKind, LeaseId, Revision};

use super::Damage;
use super::codec::{Reader, put_sized, put_varint};

const TXN: u8 = 1;
const COMPACT: u8 = 2;
const GRANT: u8 = 3;
const END_LEASE: u8 = 4;
const CLOSED: u8 = 5;
const GOES_ON: u8 = 6;

const DELETES: u8 = 1;
const HAS_LEASE: u8 = 2;

/// One thing that happened to a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// A transaction that changed something.
    Txn {
        /// Its revision.
        revision: Revision,
        /// What it changed, in order.
        changes: Vec<Change>,
    },
    /// The history before this revision was forgotten.
    Compact(Revision),
    /// A lease began.
    Grant(LeaseId, Duration),
    /// A lease ended. The transaction that deletes its keys, if there are any, is in the same frame.
    EndLease(LeaseId),
    /// The store was closed, with everything before this synced.
    Closed,
    /// The log goes on in the part of this number, which is there. Nothing comes after it in its own part.
    GoesOn(u64),
}

/// The records of a frame's payload.
#[derive(Clone, Debug)]
pub struct Records<'a>(Reader<'a>);

impl<'a> Records<'a> {
    /// The records of `payload`.
    pub fn of(payload: &'a [u8]) -> Self {
        Self(Reader { rest: payload })
    }
}

impl Iterator for Records<'_> {
    type Item = Result<Record, Damage>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.rest.is_empty() {
            return None;
        }
        let record = read_record(&mut self.0);
        if record.is_err() {
            self.0.rest = &[];
        }
        Some(record)
    }
}

fn read_record(reader: &mut Reader<'_>) -> Result<Record, Damage> {
    Ok(match reader.u8()? {
        TXN => {
            let revision = Revision(reader.u64()?);
            let n = reader.varint()?;
            // No more room than the bytes can fill: each change takes at least three.
            let mut changes = Vec::with_capacity((n as usize).min(reader.rest.len() / 3 + 1));
            for _ in 0..n {
                changes.push(read_change(reader)?);
            }
            Record::Txn { revision, changes }
        }
        COMPACT => Record::Compact(Revision(reader.u64()?)),
        GRANT => Record::Grant(read_lease(reader)?, read_duration(reader)?),
        END_LEASE => Record::EndLease(read_lease(reader)?),
        CLOSED => Record::Closed,
        GOES_ON => Record::GoesOn(reader.u64()?),
        _ => return Err(Damage::Nonsense),
    })
}

fn read_change(reader: &mut Reader<'_>) -> Result<Change, Damage> {
    let flags = reader.u8()?;
    let key = reader.sized()?;
    if key.is_empty() || flags & !(DELETES | HAS_LEASE) != 0 {
        return Err(Damage::Nonsense);
    }
    let key = Bytes::copy_from_slice(key);
    if flags & DELETES != 0 {
        return Ok(Change::Delete { key });
    }
    let value = Bytes::copy_from_slice(reader.sized()?);
    let lease = if flags & HAS_LEASE == 0 { None } else { Some(read_lease(reader)?) };
    Ok(Change::Put { key, value, lease })
}

pub(super) fn read_lease(reader: &mut Reader<'_>) -> Result<LeaseId, Damage> {
    LeaseId::new(reader.i64()?).ok_or(Damage::Nonsense)
}

pub(super) fn read_duration(reader: &mut Reader<'_>) -> Result<Duration, Damage> {
    let (seconds, nanoseconds) = (reader.u64()?, reader.u32()?);
    if nanoseconds >= 1_000_000_000 {
        return Err(Damage::Nonsense);
    }
    Ok(Duration::new(seconds, nanoseconds))
}

pub(super) fn put_duration(to: &mut Vec<u8>, time: Duration) {
    to.extend_from_slice(&time.as_secs().to_le_bytes());
    to.extend_from_slice(&time.subsec_nanos().to_le_bytes());
}

impl Record {
    /// Writes the record.
    pub fn write(&self, to: &mut Vec<u8>) {
        match self {
            Self::Txn { revision, changes } => write_txn(to, *revision, changes.iter().map(Wrote::from)),
            Self::Compact(revision) => {
                to.push(COMPACT);
                to.extend_from_slice(&revision.0.to_le_bytes());
            }
            Self::Grant(lease, ttl) => {
                to.push(GRANT);
                to.extend_from_slice(&lease.get().to_le_bytes());
                put_duration(to, *ttl);
            }
            Self::EndLease(lease) => {
                to.push(END_LEASE);
                to.extend_from_slice(&lease.get().to_le_bytes());
            }
            Self::Closed => to.push(CLOSED),
            Self::GoesOn(part) => {
                to.push(GOES_ON);
                to.extend_from_slice(&part.to_le_bytes());
            }
        }
    }
}

/// Writes [`Record::Txn`] from the events of a transaction, without making a record of them.
pub fn write_events(to: &mut Vec<u8>, revision: Revision, events: &[Event]) {
    write_txn(to, revision, events.iter().map(Wrote::from));
}

fn write_txn<'a>(to: &mut Vec<u8>, revision: Revision, changes: impl ExactSizeIterator<Item = Wrote<'a>>) {
    to.push(TXN);
    to.extend_from_slice(&revision.0.to_le_bytes());
    put_varint(to, changes.len() as u64);
    for Wrote { key, value } in changes {
        let Some((value, lease)) = value else {
            to.push(DELETES);
            put_sized(to, key);
            continue;
        };
        to.push(if lease.is_some() { HAS_LEASE } else { 0 });
        put_sized(to, key);
        put_sized(to, value);
        if let Some(lease) = lease {
            to.extend_from_slice(&lease.get().to_le_bytes());
        }
    }
}

/// A change, borrowed.
struct Wrote<'a> {
    key: &'a [u8],
    value: Option<(&'a [u8], Option<LeaseId>)>,
}

impl<'a> From<&'a Event> for Wrote<'a> {
    fn from(event: &'a Event) -> Self {
        let value = (event.kind == EventKind::Put).then_some((&event.kv.value[..], event.kv.lease));
        Self { key: &event.kv.key, value }
    }
}

impl<'a> From<&'a Change> for Wrote<'a> {
    fn from(change: &'a Change) -> Self {
        match change {
            Change::Put { key, value, lease } => Self { key, value: Some((value, *lease)) },
            Change::Delete { key } => Self { key, value: None },
        }
    }
}
