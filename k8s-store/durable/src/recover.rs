use std::sync::{Arc, mpsc};
use std::thread;

use k8s_store::engine::{Engine, Fill, Limits};
use k8s_store::{Error, Revision};
use parking_lot::Mutex;

use crate::checkpoint::write_empty;
use crate::disk::{self, Disk, DiskFile};
use crate::failure::{corrupt, refused};
use crate::format::{
    BLOCK_HEADER, Block, BlockHeader, LOG_HEADER, LogHeader, Name, Record, Records, SNAPSHOT_HEADER, Salt,
    SnapshotHeader, block, frame_at, later_frame,
};
use crate::log::{self, Failure, Log, Unsealed};
use crate::segments::{Sealed, Segments};

/// What `etcdctl snapshot save` adds to a snapshot ends with its length, at a multiple of this, and a SHA-256.
const SEALED: u64 = 512;
const LENGTH: u64 = 8;
const SHA256: usize = 32;

/// A snapshot of so many bytes is read by two threads.
const LARGE: u64 = 16 << 20;

/// What was found on a disk.
#[derive(Debug)]
pub(crate) struct Recovered {
    pub(crate) engine: Engine,
    pub(crate) store: u64,
    pub(crate) base: Revision,
    pub(crate) frames: u64,
    pub(crate) files: usize,
    sealed: Vec<End>,
    base_size: u64,
    spares: Vec<(u64, u64)>,
    end: End,
}

/// Where the log ends, or one of its parts.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) number: u64,
    pub(crate) at: u64,
    size: u64,
    pub(crate) next_frame: u64,
    /// Something whole follows that was never complete with all before it: go on in a new file.
    is_dirty: bool,
    last: Revision,
    is_closed: bool,
    /// Where the frames begin of which no later one says that they were synced, and their bytes.
    unsure_at: u64,
    unsure: Vec<u8>,
}

/// The names on a disk.
#[derive(Debug, Default)]
struct Files {
    bases: Vec<Revision>,
    logs: Vec<u64>,
    spares: Vec<u64>,
    unfinished: Vec<String>,
}

impl Files {
    fn list(disk: &dyn Disk) -> Result<Self, Error> {
        let mut files = Self::default();
        for name in disk.list().map_err(refused)? {
            match Name::parse(&name) {
                Some(Name::Base(revision)) => files.bases.push(revision),
                Some(Name::Log(number)) => files.logs.push(number),
                Some(Name::Spare(number)) => files.spares.push(number),
                None if name.strip_suffix(".new").is_some_and(|name| Name::parse(name).is_some()) => {
                    files.unfinished.push(name);
                }
                None => {}
            }
        }
        files.bases.sort_unstable();
        files.logs.sort_unstable();
        files.spares.sort_unstable();
        Ok(files)
    }
}

/// Whether there is a store on a disk, or the beginnings of one.
pub(crate) fn is_empty(disk: &dyn Disk) -> Result<bool, Error> {
    let files = Files::list(disk)?;
    Ok(files.bases.is_empty() && files.logs.is_empty())
}

/// Makes a store without keys, or finishes making one.
pub(crate) fn make(disk: &Arc<dyn Disk>, store: u64) -> Result<(), Error> {
    begin_log(disk, store)?;
    write_empty(disk, store)?;
    Ok(())
}

/// Makes the first part of a log. The base comes after it, so that a base without a log is known to have lost it.
pub(crate) fn begin_log(disk: &Arc<dyn Disk>, store: u64) -> Result<(), Error> {
    let first = LogHeader { store, number: 1, first_frame: 1 };
    match log::create(&**disk, first, None) {
        Ok(_) => Ok(()),
        Err(Failure::Refused(error) | Failure::Lost(error)) => Err(refused(error)),
    }
}

/// Whether a store was being made here and had not been used.
pub(crate) fn is_half_made(disk: &dyn Disk) -> Result<bool, Error> {
    let files = Files::list(disk)?;
    if !files.bases.is_empty() || files.logs != [1] {
        return Ok(false);
    }
    let name = Name::Log(1).to_string();
    let log = read_all(disk, &name)?;
    let header = LogHeader::parse(&log).map_err(|damage| corrupt(format!("{name}: header {damage}")))?;
    let salt = Salt { store: header.store, log: 1 };
    Ok(frame_at(salt, &log, LOG_HEADER).is_err() && later_frame(salt, &log, LOG_HEADER, 1).is_none())
}

