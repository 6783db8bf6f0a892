use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::Timestamp;

/// Names an image to pull, run or look for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageSpec {
    /// A reference (`busybox:1.36`, `busybox@sha256:...`) or an [`Image::id`].
    pub image: String,
    /// The reference as the pod spells it, when [`Self::image`] is an id by now.
    pub user_specified: String,
    /// Handler for which the image is pulled; empty for the default.
    pub runtime_handler: String,
    /// Free text for the image service.
    pub annotations: BTreeMap<String, String>,
}

impl From<&str> for ImageSpec {
    fn from(image: &str) -> Self {
        Self { image: image.into(), ..Self::default() }
    }
}

/// Credentials for a registry. Which fields are set decides how they are used.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Auth {
    /// User name.
    pub username: String,
    /// Password.
    pub password: String,
    /// `base64(username:password)`, in place of the two.
    pub auth: String,
    /// Registry that the credentials are for.
    pub server_address: String,
    /// Buys an access token from the registry's token server.
    pub identity_token: String,
    /// Sent to the registry as it is.
    pub registry_token: String,
}

impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Auth").field("server_address", &self.server_address).finish_non_exhaustive()
    }
}

/// An image that is present.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image {
    /// Names its content: `sha256:` and 64 hex digits of its configuration.
    pub id: String,
    /// References by tag, in full: `docker.io/library/busybox:1.36`.
    pub tags: Vec<String>,
    /// References by digest, in full: `docker.io/library/busybox@sha256:...`.
    pub digests: Vec<String>,
    /// Size of its layers, in bytes.
    pub size: u64,
    /// Numeric user its processes run as, when it says one.
    pub uid: Option<i64>,
    /// User name its processes run as, when it says that and no number.
    pub username: String,
    /// It must not be collected as garbage.
    pub pinned: bool,
}

/// What a file system holds.
#[derive(Clone, Debug)]
pub struct FsUsage {
    /// When it was measured.
    pub at: Timestamp,
    /// Where it is mounted.
    pub mountpoint: PathBuf,
    /// Bytes used by images or containers.
    pub used_bytes: u64,
    /// Inodes used by images or containers.
    pub inodes_used: u64,
}

/// The file systems on which images and containers live.
#[derive(Clone, Debug, Default)]
pub struct FsInfo {
    /// Those of the images' layers.
    pub images: Vec<FsUsage>,
    /// Those of the containers' writable layers.
    pub containers: Vec<FsUsage>,
}
