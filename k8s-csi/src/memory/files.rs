use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;

use crate::{Content, Error, File, Result};

/// How many mounts one path may go through.
const DEPTH: usize = 16;

/// A tree of files in memory into which other trees can be mounted. Cloning shares it. Paths are absolute.
#[derive(Clone, Debug, Default)]
pub struct MemoryFiles(Arc<Mutex<Tree>>);

#[derive(Clone, Debug, Default)]
struct Tree {
    entries: BTreeMap<PathBuf, Entry>,
    mounts: BTreeMap<PathBuf, Mount>,
    /// How many bytes the files below a directory may have together.
    limits: BTreeMap<PathBuf, u64>,
}

#[derive(Clone, Debug)]
enum Entry {
    Directory,
    File(File),
}

#[derive(Clone, Debug)]
struct Mount {
    files: MemoryFiles,
    readonly: bool,
}

impl MemoryFiles {
    /// A tree that holds only its root.
    pub fn new() -> Self {
        Self::default()
    }

    /// The bytes of a file; `None` when there is none.
    pub fn read(&self, path: impl AsRef<Path>) -> Option<Bytes> {
        self.file(path).map(|file| file.bytes)
    }

    /// A file with its permissions; `None` when there is none.
    pub fn file(&self, path: impl AsRef<Path>) -> Option<File> {
        let (files, path, _) = self.resolve(path.as_ref());
        match files.0.lock().entries.get(&path) {
            Some(Entry::File(file)) => Some(file.clone()),
            _ => None,
        }
    }

    /// Writes a file and makes the directories above it.
    ///
    /// # Errors
    /// [`Error::Exhausted`] when a limit does not allow so many bytes, and [`Error::Invalid`] when a directory is
    /// there or the mount is read-only.
    pub fn write(&self, path: impl AsRef<Path>, bytes: impl Into<Bytes>) -> Result<()> {
        self.put(path, File::new(bytes))
    }

    /// Writes a file with its permissions and makes the directories above it.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub fn put(&self, path: impl AsRef<Path>, file: File) -> Result<()> {
        let (files, path, readonly) = self.resolve(path.as_ref());
        if readonly {
            return Err(Error::Invalid { message: format!("{}: read-only file system", path.display()) });
        }
        files.0.lock().write(path, file)
    }

    /// Makes a directory and those above it. Fine when it is there.
    pub fn make_directory(&self, path: impl AsRef<Path>) {
        let (files, path, _) = self.resolve(path.as_ref());
        files.0.lock().entries.entry(path).or_insert(Entry::Directory);
    }

    /// Removes a file, or a directory with all in it. Fine when it is missing.
    pub fn remove(&self, path: impl AsRef<Path>) {
        let (files, path, _) = self.resolve(path.as_ref());
        files.0.lock().remove(&path);
    }

    /// Whether a file, a directory or a mount is there.
    pub fn exists(&self, path: impl AsRef<Path>) -> bool {
        let (files, path, _) = self.resolve(path.as_ref());
        let tree = files.0.lock();
        path == Path::new("/") || tree.below(&path).next().is_some()
    }

    /// Whether a directory is there.
    pub fn is_directory(&self, path: impl AsRef<Path>) -> bool {
        let (files, path, _) = self.resolve(path.as_ref());
        let tree = files.0.lock();
        match tree.entries.get(&path) {
            Some(entry) => matches!(entry, Entry::Directory),
            None => path == Path::new("/") || tree.below(&path).next().is_some(),
        }
    }

    /// The files below a directory, relative to it, sorted; other trees mounted there are not entered.
    pub fn list(&self, directory: impl AsRef<Path>) -> Vec<PathBuf> {
        let (files, directory, _) = self.resolve(directory.as_ref());
        let tree = files.0.lock();
        let below = tree.below(&directory).filter(|(_, entry)| matches!(entry, Entry::File(_)));
        below.filter_map(|(path, _)| path.strip_prefix(&directory).ok()).map(Path::to_owned).collect()
    }

    /// How many bytes and entries there are below a directory.
    pub(super) fn usage(&self, directory: &Path) -> (u64, u64) {
        let (files, directory, _) = self.resolve(directory);
        files.0.lock().usage(&directory)
    }

    /// Puts `new` where `old` was, in one step, and leaves all else.
    pub(super) fn replace(&self, directory: &Path, old: Option<&Content>, new: &Content) {
        let mut tree = self.0.lock();
        for path in old.iter().flat_map(|old| old.files.keys()).filter(|path| !new.files.contains_key(*path)) {
            tree.entries.remove(&directory.join(path));
        }
        tree.entries.insert(directory.to_owned(), Entry::Directory);
        for (path, file) in &new.files {
            tree.entries.insert(directory.join(path), Entry::File(file.clone()));
        }
    }

    /// Lets the root of another tree appear at `path`.
    pub(super) fn mount(&self, path: &Path, files: MemoryFiles, readonly: bool) {
        self.0.lock().mounts.insert(path.to_owned(), Mount { files, readonly });
    }

    pub(super) fn unmount(&self, path: &Path) {
        self.0.lock().mounts.remove(path);
    }

    pub(super) fn limit(&self, directory: &Path, bytes: Option<u64>) {
        let mut tree = self.0.lock();
        match bytes {
            Some(bytes) => tree.limits.insert(directory.to_owned(), bytes),
            None => tree.limits.remove(directory),
        };
    }

    /// A tree of its own with the same files.
    pub(super) fn copy(&self) -> Self {
        let entries = self.0.lock().entries.clone();
        Self(Arc::new(Mutex::new(Tree { entries, ..Tree::default() })))
    }

    /// The tree and the path in it that are meant, through all mounts, and whether one of them is read-only.
    fn resolve(&self, path: &Path) -> (Self, PathBuf, bool) {
        let (mut files, mut path, mut readonly) = (self.clone(), normal(path), false);
        for _ in 0..DEPTH {
            let Some((mount, rest)) = files.0.lock().mount_of(&path) else { break };
            readonly |= mount.readonly;
            (files, path) = (mount.files, rest);
        }
        (files, path, readonly)
    }
}

