use std::time::Duration;

use bytes::Bytes;
use k8s_store::{Event, EventKind, KeyValue, LeaseId, Revision};

use super::Damage;
use super::codec::{Reader, checksum, put_sized, put_varint};
use super::record::{put_duration, read_duration, read_lease};

/// Bytes of the header of a block.
pub const BLOCK_HEADER: usize = 16;

/// No block has a longer payload, so that a damaged length cannot ask for all memory.
pub const MAX_BLOCK: usize = 1 << 30;

/// How many keys of a snapshot share their bytes once they are read.
const SHARED: usize = 64;

const KEYS: u32 = 1;
const BATCH: u32 = 2;
const LEASES: u32 = 3;
const END: u32 = 4;

const DELETES: u8 = 1;
const HAS_LEASE: u8 = 2;
const HAS_PREV: u8 = 4;

/// How a block begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockHeader {
    /// Bytes of its payload.
    pub len: usize,
    kind: u32,
    sum: u32,
}

/// A piece of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// Some of the keys, all after those of the blocks before.
    Keys(Vec<KeyValue>),
    /// What the transaction of the snapshot's revision did.
    Batch(Vec<Event>),
    /// Leases.
    Leases(Vec<(LeaseId, Duration)>),
    /// The last block, with the number of all keys.
    End {
        /// How many.
        keys: u64,
    },
}

