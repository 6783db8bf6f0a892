use std::sync::Arc;

use k8s_store::engine::{Engine, Limits};
use k8s_store::{Error, Revision};
use parking_lot::Mutex;

use crate::checkpoint::write_empty;
use crate::disk::{self, Disk};
use crate::failure::{corrupt, refused};
use crate::format::{LOG_HEADER, LogHeader, Name, Salt, frame_at, later_frame};
use crate::log::{self, Failure, Log, Unsealed};
use crate::segments::{Sealed, Segments};

mod ahead;
mod contents;
mod parts;
mod replay;

pub(crate) use contents::read_snapshot;
use parts::Parts;
use replay::Replay;

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
    let logs: Vec<_> = files.logs.iter().copied().filter(|number| *number >= header.first_log).collect();
    let missing = (header.first_log..).zip(&logs).find(|(number, log)| number != *log);
    if let Some((number, _)) = missing {
        return Err(corrupt(format!("{} is missing", Name::Log(number))));
    }
    let mut replay = Replay::new(&mut fill, base);
    let mut parts = Parts::of(disk, header.store, &logs);
    ahead::of(parts.size()?, || parts.next(), |step| replay.step(step))?;
    let Replay { frames, ends: mut sealed, .. } = replay;
    let end = sealed.pop().ok_or_else(|| corrupt(format!("{} is missing", Name::Log(header.first_log))))?;
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

fn read_all(disk: &dyn Disk, name: &str) -> Result<Vec<u8>, Error> {
    let file = disk.open(name).map_err(refused)?;
    disk::read(&*file, 0, usize::MAX).map_err(refused)
}
