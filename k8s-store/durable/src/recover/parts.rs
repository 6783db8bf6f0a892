use k8s_store::{Error, Revision};

use super::{End, read_all};
use crate::disk::{self, Disk};
use crate::failure::{corrupt, refused};
use crate::format::{LOG_HEADER, LogHeader, Name, Record, Records, Salt, frame_at, later_frame};

/// About how many bytes of frames make a step.
const STEP: usize = 256 << 10;

/// Reads the parts of a log one after the other, and checks their frames.
pub(super) struct Parts<'a> {
    disk: &'a dyn Disk,
    store: u64,
    ahead: &'a [u64],
    open: Option<Part>,
    /// The number of the next frame, once it is known.
    next_frame: Option<u64>,
    /// The last record says that the store was closed.
    is_closed: bool,
    failed: bool,
}

/// Some frames of one part.
pub(super) struct Step {
    pub(super) part: u64,
    /// Where each begins, and its records.
    pub(super) frames: Vec<(usize, Vec<Record>)>,
    /// Where the part ends, if it does. Its last revision is not known yet.
    pub(super) end: Option<End>,
}

/// The part that is being read.
struct Part {
    number: u64,
    log: Vec<u8>,
    at: usize,
    /// The first frame of the next part: where that begins, this one ends, and what follows there was never complete.
    ends_before: Option<u64>,
    /// Where each frame begins.
    places: Vec<(u64, usize)>,
    synced: u64,
}

impl<'a> Parts<'a> {
    /// The parts with `numbers`, each one more than that before.
    pub(super) fn of(disk: &'a dyn Disk, store: u64, numbers: &'a [u64]) -> Self {
        Self { disk, store, ahead: numbers, open: None, next_frame: None, is_closed: false, failed: false }
    }

    /// Bytes of all parts.
    pub(super) fn size(&self) -> Result<u64, Error> {
        let size = |number: &u64| self.disk.open(&Name::Log(*number).to_string()).and_then(|file| file.size());
        self.ahead.iter().map(|number| size(number).map_err(refused)).sum()
    }

    /// The next frames; nothing after the last part, or after what is damaged.
    pub(super) fn next(&mut self) -> Option<Result<Step, Error>> {
        if self.failed {
            return None;
        }
        let step = self.step().transpose();
        self.failed = matches!(step, Some(Err(_)));
        step
    }

    fn step(&mut self) -> Result<Option<Step>, Error> {
        let mut part = match self.open.take() {
            Some(part) => part,
            None => match self.ahead.split_first() {
                Some((number, ahead)) => {
                    self.ahead = ahead;
                    self.part(*number)?
                }
                None => return Ok(None),
            },
        };
        let mut step = Step { part: part.number, frames: Vec::new(), end: None };
        let begin = part.at;
        while part.at - begin < STEP {
            let Some(frame) = self.frame(&mut part)? else {
                step.end = Some(self.end(part)?);
                return Ok(Some(step));
            };
            step.frames.push(frame);
        }
        self.open = Some(part);
        Ok(Some(step))
    }

    fn part(&mut self, number: u64) -> Result<Part, Error> {
        let name = Name::Log(number).to_string();
        let log = read_all(self.disk, &name)?;
        let header = LogHeader::parse(&log).map_err(|damage| corrupt(format!("{name}: header {damage}")))?;
        let next_frame = *self.next_frame.get_or_insert(header.first_frame);
        if header.store != self.store || header.number != number || header.first_frame != next_frame {
            return Err(corrupt(format!("{name}: header is of another log")));
        }
        let ends_before = if self.ahead.is_empty() { None } else { Some(first_frame(self.disk, number + 1)?) };
        Ok(Part { number, log, at: LOG_HEADER, ends_before, places: Vec::new(), synced: 0 })
    }

    /// The next frame of `part`; nothing where it ends.
    fn frame(&mut self, part: &mut Part) -> Result<Option<(usize, Vec<Record>)>, Error> {
        let next = self.next_frame.unwrap_or_default();
        if part.ends_before == Some(next) {
            return Ok(None);
        }
        let at = part.at;
        match frame_at(part.salt(self.store), &part.log, at) {
            Ok(frame) if frame.header.number == next => {
                let records: Result<Vec<_>, _> = Records::of(frame.payload).collect();
                let records =
                    records.map_err(|damage| corrupt(format!("{}: frame at byte {at} {damage}", part.name())))?;
                if let Some(last) = records.last() {
                    self.is_closed = matches!(last, Record::Closed);
                }
                part.places.push((next, at));
                part.synced = frame.header.synced;
                part.at += frame.size;
                self.next_frame = Some(next + 1);
                Ok(Some((at, records)))
            }
            _ if part.ends_before.is_some() => Err(part.damaged(next)),
            _ => Ok(None),
        }
    }

    fn end(&self, part: Part) -> Result<End, Error> {
        let next = self.next_frame.unwrap_or_default();
        let mut is_dirty = false;
        if part.ends_before.is_none()
            && let Some((_, later)) = later_frame(part.salt(self.store), &part.log, part.at, next)
        {
            if later.synced >= next {
                return Err(part.damaged(next));
            }
            is_dirty = true;
        }
        let Part { number, log, at, places, synced, .. } = part;
        let first_unsure = places.iter().find(|(number, _)| *number > synced).map_or(at, |(_, at)| *at);
        let unsure = log.get(first_unsure..at).unwrap_or_default().to_vec();
        Ok(End {
            number,
            at: at as u64,
            size: log.len() as u64,
            next_frame: next,
            is_dirty,
            last: Revision::ZERO,
            is_closed: self.is_closed,
            unsure_at: first_unsure as u64,
            unsure,
        })
    }
}

impl Part {
    fn name(&self) -> Name {
        Name::Log(self.number)
    }

    fn salt(&self, store: u64) -> Salt {
        Salt { store, log: self.number }
    }

    fn damaged(&self, frame: u64) -> Error {
        corrupt(format!("{}: frame {frame} at byte {} is damaged", self.name(), self.at))
    }
}

/// The first frame of a part of the log.
fn first_frame(disk: &dyn Disk, number: u64) -> Result<u64, Error> {
    let name = Name::Log(number).to_string();
    let file = disk.open(&name).map_err(refused)?;
    let header = disk::read(&*file, 0, LOG_HEADER).map_err(refused)?;
    let header = LogHeader::parse(&header).map_err(|damage| corrupt(format!("{name}: header {damage}")))?;
    Ok(header.first_frame)
}
