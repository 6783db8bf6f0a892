use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use k8s_store::engine::{Engine, Mark};
use k8s_store::{Error, KeyValue, LeaseId, Revision};

use crate::disk::{self, Disk, DiskFile};
use crate::failure::refused;
use crate::format::{Name, SnapshotHeader, Stored, write_block};
use crate::walk::Walk;

/// About how long the blocks of a snapshot are.
const BLOCK: usize = 1 << 20;

/// How much of a file to copy at once.
const PIECE: usize = 1 << 20;

/// Makes a snapshot, piece by piece, while the store goes on.
#[derive(Debug)]
pub(crate) struct Copy {
    header: SnapshotHeader,
    walk: Walk,
    leases: Vec<(LeaseId, Duration)>,
    /// How far what is staged went when the leases were listed. Until that is published, some may never have been.
    pub(crate) leases_as_of: Mark,
    blocks: u64,
    keys: u64,
    next: Next,
}

#[derive(Debug, PartialEq, Eq)]
enum Next {
    Head,
    Keys,
    Nothing,
}

impl Copy {
    /// Begins a copy as of `at`, or of now, for a log that goes on in `first_log`.
    pub(crate) fn begin(
        engine: &Arc<Engine>,
        store: u64,
        at: Option<Revision>,
        first_log: u64,
        keys: u64,
        buffer: usize,
    ) -> Result<Self, Error> {
        let walk = Walk::begin(Arc::clone(engine), at, buffer)?;
        let (leases, leases_as_of) = engine.leases()?;
        let leases = leases.into_iter().map(|lease| (lease.id, lease.ttl)).collect();
        let header = SnapshotHeader { store, revision: walk.at(), first_log, keys };
        Ok(Self { header, walk, leases, leases_as_of, blocks: 0, keys: 0, next: Next::Head })
    }

    pub(crate) fn revision(&self) -> Revision {
        self.header.revision
    }

    /// The next piece of the file, perhaps empty; nothing at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let mut piece = Vec::new();
        match self.next {
            Next::Head => {
                piece.extend_from_slice(&self.header.to_bytes());
                write_block(&mut piece, self.header.store, 0, Stored::Batch(self.walk.batch()));
                write_block(&mut piece, self.header.store, 1, Stored::Leases(&self.leases));
                (self.blocks, self.next) = (2, Next::Keys);
            }
            Next::Keys => {
                while piece.len() < BLOCK && self.next == Next::Keys {
                    if let Some(page) = self.walk.next()? {
                        self.add(&mut piece, &page);
                    } else {
                        write_block(&mut piece, self.header.store, self.blocks, Stored::End { keys: self.keys });
                        self.next = Next::Nothing;
                    }
                }
            }
            Next::Nothing => return Ok(None),
        }
        Ok(Some(piece))
    }

    fn add(&mut self, piece: &mut Vec<u8>, page: &[KeyValue]) {
        let mut rest = page;
        while !rest.is_empty() {
            let mut size = 0;
            let fits = rest.iter().take_while(|kv| {
                let before = size;
                size += kv.key.len() + kv.value.len();
                before < BLOCK
            });
            let (now, later) = rest.split_at(fits.count());
            write_block(piece, self.header.store, self.blocks, Stored::Keys(now));
            self.blocks += 1;
            self.keys += now.len() as u64;
            rest = later;
        }
    }
}

/// A file that gets its name once it is complete and durable.
#[derive(Debug)]
pub(crate) struct NewFile {
    disk: Arc<dyn Disk>,
    unfinished: String,
    name: String,
    file: Box<dyn DiskFile>,
    size: u64,
}

impl NewFile {
    pub(crate) fn create(disk: &Arc<dyn Disk>, name: &str) -> io::Result<Self> {
        let unfinished = format!("{name}.new");
        let file = disk.create(&unfinished)?;
        Ok(Self { disk: Arc::clone(disk), unfinished, name: name.to_owned(), file, size: 0 })
    }

    pub(crate) fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        self.file.write_at(self.size, piece)?;
        self.size += piece.len() as u64;
        Ok(())
    }

    /// Adds what `file` has from `at` up to `end`.
    pub(crate) fn copy(&mut self, file: &dyn DiskFile, mut at: u64, end: u64) -> io::Result<()> {
        while at < end {
            let piece = disk::read(file, at, PIECE.min((end - at) as usize))?;
            if piece.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.write(&piece)?;
            at += piece.len() as u64;
        }
        Ok(())
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Returns the size.
    pub(crate) fn finish(self) -> io::Result<u64> {
        self.file.sync()?;
        self.disk.rename(&self.unfinished, &self.name)?;
        self.disk.sync_names()?;
        Ok(self.size)
    }

    pub(crate) fn abandon(self) {
        // The next start removes it if this fails.
        let _left_over = self.disk.remove(&self.unfinished);
    }
}

/// Writes the snapshot of a store that has no keys.
pub(crate) fn write_empty(disk: &Arc<dyn Disk>, store: u64) -> Result<u64, Error> {
    let header = SnapshotHeader { store, revision: Revision::FIRST, first_log: 1, keys: 0 };
    let mut bytes = header.to_bytes().to_vec();
    let blocks = [Stored::Batch(&[]), Stored::Leases(&[]), Stored::End { keys: 0 }];
    for (index, stored) in (0..).zip(blocks) {
        write_block(&mut bytes, store, index, stored);
    }
    let write = || {
        let mut file = NewFile::create(disk, &Name::Base(header.revision).to_string())?;
        file.write(&bytes)?;
        file.finish()
    };
    write().map_err(refused)
}

/// All of a copy at once, for streams.
pub(crate) fn pieces(mut copy: Copy) -> impl Iterator<Item = Result<Bytes, Error>> {
    let mut failed = false;
    std::iter::from_fn(move || {
        if failed {
            return None;
        }
        let piece = copy.next();
        failed = piece.is_err();
        piece.transpose().map(|piece| piece.map(Bytes::from))
    })
}
