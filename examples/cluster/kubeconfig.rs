use std::error::Error;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::{fs, process};

use k8s_kit::https::Kubeconfig;

/// What the context is called: by it a later run knows the file.
const CONTEXT: &str = "k8s-kit-example";

/// A kubeconfig that is there as long as the cluster is.
pub(crate) struct KubeconfigFile {
    pub(crate) path: PathBuf,
    /// The folder that was made for it.
    folder: Option<PathBuf>,
}

impl KubeconfigFile {
    pub(crate) fn create(path: Option<PathBuf>, content: &Kubeconfig) -> Result<Self, Box<dyn Error>> {
        let file = if let Some(path) = path {
            make_way(&path)?;
            Self { path: std::path::absolute(path)?, folder: None }
        } else {
            let folder = std::env::temp_dir().join(format!("k8s-kit-{}", process::id()));
            fs::create_dir(&folder)?;
            Self { path: folder.join("kubeconfig"), folder: Some(folder) }
        };
        let mut content = content.clone();
        for context in &mut content.contexts {
            CONTEXT.clone_into(&mut context.name);
        }
        content.context(CONTEXT).write(&file.path)?;
        Ok(file)
    }
}

/// Removes what an earlier run left behind when it was killed. Anything else is somebody else's, and is neither
/// overwritten nor removed in the end.
fn make_way(path: &Path) -> Result<(), Box<dyn Error>> {
    if !path.exists() {
        return Ok(());
    }
    let shown = path.display();
    let old = Kubeconfig::read(path).ok().filter(|old| old.current_context == CONTEXT);
    let Some(old) = old else {
        return Err(
            format!("{shown} exists already and is not of this program: name another file, or remove it").into()
        );
    };
    let addresses = old.clusters.iter().filter_map(|named| named.cluster.server.strip_prefix("https://"));
    if addresses.into_iter().any(|address| TcpStream::connect(address).is_ok()) {
        return Err(format!("{shown} is of a cluster that is still up: name another file, or stop that one").into());
    }
    Ok(fs::remove_file(path)?)
}

impl Drop for KubeconfigFile {
    fn drop(&mut self) {
        // Whoever removed it before has done what is to be done here.
        let _ = fs::remove_file(&self.path);
        if let Some(folder) = &self.folder {
            let _ = fs::remove_dir(folder);
        }
    }
}
