use std::io;
use std::sync::Arc;

use k8s_store::Revision;
use parking_lot::Mutex;

use crate::disk::{Disk, DiskFile};
use crate::format::{FRAME_HEADER, FrameHeader, LOG_HEADER, LogHeader, Name, Record, Salt};
use crate::segments::{Sealed, Segments};

/// A small frame that needs more file gets this much at once, so that most syncs change no metadata.
const FILL: usize = 1 << 20;

/// A frame at least this long is not worth it: its own bytes cost more than the metadata.
const LARGE: usize = 128 << 10;

/// A frame that only closes the store. Nothing is expected after it.
const CLOSING: usize = FRAME_HEADER + 8;

/// The frame that says that the log goes on in another part.
const SEAL: usize = (FRAME_HEADER + 9).next_multiple_of(8);

/// The longest frame.
const MAX_FRAME: usize = 1 << 31;

/// The end of the log, to write to.
///
/// One frame at a time: the next is written after the one before is durable, unless that was not asked for.
#[derive(Debug)]
pub(crate) struct Log {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) store: u64,
    pub(crate) segments: Arc<Mutex<Segments>>,
    pub(crate) file: Box<dyn DiskFile>,
    pub(crate) number: u64,
    /// Where the next frame goes.
    pub(crate) at: u64,
    /// How far the file has been written before, if only with zeros.
    pub(crate) filled: u64,
    pub(crate) next_frame: u64,
    /// The last frame that is durable.
    pub(crate) synced: u64,
    /// The revision of the last transaction written.
    pub(crate) last: Revision,
    pub(crate) segment_size: u64,
    /// Nothing was written since the store was closed.
    pub(crate) is_closed: bool,
    /// The part before, if it does not say yet that the log goes on in this one.
    pub(crate) unsealed: Option<Unsealed>,
}

/// A complete part of the log that does not say so.
#[derive(Debug)]
pub(crate) struct Unsealed {
    pub(crate) file: Box<dyn DiskFile>,
    pub(crate) number: u64,
    /// Where its frames end.
    pub(crate) at: u64,
}

/// Why a frame was not appended.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Nothing of it is on the disk, and nothing will be.
    Refused(io::Error),
    /// Nobody knows. Nothing may be written after it.
    Lost(io::Error),
}

impl Log {
    /// Appends a frame whose payload begins after [`FRAME_HEADER`] bytes and whose last transaction is `last`.
    pub(crate) fn append(&mut self, frame: &mut Vec<u8>, last: Revision) -> Result<(), Failure> {
        if frame.len() > MAX_FRAME {
            return Err(Failure::Refused(io::Error::new(io::ErrorKind::InvalidInput, "transactions are too large")));
        }
        if !self.is_fresh() && self.at + frame.len() as u64 > self.segment_size {
            self.rotate()?;
        }
        self.seal()?;
        let header = FrameHeader { number: self.next_frame, synced: self.synced };
        header.seal(Salt { store: self.store, log: self.number }, frame);
        let size = frame.len();
        self.fill(frame);
        let written = self.file.write_at(self.at, frame);
        frame.truncate(size);
        if let Err(error) = written {
            return Err(self.take_back(error));
        }
        self.filled = self.filled.max(self.at + size as u64);
        self.at += size as u64;
        self.next_frame += 1;
        self.is_closed = false;
        self.last = self.last.max(last);
        Ok(())
    }

    /// Appends the frame that closes the store, unless there is nothing before it that it would tell of.
    pub(crate) fn close(&mut self, frame: &mut Vec<u8>) -> Result<(), Failure> {
        if self.is_fresh() || self.is_closed {
            return Ok(());
        }
        self.append(frame, self.last)?;
        self.is_closed = true;
        Ok(())
    }

    /// Returns once every frame appended is durable.
    pub(crate) fn sync(&mut self) -> Result<(), Failure> {
        self.file.sync().map_err(Failure::Lost)?;
        self.synced = self.next_frame - 1;
        Ok(())
    }

    /// Whether nothing is in the file yet.
    pub(crate) fn is_fresh(&self) -> bool {
        self.at == LOG_HEADER as u64
    }