/// Reads everything. Changes nothing on the disk.
pub(crate) fn read(disk: &dyn Disk, limits: Limits) -> Result<Recovered, Error> {
    let files = Files::list(disk)?;
    let Some(base) = files.bases.last().copied() else {
        return Err(corrupt("there is a log, and no base that it goes on from"));
    };
    let name = Name::Base(base).to_string();
    let file = disk.open(&name).map_err(refused)?;
    let (header, mut fill, base_size) = read_snapshot(&*file, &name, limits)?;
    if header.revision != base {
        return Err(corrupt(format!("{name}: is of revision {}", header.revision)));
    }
    let mut replay = Replay { fill: &mut fill, base, frames: 0, next_frame: None, is_closed: false };
    let mut sealed = Vec::new();
    let mut end = None;
    let logs: Vec<_> = files.logs.iter().copied().filter(|number| *number >= header.first_log).collect();
    let missing = (header.first_log..).zip(&logs).find(|(number, log)| number != *log);
    if let Some((number, _)) = missing {
        return Err(corrupt(format!("{} is missing", Name::Log(number))));
    }
    for (n, number) in logs.iter().copied().enumerate() {
        let found = replay.log(disk, header.store, number, n + 1 == logs.len())?;
        if n + 1 < logs.len() {
            sealed.push(found);
        } else {
            end = Some(found);
        }
    }
    let frames = replay.frames;
    let end = end.ok_or_else(|| corrupt(format!("{} is missing", Name::Log(header.first_log))))?;
    let mut spares = Vec::new();
    for number in files.spares {
        let size = disk.open(&Name::Spare(number).to_string()).and_then(|file| file.size()).map_err(refused)?;
        spares.push((number, size));
    }
    let (store, files) = (header.store, logs.len() + 1);
    Ok(Recovered { engine: fill.finish(), store, base, frames, files, sealed, base_size, spares, end })
}

/// Removes what a crash left behind. Only after everything was read.
pub(crate) fn clean(disk: &dyn Disk, recovered: &Recovered) -> Result<(), Error> {
    let files = Files::list(disk)?;
    let first_log = recovered.sealed.first().map_or(recovered.end.number, |sealed| sealed.number);
    let bases = files.bases.into_iter().filter(|base| *base != recovered.base).map(Name::Base);
    let logs = files.logs.into_iter().filter(|number| *number < first_log).map(Name::Log);
    for name in bases.chain(logs).map(|name| name.to_string()).chain(files.unfinished) {
        disk.remove(&name).map_err(refused)?;
    }
    // This also makes the names durable that the process before may not have had the time to.
    disk.sync_names().map_err(refused)
}

impl Recovered {
    /// The parts of the log, in their order.
    pub(crate) fn parts(&self) -> impl Iterator<Item = &End> {
        self.sealed.iter().chain([&self.end])
    }

    /// Bytes of all files.
    pub(crate) fn size(&self) -> u64 {
        let sealed: u64 = self.sealed.iter().map(|sealed| sealed.size).sum();
        let spares: u64 = self.spares.iter().map(|(_, size)| size).sum();
        self.base_size + sealed + spares + self.end.size
    }

    /// Opens the end of the log to write to. What was found there is durable then.
    pub(crate) fn open_log(self, disk: &Arc<dyn Disk>, segment_size: u64) -> Result<(Engine, Log), Error> {
        let Self { engine, store, base, sealed, base_size, spares, end, .. } = self;
        let file = disk.open(&Name::Log(end.number).to_string()).map_err(refused)?;
        // The process before may have died between writing and syncing. Or its sync failed: then the system may have
        // the bytes in memory, not on the disk, and think that they need no writing. So they are written again.
        file.write_at(end.unsure_at, &end.unsure).and_then(|()| file.sync()).map_err(refused)?;
        // Whether the part before says that the last one is there cannot be told from that it says so: this may not have
        // become durable. It did if anything was written after it.
        let unsealed = match sealed.last() {
            Some(before) if end.at == LOG_HEADER as u64 => {
                let file = disk.open(&Name::Log(before.number).to_string()).map_err(refused)?;
                Some(Unsealed { file, number: before.number, at: before.at })
            }
            _ => None,
        };
        let sealed = sealed.into_iter().map(|End { number, last, size, .. }| Sealed { number, last, size }).collect();
        let segments = Segments { sealed, active: end.number, active_size: end.size, spares, base, base_size };
        let mut log = Log {
            disk: Arc::clone(disk),
            store,
            segments: Arc::new(Mutex::new(segments)),
            file,
            number: end.number,
            at: end.at,
            filled: end.size,
            next_frame: end.next_frame,
            synced: end.next_frame - 1,
            last: end.last,
            segment_size,
            is_closed: end.is_closed,
            unsealed,
        };
        if end.is_dirty {
            match log.rotate() {
                Ok(()) => {}
                Err(Failure::Refused(error) | Failure::Lost(error)) => return Err(refused(error)),
            }
        }
        Ok((engine, log))
    }
}

