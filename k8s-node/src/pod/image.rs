//! Images are present before containers are made.
//!
//! Upstream: `pkg/kubelet/images`.

use std::sync::Arc;

use jiff::Timestamp;
use k8s_api_client::events::EventType;
use k8s_cri::{ImageSpec, PullFailure, SandboxConfig};
use k8s_openapi::api::core::v1::{Container, Pod};

use super::reference;
use crate::backoff::Backoff;
use crate::context::Context;
use crate::time::{go_duration, plus, until};

/// A container's image, before the container is made.
pub(crate) struct Wanted<'a> {
    pub(crate) context: &'a Arc<Context>,
    pub(crate) pod: &'a Pod,
    pub(crate) container: &'a Container,
    pub(crate) field_path: &'a str,
    pub(crate) sandbox: &'a SandboxConfig,
    pub(crate) pulls: Backoff,
    pub(crate) pull_error: Option<&'a str>,
}

/// Why there is no image.
#[derive(Debug)]
pub(crate) struct NoImage {
    pub(crate) reason: &'static str,
    pub(crate) message: String,
    /// It was tried and did not work, so the pause before the next try grows.
    pub(crate) pull_error: Option<String>,
    /// When to try again, where that is known.
    pub(crate) again: Option<Timestamp>,
}

impl Wanted<'_> {
    /// Sees to it that the image is present and answers what to make the container from.
    pub(crate) async fn ensure(&self) -> Result<ImageSpec, NoImage> {
        let image = self.container.image.as_deref().unwrap_or_default();
        if let Err(why) = reference::check(image) {
            let message = format!("Failed to apply default image tag {image:?}: {why}");
            self.event(EventType::Warning, "InspectFailed", &message);
            return Err(NoImage::new("InvalidImageName", message));
        }
        let spec = ImageSpec { image: with_tag(image), user_specified: image.to_owned(), ..ImageSpec::default() };
        let policy = self.container.image_pull_policy.as_deref().unwrap_or("IfNotPresent");
        if policy != "Always" {
            match self.context.images.image_status(&spec).await {
                Ok(Some(present)) => {
                    let message =
                        format!("Container image {image:?} already present on machine and can be accessed by the pod");
                    self.event(EventType::Normal, "Pulled", message);
                    return Ok(ImageSpec { image: present.id, ..spec });
                }
                Ok(None) => {}
                Err(error) => {
                    let message = format!("Failed to inspect image {image:?}: {error}");
                    self.event(EventType::Warning, "InspectFailed", &message);
                    return Err(NoImage::new("ImageInspectError", message));
                }
            }
        }
        if policy == "Never" {
            let message = format!("Container image {image:?} is not present with pull policy of Never");
            self.event(EventType::Warning, "ErrImageNeverPull", &message);
            return Err(NoImage::new("ErrImageNeverPull", message));
        }
        self.pull(image, spec).await
    }

    async fn pull(&self, image: &str, spec: ImageSpec) -> Result<ImageSpec, NoImage> {
        let began = self.context.env.clock.now();
        if let Some(end) = self.pulls.ends_since_update(began) {
            let mut message = format!("Back-off pulling image {image:?}");
            self.event(EventType::Normal, "BackOff", &message);
            if let Some(error) = self.pull_error {
                message = format!("{message}: {error}");
            }
            return Err(NoImage { again: Some(end), ..NoImage::new("ImagePullBackOff", message) });
        }
        self.event(EventType::Normal, "Pulling", format!("Pulling image {image:?}"));
        match self.context.images.pull(&spec, None, Some(self.sandbox)).await {
            Ok(id) => {
                let took = go_duration(until(began, self.context.env.clock.now()));
                let present = self.context.images.image_status(&ImageSpec::from(id.as_str())).await;
                let size = present.ok().flatten().map_or(0, |image| image.size);
                let message = format!(
                    "Successfully pulled image {image:?} in {took} ({took} including waiting). Image size: {size} bytes."
                );
                self.event(EventType::Normal, "Pulled", message);
                Ok(ImageSpec { image: id, ..spec })
            }
            Err(error) => Err(self.failed(image, &error)),
        }
    }

    fn failed(&self, image: &str, error: &k8s_cri::Error) -> NoImage {
        let said = match error {
            k8s_cri::Error::ImagePull { message, .. } => message.clone(),
            other => other.to_string(),
        };
        self.event(EventType::Warning, "Failed", format!("Failed to pull image {image:?}: {said}"));
        let (reason, message) = match error {
            k8s_cri::Error::ImagePull { failure: PullFailure::RegistryUnavailable, .. } => {
                let message = format!("image pull failed for {image} because the registry is unavailable: {said}");
                ("RegistryUnavailable", message)
            }
            k8s_cri::Error::ImagePull { failure: PullFailure::SignatureInvalid, .. } => {
                let message = format!("image pull failed for {image} because the signature validation failed: {said}");
                ("SignatureValidationFailed", message)
            }
            k8s_cri::Error::Invalid { .. } => ("InvalidImageName", said),
            _ => ("ErrImagePull", said),
        };
        let pull_error = Some(format!("{reason}: {message}"));
        // Upstream notices the back-off with its next look at the pod, a moment later.
        let again = plus(self.context.env.clock.now(), std::time::Duration::from_secs(1));
        NoImage { pull_error, again: Some(again), ..NoImage::new(reason, message) }
    }

    fn event(&self, kind: EventType, reason: &'static str, message: impl Into<String>) {
        self.context.part_event(self.pod, self.field_path, kind, reason, message);
    }
}

impl NoImage {
    fn new(reason: &'static str, message: String) -> Self {
        Self { reason, message, pull_error: None, again: None }
    }
}

/// A reference without tag or digest means the latest one.
fn with_tag(image: &str) -> String {
    let name = image.rsplit('/').next().unwrap_or(image);
    if image.is_empty() || name.contains(':') || name.contains('@') {
        image.to_owned()
    } else {
        format!("{image}:latest")
    }
}