    /// Goes on in a new file.
    pub(crate) fn rotate(&mut self) -> Result<(), Failure> {
        if self.synced + 1 != self.next_frame {
            self.sync()?;
        }
        self.seal()?;
        let spare = self.segments.lock().spares.pop();
        let header = LogHeader { store: self.store, number: self.number + 1, first_frame: self.next_frame };
        let (file, size) = match create(&*self.disk, header, spare.map(|(number, _)| number)) {
            Ok(created) => created,
            Err(failure) => {
                self.segments.lock().spares.extend(spare);
                return Err(failure);
            }
        };
        let mut segments = self.segments.lock();
        let sealed = self.filled.max(self.at + SEAL as u64);
        segments.sealed.push_back(Sealed { number: self.number, last: self.last, size: sealed });
        (segments.active, segments.active_size) = (header.number, size);
        drop(segments);
        let before = std::mem::replace(&mut self.file, file);
        self.unsealed = Some(Unsealed { file: before, number: self.number, at: self.at });
        self.number = header.number;
        (self.at, self.filled) = (LOG_HEADER as u64, size);
        self.seal()
    }

    /// Says in the part before that the log goes on in this one: from then on it is noticed if this one is lost. Nothing
    /// is written to this one before that is durable. What is torn of it, or there although writing it failed, does no
    /// harm.
    fn seal(&mut self) -> Result<(), Failure> {
        let Some(Unsealed { file, number, at }) = &self.unsealed else { return Ok(()) };
        let seal = seal(Salt { store: self.store, log: *number }, self.next_frame);
        file.write_at(*at, &seal).map_err(Failure::Refused)?;
        file.sync().map_err(Failure::Lost)?;
        self.unsealed = None;
        Ok(())
    }

    /// Adds zeros to a frame that makes the file longer anyhow.
    fn fill(&mut self, frame: &mut Vec<u8>) {
        let end = self.at + frame.len() as u64;
        if end <= self.filled {
            return;
        }
        if frame.len() < LARGE && frame.len() > CLOSING {
            let most = self.segment_size.saturating_sub(self.at).max(frame.len() as u64);
            let size = (frame.len() + FILL).min(most as usize);
            frame.resize(size, 0);
        }
        self.filled = self.at + frame.len() as u64;
        self.segments.lock().active_size = self.filled;
    }

    /// Makes sure that nothing is left of a frame whose writing failed.
    fn take_back(&mut self, error: io::Error) -> Failure {
        self.filled = self.at;
        let taken_back = match self.file.size() {
            Ok(size) if size <= self.at => Ok(()),
            Ok(_) => self.file.write_at(self.at, &[0; FRAME_HEADER]).and_then(|()| self.file.sync()),
            Err(error) => Err(error),
        };
        if taken_back.is_ok() { Failure::Refused(error) } else { Failure::Lost(error) }
    }
}

/// What ends a part of the log whose successor begins with the frame `next`: a frame that has this number, too, but
/// counts only where no successor is.
pub(crate) fn seal(part: Salt, next: u64) -> Vec<u8> {
    let mut frame = vec![0; FRAME_HEADER];
    Record::GoesOn(part.log + 1).write(&mut frame);
    FrameHeader { number: next, synced: next.saturating_sub(1) }.seal(part, &mut frame);
    frame
}

/// Makes a part of the log, from a spare one if there is one; returns how long its file is.
pub(crate) fn create(
    disk: &dyn Disk,
    header: LogHeader,
    spare: Option<u64>,
) -> Result<(Box<dyn DiskFile>, u64), Failure> {
    let name = Name::Log(header.number);
    let from = spare.map_or_else(|| name.unfinished(), |number| Name::Spare(number).to_string());
    let made = || {
        let file = if spare.is_some() { disk.open(&from)? } else { disk.create(&from)? };
        file.write_at(0, &header.to_bytes())?;
        file.sync()?;
        let size = file.size()?;
        Ok((file, size))
    };
    let made = made().map_err(|error| {
        if spare.is_none() {
            // It is nothing to anybody; the next start removes it if this fails.
            let _left_over = disk.remove(&from);
        }
        Failure::Refused(error)
    })?;
    // Once it has its name the log goes on there or nowhere.
    disk.rename(&from, &name.to_string()).and_then(|()| disk.sync_names()).map_err(Failure::Lost)?;
    Ok(made)
}
