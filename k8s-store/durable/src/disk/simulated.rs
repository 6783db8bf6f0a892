use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::Arc;

use k8s_env::Random;
use parking_lot::Mutex;

use super::{Disk, DiskFile};

/// Sectors are written whole or not at all; what is longer may be torn between them.
const SECTOR: usize = 512;

/// A disk in memory that is as bad as a real one may be.
///
/// A [crash](Simulated::crash) leaves of what was not synced any part that the seed chooses. Cloning shares the disk.
#[derive(Clone)]
pub struct Simulated {
    inner: Arc<Mutex<Inner>>,
}

/// How a [`Simulated`] disk fails, if it does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// There is room for so many bytes, if it is not without end.
    pub capacity: Option<u64>,
    /// One in so many writes fails, having written any part; 0 is none.
    pub failing_writes: u64,
    /// One in so many syncs fails, having synced any part; 0 is none.
    pub failing_syncs: u64,
    /// One in so many changes of names fails; 0 is none.
    pub failing_names: u64,
    /// Stop at this call that changes something, counted from 1, as if the power failed there; 0 is never.
    pub crash_at: u64,
}

#[derive(Debug, Default)]
struct Content {
    /// What is read.
    data: Vec<u8>,
    /// What is sure to survive.
    durable: Vec<u8>,
    /// Places in `data` that are not sure, in the order in which they were written.
    unsure: Vec<(u64, Vec<u8>)>,
}

type Shared = Arc<Mutex<Content>>;

struct Inner {
    random: Random,
    faults: Faults,
    names: BTreeMap<String, Shared>,
    durable_names: BTreeMap<String, Shared>,
    /// Changes of names that are not sure.
    changes: Vec<Change>,
    calls: u64,
    crashed: bool,
    claimed: bool,
    /// How often the power has failed. What was opened before is of no use after.
    life: u64,
}

#[derive(Clone)]
enum Change {
    Set(String, Shared),
    Rename(String, String, Shared),
    Remove(String),
}

impl Simulated {
    /// An empty disk whose failures are drawn from `seed`.
    pub fn new(seed: u64) -> Self {
        let inner = Inner {
            random: Random::seeded(seed),
            faults: Faults::default(),
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            changes: Vec::new(),
            calls: 0,
            crashed: false,
            claimed: false,
            life: 0,
        };
        Self { inner: Arc::new(Mutex::new(inner)) }
    }

    /// Fails like this from now on.
    pub fn set_faults(&self, faults: Faults) {
        self.inner.lock().faults = faults;
    }

    /// How many calls have changed something.
    pub fn calls(&self) -> u64 {
        self.inner.lock().calls
    }

    /// Whether the power has failed since the last [`Simulated::crash`].
    pub fn has_crashed(&self) -> bool {
        self.inner.lock().crashed
    }

    /// The power fails, now if it has not before, and is back. Of what was not synced any part is there.
    pub fn crash(&self) {
        self.inner.lock().crash();
    }

    /// The process ends without the power failing: everything that was written is there.
    pub fn kill(&self) {
        let mut inner = self.inner.lock();
        inner.claimed = false;
        inner.life += 1;
    }

    /// The names and lengths of the files.
    pub fn files(&self) -> Vec<(String, usize)> {
        self.inner.lock().names.iter().map(|(name, file)| (name.clone(), file.lock().data.len())).collect()
    }

    /// Changes one byte of a file behind everybody's back.
    pub fn damage(&self, name: &str, at: usize, change: impl FnOnce(u8) -> u8) {
        if let Some(file) = self.inner.lock().names.get(name) {
            let mut file = file.lock();
            if let Some(byte) = file.data.get_mut(at) {
                *byte = change(*byte);
            }
        }
    }

    /// Cuts a file behind everybody's back.
    pub fn cut(&self, name: &str, length: usize) {
        if let Some(file) = self.inner.lock().names.get(name) {
            file.lock().data.truncate(length);
        }
    }