/// Reads a snapshot file into an engine; says how long the snapshot is, if something follows it that may.
pub(crate) fn read_snapshot(
    file: &dyn DiskFile,
    name: &str,
    limits: Limits,
) -> Result<(SnapshotHeader, Fill, u64), Error> {
    let mut blocks = Blocks::open(file, name)?;
    let header = blocks.header;
    let Block::Batch(batch) = blocks.next()? else { return Err(blocks.nonsense()) };
    let mut fill = Fill::new(limits, header.revision, batch, (header.keys as usize).min(1 << 24));
    let mut keys = 0;
    if file.size().map_err(refused)? < LARGE {
        while take(&mut fill, &mut keys, blocks.next()?).ok_or_else(|| blocks.nonsense())? {}
    } else {
        // One thread reads and checks, the other sorts in. What comes out does not depend on which is faster.
        thread::scope(|threads| {
            let (send, receive) = mpsc::sync_channel(4);
            let blocks = &mut blocks;
            threads.spawn(move || {
                loop {
                    let block = blocks.next().map(|block| (block, blocks.nonsense()));
                    let is_last = !matches!(block, Ok((Block::Keys(_) | Block::Leases(_), _)));
                    if send.send(block).is_err() || is_last {
                        return;
                    }
                }
            });
            for block in receive {
                let (block, nonsense) = block?;
                if !take(&mut fill, &mut keys, block).ok_or(nonsense)? {
                    return Ok(());
                }
            }
            Err(corrupt(format!("{name}: has no end")))
        })?;
    }
    fill.keys_end();
    Ok((header, fill, blocks.end()?))
}

/// Takes a block in; says whether more must come, or nothing if the block makes no sense.
fn take(fill: &mut Fill, n: &mut u64, block: Block) -> Option<bool> {
    match block {
        Block::Keys(keys) => {
            *n += keys.len() as u64;
            fill.keys(keys).ok()?;
        }
        Block::Leases(leases) => {
            for (id, ttl) in leases {
                fill.grant(id, ttl).ok()?;
            }
        }
        Block::End { keys } => return (keys == *n).then_some(false),
        Block::Batch(_) => return None,
    }
    Some(true)
}

/// The blocks of a snapshot file.
struct Blocks<'a> {
    file: &'a dyn DiskFile,
    name: &'a str,
    header: SnapshotHeader,
    at: u64,
    block_at: u64,
    index: u64,
}

impl<'a> Blocks<'a> {
    fn open(file: &'a dyn DiskFile, name: &'a str) -> Result<Self, Error> {
        let header = disk::read(file, 0, SNAPSHOT_HEADER).map_err(refused)?;
        let header = SnapshotHeader::parse(&header).map_err(|damage| corrupt(format!("{name}: header {damage}")))?;
        let at = SNAPSHOT_HEADER as u64;
        Ok(Self { file, name, header, at, block_at: at, index: 0 })
    }

    fn next(&mut self) -> Result<Block, Error> {
        self.block_at = self.at;
        let header = disk::read(self.file, self.at, BLOCK_HEADER).map_err(refused)?;
        let header = BlockHeader::parse(&header).map_err(|damage| self.damaged(damage))?;
        let payload = disk::read(self.file, self.at + BLOCK_HEADER as u64, header.len).map_err(refused)?;
        let (store, revision) = (self.header.store, self.header.revision);
        let block = block(store, self.index, revision, header, &payload).map_err(|damage| self.damaged(damage))?;
        self.at += (BLOCK_HEADER + header.len) as u64;
        self.index += 1;
        Ok(block)
    }

    /// How long the snapshot is. What may follow it is what `etcdctl snapshot save` adds: zeros, its length, and a
    /// SHA-256 of all of that, which tells nothing that the checksums of the blocks do not.
    fn end(&self) -> Result<u64, Error> {
        let rest = disk::read(self.file, self.at, 2 * SEALED as usize).map_err(refused)?;
        let padded = (self.at + LENGTH).next_multiple_of(SEALED) - LENGTH;
        let mut seal = vec![0; (padded - self.at) as usize];
        seal.extend_from_slice(&self.at.to_le_bytes());
        if rest.is_empty() || (rest.len() == seal.len() + SHA256 && rest.starts_with(&seal)) {
            return Ok(self.at);
        }
        Err(corrupt(format!("{}: what follows its end at byte {} is not part of it", self.name, self.at)))
    }

