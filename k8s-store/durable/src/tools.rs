//! What an operator does to a store that nobody has open: each is one call, and one word of the command.

use std::path::Path;
use std::sync::Arc;

use k8s_store::engine::Limits;
use k8s_store::{Error, Maintenance, Revision};
use tokio::runtime::Builder;

use crate::Durable;
use crate::checkpoint::{Copy, NewFile};
use crate::disk::{self, Directory, Disk, DiskFile};
use crate::failure::{corrupt, refused};
use crate::format::{self, Name, SNAPSHOT_HEADER, VERSION};
use crate::recover::{self, Recovered};
use crate::upgrade;

/// Everything that a store holds is read with these.
const EVERYTHING: Limits = Limits { events: usize::MAX, bytes: usize::MAX };

/// What a store, or a snapshot of one, holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The version of its format; the oldest if its files have several.
    pub version: u32,
    /// The last revision.
    pub revision: Revision,
    /// The oldest revision that can be read.
    pub oldest: Revision,
    /// Keys.
    pub keys: u64,
    /// Leases that had not ended.
    pub leases: u64,
    /// Groups of changes in the log.
    pub frames: u64,
    /// Files that count.
    pub files: u64,
    /// Bytes on the disk.
    pub size: u64,
    /// A hash over the contents, as [`Maintenance::hash`] gives it.
    pub hash: u32,
}

/// Reads all of the store on `disk` and checks every checksum, and that all of it fits together. Changes nothing.
///
/// # Errors
/// [`Error::Corrupt`] with the file and the place, [`Error::Invalid`] if there is no store, and those of the
/// disk.
pub fn verify(disk: &dyn Disk) -> Result<Report, Error> {
    let recovered = read(disk)?;
    let version = upgrade::oldest_version(disk, &recovered)?;
    let (frames, files) = (recovered.frames, recovered.files as u64);
    let size = recovered.size();
    let engine = recovered.engine;
    let (status, hash) = (engine.status()?, engine.hash(None)?);
    let leases = engine.leases()?.0.len() as u64;
    let (revision, oldest, keys) = (status.revision, status.oldest, engine.keys() as u64);
    Ok(Report { version, revision, oldest, keys, leases, frames, files, size, hash: hash.hash })
}

fn read(disk: &dyn Disk) -> Result<Recovered, Error> {
    if recover::is_empty(disk)? {
        return Err(Error::invalid("there is no store here"));
    }
    recover::read(disk, EVERYTHING)
}

/// Reads all of a snapshot and checks it.
///
/// # Errors
/// [`Error::Corrupt`] with the place, and those of the disk.
pub fn verify_snapshot(path: &Path) -> Result<Report, Error> {
    let (disk, name) = beside(path)?;
    let file = disk.open(&name).map_err(refused)?;
    let (header, fill, _) = recover::read_snapshot(&*file, &name, EVERYTHING)?;
    let engine = fill.finish();
    let leases = engine.leases()?.0.len() as u64;
    let hash = engine.hash(None)?.hash;
    let (keys, size) = (engine.keys() as u64, file.size().map_err(refused)?);
    let (revision, oldest) = (header.revision, header.revision);
    let head = disk::read(&*file, 0, SNAPSHOT_HEADER).map_err(refused)?;
    let version = format::version(&head).map_err(|damage| corrupt(format!("{name}: header {damage}")))?;
    Ok(Report { version, revision, oldest, keys, leases, frames: 0, files: 1, size, hash })
}

/// Writes a snapshot of the store in `directory` to the file `path`.
///
/// # Errors
/// Those of [`Durable::open`], and those of the disk of the file.
pub fn snapshot(directory: &Path, path: &Path) -> Result<Revision, Error> {
    on_store(directory, async |store| store.snapshot_to(path).await)
}

/// Makes a store in `directory`, which must hold none, from the snapshot in the file `path`, which is checked first.
/// What `etcdctl snapshot save` writes of a durable store that is served as etcd will do, too: a snapshot, and after it
/// a checksum for etcd's tools.
///
/// # Errors
/// [`Error::Corrupt`] with the place in the snapshot, [`Error::Invalid`] if there is a store in the directory, and
/// those of the disks.
pub fn restore(path: &Path, directory: &Path) -> Result<Revision, Error> {
    let disk: Arc<dyn Disk> = Arc::new(Directory::create(directory).map_err(refused)?);
    let (from, name) = beside(path)?;
    let file = from.open(&name).map_err(refused)?;
    restore_on(&*file, &name, &disk)
}

