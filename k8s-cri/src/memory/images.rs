use async_trait::async_trait;

use super::reference;
use super::runtime::MemoryRuntime;
use super::state::State;
use crate::{Auth, Error, FsInfo, FsUsage, Image, ImageSpec, Images, PullFailure, Result, SandboxConfig};

#[async_trait]
impl Images for MemoryRuntime {
    async fn pull(&self, image: &ImageSpec, _auth: Option<&Auth>, sandbox: Option<&SandboxConfig>) -> Result<String> {
        if !reference::is_valid(&image.image) {
            return Err(Error::Invalid { message: format!("failed to parse image name {:?}", image.image) });
        }
        let (delay, failure) = self.lock().script_pull(&image.image, sandbox);
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        if let Some(message) = failure {
            return Err(Error::ImagePull { image: image.image.clone(), failure: PullFailure::Refused, message });
        }
        let pulled = reference::image(&reference::canonical(&image.image));
        let id = pulled.id.clone();
        self.lock().add_image(pulled);
        Ok(id)
    }

    async fn image_status(&self, image: &ImageSpec) -> Result<Option<Image>> {
        Ok(self.lock().find_image(&image.image).cloned())
    }

    async fn list_images(&self) -> Result<Vec<Image>> {
        Ok(self.lock().images.values().cloned().collect())
    }

    async fn remove_image(&self, image: &ImageSpec) -> Result<()> {
        let mut state = self.lock();
        let Some(id) = state.find_image(&image.image).map(|image| image.id.clone()) else { return Ok(()) };
        if let Some((user, _)) = state.containers.iter().find(|(_, row)| row.image_id == id) {
            return Err(Error::failed(format!("image {} is in use by container {user}", image.image)));
        }
        state.images.remove(&id);
        Ok(())
    }

    async fn image_fs_info(&self) -> Result<FsInfo> {
        let at = self.now();
        let state = self.lock();
        let used = state.images.values().map(|image| image.size).sum();
        let usage = |mountpoint: &str, used_bytes, inodes_used| FsUsage {
            at,
            mountpoint: mountpoint.into(),
            used_bytes,
            inodes_used,
        };
        Ok(FsInfo {
            images: vec![usage("/memory/images", used, state.images.len() as u64)],
            containers: vec![usage("/memory/containers", 0, state.containers.len() as u64)],
        })
    }
}

impl State {
    pub(super) fn find_image(&self, reference: &str) -> Option<&Image> {
        if let Some(image) = self.images.get(reference) {
            return Some(image);
        }
        let wanted = reference::canonical(reference);
        self.images.values().find(|image| image.tags.contains(&wanted) || image.digests.contains(&wanted))
    }

    pub(super) fn add_image(&mut self, pulled: Image) {
        let Some(present) = self.images.get_mut(&pulled.id) else {
            self.images.insert(pulled.id.clone(), pulled);
            return;
        };
        for (have, new) in [(&mut present.tags, pulled.tags), (&mut present.digests, pulled.digests)] {
            have.extend(new);
            have.sort_unstable();
            have.dedup();
        }
    }

    /// How long a pull takes and whether it fails; counts the failures that were asked for.
    fn script_pull(&mut self, image: &str, sandbox: Option<&SandboxConfig>) -> (std::time::Duration, Option<String>) {
        let pod = sandbox.map(|config| &config.metadata);
        let Some((_, behavior)) = self.scripts.iter_mut().rev().find(|(which, _)| which.fits_pull(image, pod)) else {
            return Default::default();
        };
        let failure = behavior.pull_failure.as_mut().and_then(|failure| match &mut failure.times {
            None => Some(failure.message.clone()),
            Some(0) => None,
            Some(times) => {
                *times -= 1;
                Some(failure.message.clone())
            }
        });
        (behavior.pull_delay, failure)
    }
}
