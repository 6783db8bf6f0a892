//! What the store asks of a disk, so that it can be asked of a worse one.
//!
//! [`Directory`] is the real thing; [`Simulated`] loses, tears and reorders what was not synced, fills up and fails.

use std::any::Any;
use std::fmt::Debug;
use std::io;

mod directory;
mod simulated;

pub use directory::Directory;
pub use simulated::{Faults, Simulated};

/// One directory of files.
///
/// # Contract
/// What is written is read back at once, whether synced or not. A crash may undo any part of what was not synced: of
/// the bytes written to a file since its last [`DiskFile::sync`], each may be there or not, and of the names created,
/// renamed and removed since the last [`Disk::sync_names`], each.
pub trait Disk: Send + Sync + Debug + 'static {
    /// The names of the files, in any order.
    ///
    /// # Errors
    /// Those of the disk.
    fn list(&self) -> io::Result<Vec<String>>;

    /// Opens a file that exists, to read and write.
    ///
    /// # Errors
    /// Those of the disk.
    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>>;

    /// Makes an empty file, in place of one of this name if there is one.
    ///
    /// # Errors
    /// Those of the disk.
    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>>;

    /// Gives a file another name, in place of a file of that name if there is one.
    ///
    /// # Errors
    /// Those of the disk.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// Those of the disk.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Returns once the names survive a crash.
    ///
    /// # Errors
    /// Those of the disk.
    fn sync_names(&self) -> io::Result<()>;

    /// Claims the directory for one store, until what is returned is dropped.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] if another has it.
    fn lock(&self) -> io::Result<Box<dyn Any + Send + Sync>>;
}

/// One open file.
pub trait DiskFile: Send + Sync + Debug {
    /// Its length in bytes.
    ///
    /// # Errors
    /// Those of the disk.
    fn size(&self) -> io::Result<u64>;

    /// Fills as much of `buffer` as there is from `offset` on; returns how much that was.
    ///
    /// # Errors
    /// Those of the disk.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;

    /// Writes all of `data` at `offset`, making the file longer as needed. After an error any part of it may have
    /// been written.
    ///
    /// # Errors
    /// Those of the disk.
    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()>;

    /// Returns once all that was written survives a crash. After an error nobody knows what does.
    ///
    /// # Errors
    /// Those of the disk.
    fn sync(&self) -> io::Result<()>;
}

/// All of a file from `offset` on, at most `most` bytes.
pub(crate) fn read(file: &dyn DiskFile, offset: u64, most: usize) -> io::Result<Vec<u8>> {
    let size = file.size()?.saturating_sub(offset).min(most as u64) as usize;
    let mut data = vec![0; size];
    let n = file.read_at(offset, &mut data)?;
    data.truncate(n);
    Ok(data)
}