/// [`restore`] for any disk: `name` is what errors call the snapshot.
///
/// # Errors
/// Those of [`restore`].
pub fn restore_on(snapshot: &dyn DiskFile, name: &str, disk: &Arc<dyn Disk>) -> Result<Revision, Error> {
    let _claim = disk.lock().map_err(refused)?;
    if !recover::is_empty(&**disk)? && !recover::is_half_made(&**disk)? {
        return Err(Error::invalid("there is a store here already"));
    }
    let (header, fill, length) = recover::read_snapshot(snapshot, name, EVERYTHING)?;
    drop(fill);
    if header.first_log != 1 {
        return Err(corrupt(format!("{name}: needs a log that it goes on in")));
    }
    recover::begin_log(disk, header.store)?;
    let copy = || {
        let mut base = NewFile::create(disk, &Name::Base(header.revision).to_string())?;
        base.copy(snapshot, 0, length)?;
        base.finish()
    };
    copy().map_err(refused)?;
    Ok(header.revision)
}

/// Gives back what the store in `directory` does not need: forgotten history, and files kept for writing over.
///
/// # Errors
/// Those of [`Durable::open`].
pub fn defragment(directory: &Path) -> Result<(), Error> {
    on_store(directory, async |store| store.defragment().await)
}

/// Brings the store in `directory` to the version of the format that this release writes, after reading all of it;
/// returns the version that it had. Nothing of the contents changes, the history included.
///
/// # Errors
/// [`Error::Corrupt`] for versions that this release does not know, and those of the disk. What was done by then stays
/// done, and the store opens.
pub fn upgrade(directory: &Path) -> Result<u32, Error> {
    let disk: Arc<dyn Disk> = Arc::new(Directory::existing(directory).map_err(refused)?);
    upgrade_on(&disk)
}

/// [`upgrade`] for any disk.
///
/// # Errors
/// Those of [`upgrade`].
pub fn upgrade_on(disk: &Arc<dyn Disk>) -> Result<u32, Error> {
    let _claim = disk.lock().map_err(refused)?;
    let store = read(&**disk)?;
    let version = upgrade::oldest_version(&**disk, &store)?;
    if version < VERSION {
        upgrade::upgrade(disk, &store)?;
    }
    Ok(version)
}

impl Durable {
    /// Writes a snapshot to the file `path`, on any file system, while the store goes on serving. The file has its
    /// name only once it is complete and durable. Writes on this thread.
    ///
    /// # Errors
    /// Those of [`Maintenance::snapshot`], and those of the disk of the file.
    pub async fn snapshot_to(&self, path: &Path) -> Result<Revision, Error> {
        let mut copy = self.copy().await?;
        let (disk, name) = beside(path)?;
        let mut file = NewFile::create(&disk, &name).map_err(refused)?;
        let written = write_all(&mut copy, &mut file);
        match written {
            Ok(()) => file.finish().map_err(refused).map(|_| copy.revision()),
            Err(error) => {
                file.abandon();
                Err(error)
            }
        }
    }
}

fn write_all(copy: &mut Copy, file: &mut NewFile) -> Result<(), Error> {
    while let Some(piece) = copy.next()? {
        file.write(&piece).map_err(refused)?;
    }
    Ok(())
}

/// The directory of a file, and its name there.
fn beside(path: &Path) -> Result<(Arc<dyn Disk>, String), Error> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().and_then(|name| name.to_str()).ok_or_else(|| Error::invalid("no name of a file"))?;
    Ok((Arc::new(Directory::existing(parent).map_err(refused)?), name.to_owned()))
}

/// Opens a store that exists, does something, and closes it.
fn on_store<T>(directory: &Path, work: impl AsyncFnOnce(&Durable) -> Result<T, Error>) -> Result<T, Error> {
    let disk: Arc<dyn Disk> = Arc::new(Directory::existing(directory).map_err(refused)?);
    if recover::is_empty(&*disk)? {
        return Err(Error::invalid("there is no store here"));
    }
    let runtime = Builder::new_current_thread().enable_time().build().map_err(refused)?;
    runtime.block_on(async {
        let limits = Durable::builder().history(usize::MAX).history_bytes(usize::MAX);
        let store = limits.open_on(disk).await?;
        let done = work(&store).await;
        store.close().await?;
        done
    })
}