    fn damaged(&self, damage: crate::format::Damage) -> Error {
        corrupt(format!("{}: block at byte {} {damage}", self.name, self.block_at))
    }

    fn nonsense(&self) -> Error {
        self.damaged(crate::format::Damage::Nonsense)
    }
}

/// Runs the log again.
struct Replay<'a> {
    fill: &'a mut Fill,
    base: Revision,
    frames: u64,
    next_frame: Option<u64>,
    /// The last record says that the store was closed.
    is_closed: bool,
}

impl Replay<'_> {
    fn log(&mut self, disk: &dyn Disk, store: u64, number: u64, is_last: bool) -> Result<End, Error> {
        let name = Name::Log(number).to_string();
        let log = read_all(disk, &name)?;
        let header = LogHeader::parse(&log).map_err(|damage| corrupt(format!("{name}: header {damage}")))?;
        let next_frame = *self.next_frame.get_or_insert(header.first_frame);
        if header.store != store || header.number != number || header.first_frame != next_frame {
            return Err(corrupt(format!("{name}: header is of another log")));
        }
        let salt = Salt { store, log: number };
        // Where the next part begins, this one ends: what follows there was never complete.
        let ends_before = if is_last { None } else { Some(next_part(disk, number + 1)?) };
        let mut at = LOG_HEADER;
        let mut places = Vec::new();
        let mut synced = 0;
        loop {
            let next = self.next_frame.unwrap_or_default();
            if ends_before == Some(next) {
                break;
            }
            match frame_at(salt, &log, at) {
                Ok(frame) if frame.header.number == next => {
                    self.frame(frame.payload).map_err(|what| corrupt(format!("{name}: frame at byte {at} {what}")))?;
                    places.push((next, at));
                    synced = frame.header.synced;
                    at += frame.size;
                    self.next_frame = Some(next + 1);
                    self.frames += 1;
                }
                _ if ends_before.is_some() => {
                    return Err(corrupt(format!("{name}: frame {next} at byte {at} is damaged")));
                }
                _ => break,
            }
        }
        let next = self.next_frame.unwrap_or_default();
        let mut is_dirty = false;
        if is_last && let Some((_, later)) = later_frame(salt, &log, at, next) {
            if later.synced >= next {
                return Err(corrupt(format!("{name}: frame {next} at byte {at} is damaged")));
            }
            is_dirty = true;
        }
        let first_unsure = places.iter().find(|(number, _)| *number > synced).map_or(at, |(_, at)| *at);
        let unsure = log.get(first_unsure..at).unwrap_or_default().to_vec();
        Ok(End {
            number,
            at: at as u64,
            size: log.len() as u64,
            next_frame: next,
            is_dirty,
            last: self.fill.revision(),
            is_closed: self.is_closed,
            unsure_at: first_unsure as u64,
            unsure,
        })
    }

    fn frame(&mut self, payload: &[u8]) -> Result<(), String> {
        for record in Records::of(payload) {
            let record = record.map_err(|damage| damage.to_string())?;
            self.is_closed = matches!(record, Record::Closed);
            match record {
                Record::Txn { revision, .. } if revision <= self.base => {}
                Record::Txn { revision, changes } => {
                    let expected = self.fill.revision().next();
                    if revision != expected {
                        return Err(format!("has revision {revision} instead of {expected}"));
                    }
                    self.fill.txn(changes);
                    if self.fill.revision() != revision {
                        return Err(format!("has revision {revision}, which changes nothing"));
                    }
                }
                Record::Compact(revision) => self.fill.compact(revision),
                Record::Grant(id, ttl) => self.fill.grant(id, ttl).map_err(|error| error.to_string())?,
                Record::EndLease(id) => self.fill.end_lease(id),
                Record::Closed => {}
                Record::GoesOn(part) => {
                    return Err(format!("says that the log goes on in {}, which is missing", Name::Log(part)));
                }
            }
        }
        Ok(())
    }
}

/// The first frame of a part of the log.
fn next_part(disk: &dyn Disk, number: u64) -> Result<u64, Error> {
    let name = Name::Log(number).to_string();
    let file = disk.open(&name).map_err(refused)?;
    let header = disk::read(&*file, 0, LOG_HEADER).map_err(refused)?;
    let header = LogHeader::parse(&header).map_err(|damage| corrupt(format!("{name}: header {damage}")))?;
    Ok(header.first_frame)
}

fn read_all(disk: &dyn Disk, name: &str) -> Result<Vec<u8>, Error> {
    let file = disk.open(name).map_err(refused)?;
    disk::read(&*file, 0, usize::MAX).map_err(refused)
}