    /// A disk of its own with the same files.
    pub fn fork(&self, seed: u64) -> Self {
        let copy = Self::new(seed);
        {
            let mut inner = copy.inner.lock();
            for (name, file) in &self.inner.lock().names {
                let data = file.lock().data.clone();
                let content = Content { durable: data.clone(), data, unsure: Vec::new() };
                inner.names.insert(name.clone(), Arc::new(Mutex::new(content)));
            }
            inner.durable_names = inner.names.clone();
        }
        copy
    }
}

impl Inner {
    /// Counts a call that changes something; fails if the power has, or does now.
    fn enter(&mut self) -> io::Result<()> {
        self.calls += 1;
        self.crashed |= self.faults.crash_at != 0 && self.calls >= self.faults.crash_at;
        if self.crashed { Err(io::Error::other("the power failed")) } else { Ok(()) }
    }

    fn strikes(&self, one_in: u64) -> bool {
        one_in > 0 && self.random.below(one_in) == 0
    }

    fn change_names(&mut self, change: Change) -> io::Result<()> {
        self.enter()?;
        if self.strikes(self.faults.failing_names) {
            return Err(io::Error::other("the disk failed to change a name"));
        }
        apply(&mut self.names, &change);
        self.changes.push(change);
        Ok(())
    }

    fn used(&self) -> u64 {
        self.names.values().map(|file| file.lock().data.len() as u64).sum()
    }

    fn crash(&mut self) {
        // A journal of names keeps their order, so that some of the last changes are lost and none in between.
        let kept = self.random.below(self.changes.len() as u64 + 1) as usize;
        for change in self.changes.drain(..).take(kept) {
            apply(&mut self.durable_names, &change);
        }
        self.names = self.durable_names.clone();
        for file in self.names.values() {
            file.lock().lose(&self.random);
        }
        (self.crashed, self.claimed) = (false, false);
        self.life += 1;
        self.faults.crash_at = 0;
    }
}

fn apply(names: &mut BTreeMap<String, Shared>, change: &Change) {
    match change {
        Change::Set(name, file) => drop(names.insert(name.clone(), Arc::clone(file))),
        Change::Rename(from, to, file) => {
            names.remove(from);
            names.insert(to.clone(), Arc::clone(file));
        }
        Change::Remove(name) => drop(names.remove(name)),
    }
}

impl Content {
    fn write(&mut self, at: u64, data: &[u8]) {
        put(&mut self.data, at, data);
        self.unsure.push((at, data.to_vec()));
    }

    fn sync(&mut self) {
        for (at, data) in self.unsure.drain(..) {
            put(&mut self.durable, at, &data);
        }
    }

    /// Keeps any of the sectors that were not sure, from any of the times they were written.
    fn lose(&mut self, random: &Random) {
        let chance = random.below(5);
        for (at, data) in self.unsure.drain(..) {
            let mut start = 0;
            while start < data.len() {
                // Up to where the file's next sector begins.
                let end = (start + SECTOR - (at as usize + start) % SECTOR).min(data.len());
                if random.below(4) < chance {
                    put(&mut self.durable, at + start as u64, &data[start..end]);
                }
                start = end;
            }
        }
        self.data.clone_from(&self.durable);
    }
}

fn put(to: &mut Vec<u8>, at: u64, data: &[u8]) {
    let end = at as usize + data.len();
    if to.len() < end {
        to.resize(end, 0);
    }
    to[at as usize..end].copy_from_slice(data);
}

fn not_found(name: &str) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, format!("there is no {name}"))
}

