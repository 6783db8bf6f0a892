use async_trait::async_trait;

use crate::image::{Auth, FsInfo, Image, ImageSpec};
use crate::{Result, SandboxConfig};

/// The images on one machine.
///
/// # Contract
/// Backends implement it, the node agent calls it. An image is present under every reference in its tags and
/// digests and under its id. Short references mean what Docker made of them: `busybox` is
/// `docker.io/library/busybox:latest`.
///
/// # Ordering
/// A pull that returned is seen by every later call. Pulls of one image at the same time may share the work.
///
/// # Cancellation
/// A dropped pull may go on or stop; either way no half image is ever present.
#[async_trait]
pub trait Images: Send + Sync {
    /// Fetches an image and returns its id. Pulling again looks for a newer one under the same reference.
    /// `sandbox` is that of the pod that asks, if one does.
    ///
    /// # Errors
    /// [`Error::ImagePull`](crate::Error::ImagePull), and [`Error::Invalid`](crate::Error::Invalid) for a reference
    /// that cannot be read.
    async fn pull(&self, image: &ImageSpec, auth: Option<&Auth>, sandbox: Option<&SandboxConfig>) -> Result<String>;

    /// Looks for a present image; `None` when it is not.
    ///
    /// # Errors
    /// [`Error::Unavailable`](crate::Error::Unavailable).
    async fn image_status(&self, image: &ImageSpec) -> Result<Option<Image>>;

    /// Lists all present images, sorted by id.
    ///
    /// # Errors
    /// [`Error::Unavailable`](crate::Error::Unavailable).
    async fn list_images(&self) -> Result<Vec<Image>>;

    /// Removes an image under all its references. Fine when it is missing.
    ///
    /// # Errors
    /// [`Error::Failed`](crate::Error::Failed), as when a container uses it.
    async fn remove_image(&self, image: &ImageSpec) -> Result<()>;

    /// Measures the file systems that images and containers live on.
    ///
    /// # Errors
    /// [`Error::Unavailable`](crate::Error::Unavailable).
    async fn image_fs_info(&self) -> Result<FsInfo>;
}