impl Tree {
    fn mount_of(&self, path: &Path) -> Option<(Mount, PathBuf)> {
        if self.mounts.is_empty() {
            return None;
        }
        let (at, mount) = path.ancestors().find_map(|at| Some((at, self.mounts.get(at)?)))?;
        let rest = path.strip_prefix(at).ok()?;
        Some((mount.clone(), normal(rest)))
    }

    /// An entry and all below it.
    fn below<'a>(&'a self, path: &'a Path) -> impl Iterator<Item = (&'a PathBuf, &'a Entry)> {
        // Paths are ordered by their components, so what is below a path follows it directly.
        self.entries.range(path.to_owned()..).take_while(move |(other, _)| other.starts_with(path))
    }

    fn usage(&self, directory: &Path) -> (u64, u64) {
        self.below(directory).fold((0, 0), |(bytes, entries), (_, entry)| match entry {
            Entry::Directory => (bytes, entries + 1),
            Entry::File(file) => (bytes + file.bytes.len() as u64, entries + 1),
        })
    }

    fn write(&mut self, path: PathBuf, file: File) -> Result<()> {
        let old = match self.entries.get(&path) {
            Some(Entry::Directory) => {
                return Err(Error::Invalid { message: format!("{}: is a directory", path.display()) });
            }
            Some(Entry::File(old)) => old.bytes.len() as u64,
            None => 0,
        };
        if !self.limits.is_empty() {
            for directory in path.ancestors() {
                let Some(limit) = self.limits.get(directory) else { continue };
                if self.usage(directory).0 - old + file.bytes.len() as u64 > *limit {
                    return Err(Error::Exhausted { message: format!("{}: no space left on device", path.display()) });
                }
            }
        }
        self.entries.insert(path, Entry::File(file));
        Ok(())
    }

    fn remove(&mut self, path: &Path) {
        let gone: Vec<_> = self.below(path).map(|(path, _)| path.clone()).collect();
        for path in gone {
            self.entries.remove(&path);
        }
    }
}

/// An absolute path without `.` and `..`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::from("/");
    for component in path.components() {
        match component {
            Component::Normal(name) => normal.push(name),
            Component::ParentDir => {
                normal.pop();
            }
            _ => {}
        }
    }
    normal
}