impl Disk for Simulated {
    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.inner.lock().names.keys().cloned().collect())
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let inner = self.inner.lock();
        let content = Arc::clone(inner.names.get(name).ok_or_else(|| not_found(name))?);
        Ok(Box::new(SimulatedFile { disk: self.clone(), life: inner.life, content }))
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let content = Shared::default();
        let mut inner = self.inner.lock();
        if inner.faults.capacity.is_some_and(|capacity| inner.used() >= capacity) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        inner.change_names(Change::Set(name.to_owned(), Arc::clone(&content)))?;
        Ok(Box::new(SimulatedFile { disk: self.clone(), life: inner.life, content }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut inner = self.inner.lock();
        let file = Arc::clone(inner.names.get(from).ok_or_else(|| not_found(from))?);
        inner.change_names(Change::Rename(from.to_owned(), to.to_owned(), file))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut inner = self.inner.lock();
        if !inner.names.contains_key(name) {
            return Err(not_found(name));
        }
        inner.change_names(Change::Remove(name.to_owned()))
    }

    fn sync_names(&self) -> io::Result<()> {
        let mut inner = self.inner.lock();
        inner.enter()?;
        if inner.strikes(inner.faults.failing_syncs) {
            return Err(io::Error::other("the disk failed to sync names"));
        }
        inner.changes.clear();
        inner.durable_names = inner.names.clone();
        Ok(())
    }

    fn lock(&self) -> io::Result<Box<dyn Any + Send + Sync>> {
        let mut inner = self.inner.lock();
        if inner.claimed {
            return Err(io::Error::new(io::ErrorKind::WouldBlock, "another has the disk"));
        }
        inner.claimed = true;
        Ok(Box::new(Claim { disk: self.clone(), life: inner.life }))
    }
}

struct Claim {
    disk: Simulated,
    life: u64,
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut inner = self.disk.inner.lock();
        if inner.life == self.life {
            inner.claimed = false;
        }
    }
}

struct SimulatedFile {
    disk: Simulated,
    life: u64,
    content: Shared,
}

impl SimulatedFile {
    fn enter(&self) -> io::Result<parking_lot::MutexGuard<'_, Inner>> {
        let mut inner = self.disk.inner.lock();
        if inner.life != self.life {
            return Err(io::Error::other("the file was opened before the power failed"));
        }
        inner.enter()?;
        Ok(inner)
    }
}

impl DiskFile for SimulatedFile {
    fn size(&self) -> io::Result<u64> {
        Ok(self.content.lock().data.len() as u64)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let content = self.content.lock();
        let there = content.data.get(offset as usize..).unwrap_or_default();
        let n = there.len().min(buffer.len());
        buffer[..n].copy_from_slice(&there[..n]);
        Ok(n)
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        // What was being written when the power failed may be there in part.
        let inner = match self.enter() {
            Ok(inner) => inner,
            Err(error) => {
                let inner = self.disk.inner.lock();
                if inner.life == self.life && inner.calls == inner.faults.crash_at {
                    self.content.lock().write(offset, data);
                }
                return Err(error);
            }
        };
        let grows = (offset + data.len() as u64).saturating_sub(self.content.lock().data.len() as u64);
        let full = grows > 0 && inner.faults.capacity.is_some_and(|capacity| inner.used() + grows > capacity);
        if full || inner.strikes(inner.faults.failing_writes) {
            let part = inner.random.below(data.len() as u64 + 1) as usize;
            let fits = part.min(if full { data.len().saturating_sub(grows as usize) } else { data.len() });
            self.content.lock().write(offset, &data[..fits]);
            let kind = if full { io::ErrorKind::StorageFull } else { io::ErrorKind::Other };
            return Err(io::Error::new(kind, "the disk failed to write"));
        }
        self.content.lock().write(offset, data);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let inner = self.enter()?;
        let mut content = self.content.lock();
        if inner.strikes(inner.faults.failing_syncs) {
            // As Linux does: what was not written is forgotten, and the next sync says that all is well.
            let random = inner.random.fork();
            let before = content.data.clone();
            content.lose(&random);
            content.data = before;
            return Err(io::Error::other("the disk failed to sync"));
        }
        content.sync();
        Ok(())
    }
}

impl fmt::Debug for Simulated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Simulated")
    }
}

impl fmt::Debug for SimulatedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SimulatedFile")
    }
}