/// What can be written as a block.
#[derive(Clone, Copy, Debug)]
pub enum Stored<'a> {
    /// See [`Block::Keys`].
    Keys(&'a [KeyValue]),
    /// See [`Block::Batch`].
    Batch(&'a [Event]),
    /// See [`Block::Leases`].
    Leases(&'a [(LeaseId, Duration)]),
    /// See [`Block::End`].
    End {
        /// How many.
        keys: u64,
    },
}

/// Writes the block of this index, counted from 0, of the snapshot of `store`.
pub fn write_block(to: &mut Vec<u8>, store: u64, index: u64, stored: Stored<'_>) {
    let start = to.len();
    to.resize(start + BLOCK_HEADER, 0);
    let kind = match stored {
        Stored::Keys(keys) => {
            for kv in keys {
                put_version(to, kv);
            }
            KEYS
        }
        Stored::Batch(events) => {
            for event in events {
                put_event(to, event);
            }
            BATCH
        }
        Stored::Leases(leases) => {
            for (id, ttl) in leases {
                to.extend_from_slice(&id.get().to_le_bytes());
                put_duration(to, *ttl);
            }
            LEASES
        }
        Stored::End { keys } => {
            to.extend_from_slice(&keys.to_le_bytes());
            END
        }
    };
    let len = (to.len() - start - BLOCK_HEADER) as u64;
    to[start + 4..start + 8].copy_from_slice(&kind.to_le_bytes());
    to[start + 8..start + 16].copy_from_slice(&len.to_le_bytes());
    let sum = salted(store, index, &to[start + 4..start + 16], &to[start + 16..]);
    to[start..start + 4].copy_from_slice(&sum.to_le_bytes());
}

impl BlockHeader {
    /// The header that `bytes` begin with.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn parse(bytes: &[u8]) -> Result<Self, Damage> {
        let mut reader = Reader { rest: bytes };
        let (sum, kind, len) = (reader.u32()?, reader.u32()?, reader.u64()?);
        let len = usize::try_from(len).ok().filter(|len| *len <= MAX_BLOCK).ok_or(Damage::Nonsense)?;
        Ok(Self { len, kind, sum })
    }
}

/// The block of this index with this header and payload, of a snapshot of `store` at `revision`.
///
/// # Errors
/// What is wrong with it.
pub fn block(store: u64, index: u64, revision: Revision, header: BlockHeader, payload: &[u8]) -> Result<Block, Damage> {
    let mut rest_of_header = [0; 12];
    rest_of_header[..4].copy_from_slice(&header.kind.to_le_bytes());
    rest_of_header[4..].copy_from_slice(&(header.len as u64).to_le_bytes());
    if header.sum != salted(store, index, &rest_of_header, payload) {
        return Err(Damage::Checksum);
    }
    let mut reader = Reader { rest: payload };
    Ok(match header.kind {
        KEYS => Block::Keys(versions(&mut reader)?),
        BATCH => Block::Batch(all(&mut reader, |reader| event(reader, revision))?),
        LEASES => Block::Leases(all(&mut reader, |reader| Ok((read_lease(reader)?, read_duration(reader)?)))?),
        END => Block::End { keys: reader.u64()? },
        _ => return Err(Damage::Nonsense),
    })
}

fn salted(store: u64, index: u64, header: &[u8], payload: &[u8]) -> u32 {
    checksum([&store.to_le_bytes()[..], &index.to_le_bytes(), header, payload])
}

fn all<'a, T>(
    reader: &mut Reader<'a>,
    mut one: impl FnMut(&mut Reader<'a>) -> Result<T, Damage>,
) -> Result<Vec<T>, Damage> {
    let mut all = Vec::new();
    while !reader.rest.is_empty() {
        all.push(one(reader)?);
    }
    Ok(all)
}

fn put_version(to: &mut Vec<u8>, kv: &KeyValue) {
    to.push(if kv.lease.is_some() { HAS_LEASE } else { 0 });
    put_sized(to, &kv.key);
    put_sized(to, &kv.value);
    for number in [kv.create_revision.0, kv.mod_revision.0, kv.version] {
        put_varint(to, number);
    }
    if let Some(lease) = kv.lease {
        to.extend_from_slice(&lease.get().to_le_bytes());
    }
}

/// Versions whose keys share their bytes, some at a time: most keys live as long as their neighbours, and are short.
fn versions(reader: &mut Reader<'_>) -> Result<Vec<KeyValue>, Damage> {
    let mut versions: Vec<KeyValue> = Vec::new();
    while !reader.rest.is_empty() {
        let (mut keys, mut ends) = (Vec::new(), Vec::with_capacity(SHARED));
        let first = versions.len();
        while !reader.rest.is_empty() && ends.len() < SHARED {
            let (key, kv) = parts(reader)?;
            keys.extend_from_slice(key);
            ends.push(keys.len());
            versions.push(kv);
        }
        let keys = Bytes::from(keys);
        let mut start = 0;
        for (kv, end) in versions[first..].iter_mut().zip(ends) {
            kv.key = keys.slice(start..end);
            start = end;
        }
    }
    Ok(versions)
}

fn version(reader: &mut Reader<'_>) -> Result<KeyValue, Damage> {
    let (key, kv) = parts(reader)?;
    Ok(KeyValue { key: Bytes::copy_from_slice(key), ..kv })
}

/// A key, and its version without it.
fn parts<'a>(reader: &mut Reader<'a>) -> Result<(&'a [u8], KeyValue), Damage> {
    let flags = reader.u8()?;
    if flags & !HAS_LEASE != 0 {
        return Err(Damage::Nonsense);
    }
    let (key, value) = (reader.sized()?, Bytes::copy_from_slice(reader.sized()?));
    if key.is_empty() {
        return Err(Damage::Nonsense);
    }
    let (create_revision, mod_revision) = (Revision(reader.varint()?), Revision(reader.varint()?));
    let version = reader.varint()?;
    let lease = if flags & HAS_LEASE == 0 { None } else { Some(read_lease(reader)?) };
    Ok((key, KeyValue { key: Bytes::new(), value, create_revision, mod_revision, version, lease }))
}

fn put_event(to: &mut Vec<u8>, event: &Event) {
    let deletes = if event.kind == EventKind::Delete { DELETES } else { 0 };
    to.push(deletes | if event.prev.is_some() { HAS_PREV } else { 0 });
    put_version(to, &event.kv);
    if let Some(prev) = &event.prev {
        put_version(to, prev);
    }
}

fn event(reader: &mut Reader<'_>, revision: Revision) -> Result<Event, Damage> {
    let flags = reader.u8()?;
    let kind = if flags & DELETES == 0 { EventKind::Put } else { EventKind::Delete };
    let kv = version(reader)?;
    if kv.mod_revision != revision {
        return Err(Damage::Nonsense);
    }
    let prev = if flags & HAS_PREV == 0 { None } else { Some(version(reader)?) };
    Ok(Event { kind, kv, prev })
}
