use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use k8s_api::Kind;
use k8s_api_client::events::EventType;
use k8s_csi::VolumeKey;
use k8s_openapi::api::core::v1::Pod;

use super::{Mounted, Uses};
use crate::compile;
use crate::context::Context;

/// Makes all volumes of a pod appear.
///
/// # Errors
/// When some could not be made, which was told already: call again.
pub(crate) async fn publish(context: &Context, uses: &Uses, pod: &Pod) -> Result<Mounted, ()> {
    let mut mounted = Mounted::new();
    let mut failed = false;
    for volume in pod.spec.iter().flat_map(|spec| spec.volumes.iter().flatten()) {
        let made = match compile::volume::resolve(context, uses, pod, volume).await {
            Ok(resolved) => context.volumes.publish(resolved).await.map_err(|error| error.to_string()),
            Err(error) => Err(error),
        };
        match made {
            Ok(source) => drop(mounted.insert(volume.name.clone(), source)),
            Err(error) => {
                failed = true;
                let message = format!("MountVolume.SetUp failed for volume {:?} : {error}", volume.name);
                context.pod_event(pod, EventType::Warning, "FailedMount", message);
            }
        }
    }
    if failed { Err(()) } else { Ok(mounted) }
}

/// Brings the contents of volumes up to date with the objects they show.
pub(crate) async fn refresh(context: Arc<Context>, uses: Arc<Uses>, pod: Arc<Pod>) {
    let shows_objects = |volume: &&k8s_openapi::api::core::v1::Volume| {
        volume.config_map.is_some()
            || volume.secret.is_some()
            || volume.projected.is_some()
            || volume.downward_api.is_some()
    };
    let volumes = pod.spec.iter().flat_map(|spec| spec.volumes.iter().flatten());
    for volume in volumes.filter(shows_objects) {
        // What is missing now stays as it was, as upstream leaves it.
        let Ok(resolved) = compile::volume::resolve(&context, &uses, &pod, volume).await else { continue };
        if let Err(error) = context.volumes.publish(resolved).await {
            tracing::warn!(pod = pod.name(), volume = volume.name, %error, "a volume's content stays old");
        }
    }
}

/// How old the tokens in a pod's volumes may become before they are made anew: four fifths of their life.
pub(crate) fn token_age(pod: &Pod) -> Option<Duration> {
    let volumes = pod.spec.iter().flat_map(|spec| spec.volumes.iter().flatten());
    let sources = volumes.filter_map(|volume| volume.projected.as_ref()?.sources.as_ref()).flatten();
    let tokens = sources.filter_map(|source| source.service_account_token.as_ref());
    let seconds = tokens.map(|token| token.expiration_seconds.unwrap_or(3600)).min()?;
    u64::try_from(seconds).ok().map(|seconds| Duration::from_secs(seconds) * 4 / 5)
}

/// Takes all volumes of a pod away, and also those that it had before the agent started.
///
/// # Errors
/// A sentence for people: call again.
pub(crate) async fn unpublish(context: &Context, pod: &Pod) -> Result<(), String> {
    let volumes = pod.spec.iter().flat_map(|spec| spec.volumes.iter().flatten());
    let keys: BTreeSet<_> = volumes.map(|volume| VolumeKey::new(pod.uid(), &volume.name)).collect();
    for key in keys {
        context.volumes.unpublish(&key).await.map_err(|error| error.to_string())?;
    }
    Ok(())
}
