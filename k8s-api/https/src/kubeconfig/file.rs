use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::Kubeconfig;
use crate::Error;

impl Kubeconfig {
    /// Reads a kubeconfig from YAML or JSON. Paths in it are relative to the current folder until
    /// [`Kubeconfig::folder`] is set.
    ///
    /// # Errors
    /// When it is not well-formed.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let config: Option<Self> =
            serde_saphyr::from_str(text).map_err(|e| Error::Kubeconfig(e.to_string().trim().to_owned()))?;
        Ok(config.unwrap_or_default())
    }

    /// Reads a kubeconfig file, to whose folder paths in it are relative.
    ///
    /// # Errors
    /// When the file cannot be read or is not well-formed.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let text = fs::read_to_string(path).map_err(failed(path))?;
        let mut config = Self::parse(&text)?;
        path.parent().unwrap_or(Path::new("")).clone_into(&mut config.folder);
        Ok(config)
    }

    /// The YAML of the file.
    ///
    /// # Errors
    /// Never in practice: a kubeconfig can always be written.
    pub fn to_yaml(&self) -> Result<String, Error> {
        serde_saphyr::to_string(self).map_err(|e| Error::Kubeconfig(e.to_string()))
    }

    /// Writes the file so that whoever reads it sees the old or the new one whole, and nobody but its owner reads it
    /// (mode 0600).
    ///
    /// # Errors
    /// When the file cannot be written; the old one is then still there.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let path = path.as_ref();
        let text = self.to_yaml()?;
        let beside = beside(path);
        let result = write_new(&beside, text.as_bytes()).and_then(|()| fs::rename(&beside, path));
        if result.is_err() {
            // It holds a key; that it cannot be removed is no worse than what is being reported.
            let _ = fs::remove_file(&beside);
        }
        result.map_err(failed(path))
    }
}

/// Where the new file is made: in the same folder, as only there it can be moved in one step.
fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.new"))
}

fn write_new(path: &Path, text: &[u8]) -> io::Result<()> {
    // What a crash left behind goes first: it might be readable by others, or a link to somewhere else.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = private(path)?;
    file.write_all(text)?;
    file.sync_all()
}

fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

pub(super) fn failed(path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::File { path, source }
}
