use std::sync::Arc;

use k8s_store::Error;

use crate::checkpoint::NewFile;
use crate::disk::{self, Disk, DiskFile};
use crate::failure::{corrupt, refused};
use crate::format::{LOG_HEADER, LogHeader, Name, SNAPSHOT_HEADER, Salt, SnapshotHeader, VERSION, version};
use crate::log::seal;
use crate::recover::{self, Recovered};

/// The oldest version of a file that counts.
pub(crate) fn oldest_version(disk: &dyn Disk, store: &Recovered) -> Result<u32, Error> {
    let mut oldest = version_of(disk, Name::Base(store.base))?;
    for part in store.parts() {
        oldest = oldest.min(version_of(disk, Name::Log(part.number))?);
    }
    Ok(oldest)
}

fn version_of(disk: &dyn Disk, name: Name) -> Result<u32, Error> {
    let file = disk.open(&name.to_string()).map_err(refused)?;
    let header = disk::read(&*file, 0, LOG_HEADER.max(SNAPSHOT_HEADER)).map_err(refused)?;
    version(&header).map_err(|damage| corrupt(format!("{name}: header {damage}")))
}

/// Writes the files that are of an older version as the newest. Each takes the place of the old one once it is durable,
/// and files of several versions make a store, so a crash in between leaves one that opens and can be upgraded.
pub(crate) fn upgrade(disk: &Arc<dyn Disk>, store: &Recovered) -> Result<(), Error> {
    recover::clean(&**disk, store)?;
    let base = Name::Base(store.base);
    if version_of(&**disk, base)? < VERSION {
        upgrade_base(disk, base)?;
    }
    let parts: Vec<_> = store.parts().collect();
    for (n, part) in parts.iter().enumerate() {
        let name = Name::Log(part.number);
        if version_of(&**disk, name)? < VERSION {
            // From the second version on, a part says that it has a successor.
            let salt = Salt { store: store.store, log: part.number };
            let end = parts.get(n + 1).map_or(Vec::new(), |_| seal(salt, part.next_frame));
            upgrade_log(disk, name, part.at, &end)?;
        }
    }
    Ok(())
}

fn upgrade_base(disk: &Arc<dyn Disk>, name: Name) -> Result<(), Error> {
    let file = disk.open(&name.to_string()).map_err(refused)?;
    let header = disk::read(&*file, 0, SNAPSHOT_HEADER).map_err(refused)?;
    let header = SnapshotHeader::parse(&header).map_err(|damage| corrupt(format!("{name}: header {damage}")))?;
    let size = file.size().map_err(refused)?;
    rewrite(disk, name, &*file, &header.to_bytes(), size, &[])
}

fn upgrade_log(disk: &Arc<dyn Disk>, name: Name, frames_end: u64, end: &[u8]) -> Result<(), Error> {
    let file = disk.open(&name.to_string()).map_err(refused)?;
    let header = disk::read(&*file, 0, LOG_HEADER).map_err(refused)?;
    let header = LogHeader::parse(&header).map_err(|damage| corrupt(format!("{name}: header {damage}")))?;
    rewrite(disk, name, &*file, &header.to_bytes(), frames_end, end)
}

/// Puts another header before the contents of a file up to `size`, and `end` after them.
fn rewrite(
    disk: &Arc<dyn Disk>,
    name: Name,
    file: &dyn DiskFile,
    header: &[u8],
    size: u64,
    end: &[u8],
) -> Result<(), Error> {
    let write = || {
        let mut new = NewFile::create(disk, &name.to_string())?;
        new.write(header)?;
        new.copy(file, header.len() as u64, size)?;
        new.write(end)?;
        new.finish()
    };
    write().map(drop).map_err(refused)
}
