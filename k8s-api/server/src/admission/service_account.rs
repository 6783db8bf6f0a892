use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use k8s_api::{AnyObject, GroupVersionResource, Status};
use k8s_env::Env;
use k8s_openapi::api::core::v1 as core;

use super::{Admission, AdmissionRequest, Lookup, Operation};

/// Gives every pod a service account and, unless told otherwise, its token.
///
/// Upstream: `plugin/pkg/admission/serviceaccount`.
#[derive(Debug)]
pub(super) struct ServiceAccount {
    pub(super) env: Env,
}

const VOLUME: &str = "kube-api-access";
const MOUNT_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
const MIRROR: &str = "kubernetes.io/config.mirror";
/// An hour, and seven seconds by which upstream tells these tokens from others.
const TOKEN_SECONDS: i64 = 3607;
/// A namespace's default account is made by a controller soon after the namespace.
const DEFAULT_ACCOUNT_ATTEMPTS: usize = 11;
/// The pause before the second attempt; each later one is twice as long, a second in all.
const FIRST_PAUSE: Duration = Duration::from_millis(1);

#[async_trait]
impl Admission for ServiceAccount {
    fn name(&self) -> &'static str {
        "ServiceAccount"
    }

    fn handles(&self, request: &AdmissionRequest<'_>) -> bool {
        request.is(Operation::Create, "", "pods")
    }

    async fn admit(
        &self,
        request: &AdmissionRequest<'_>,
        object: Option<&mut dyn AnyObject>,
        cluster: &dyn Lookup,
    ) -> Result<(), Status> {
        let Some(pod) = object.and_then(|o| o.as_any_mut().downcast_mut::<core::Pod>()) else { return Ok(()) };
        if is_mirror(pod) {
            return Ok(());
        }
        let Some(spec) = &mut pod.spec else { return Ok(()) };
        let named = spec.service_account_name.as_deref().filter(|name| !name.is_empty());
        let name = named.unwrap_or("default").to_owned();
        let account = find(request, &name, cluster).await?;
        spec.service_account = Some(name.clone());
        spec.service_account_name = Some(name);
        let automount = spec.automount_service_account_token.or(account.automount_service_account_token);
        if automount.unwrap_or(true) {
            self.mount_token(spec);
        }
        if spec.image_pull_secrets.as_ref().is_none_or(Vec::is_empty) {
            spec.image_pull_secrets.clone_from(&account.image_pull_secrets);
        }
        Ok(())
    }

    async fn validate(
        &self,
        request: &AdmissionRequest<'_>,
        object: Option<&dyn AnyObject>,
        _: &dyn Lookup,
    ) -> Result<(), Status> {
        let Some(pod) = object.and_then(|o| o.as_any().downcast_ref::<core::Pod>()) else { return Ok(()) };
        let account = pod.spec.as_ref().and_then(|spec| spec.service_account_name.as_deref()).unwrap_or_default();
        if is_mirror(pod) && !account.is_empty() {
            return Err(request.forbid("a mirror pod may not reference service accounts"));
        }
        Ok(())
    }
}

impl ServiceAccount {
    fn mount_token(&self, spec: &mut core::PodSpec) {
        let volumes = spec.volumes.get_or_insert_default();
        let existing = volumes.iter().find(|v| v.name.starts_with("kube-api-access-")).map(|v| v.name.clone());
        let has_volume = existing.is_some();
        let name = existing.unwrap_or_else(|| format!("{VOLUME}-{}", self.env.random.suffix(5)));
        let mut needed = false;
        for container in spec.init_containers.iter_mut().flatten().chain(&mut spec.containers) {
            let mounts = container.volume_mounts.get_or_insert_default();
            if mounts.iter().all(|m| m.mount_path != MOUNT_PATH) {
                mounts.push(mount(&name));
                needed = true;
            }
        }
        if needed && !has_volume {
            volumes.push(volume(name));
        }
    }
}

async fn find(
    request: &AdmissionRequest<'_>,
    name: &str,
    cluster: &dyn Lookup,
) -> Result<Arc<core::ServiceAccount>, Status> {
    let accounts = GroupVersionResource::new("", "v1", "serviceaccounts");
    let attempts = if name == "default" { DEFAULT_ACCOUNT_ATTEMPTS } else { 1 };
    let mut pause = FIRST_PAUSE;
    for attempt in 0..attempts {
        if attempt > 0 {
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        if let Some(account) = cluster.get(&accounts, request.namespace, name).await? {
            return account.typed().map_err(Status::internal);
        }
    }
    let namespace = request.namespace;
    let why = format!("error looking up service account {namespace}/{name}: serviceaccount \"{name}\" not found");
    Err(request.forbid(&why))
}

fn is_mirror(pod: &core::Pod) -> bool {
    pod.metadata.annotations.as_ref().is_some_and(|annotations| annotations.contains_key(MIRROR))
}

fn mount(name: &str) -> core::VolumeMount {
    core::VolumeMount {
        name: name.to_owned(),
        mount_path: MOUNT_PATH.to_owned(),
        read_only: Some(true),
        ..core::VolumeMount::default()
    }
}

fn volume(name: String) -> core::Volume {
    let token = core::VolumeProjection {
        service_account_token: Some(core::ServiceAccountTokenProjection {
            expiration_seconds: Some(TOKEN_SECONDS),
            path: "token".to_owned(),
            audience: None,
        }),
        ..core::VolumeProjection::default()
    };
    let ca = core::VolumeProjection {
        config_map: Some(core::ConfigMapProjection {
            name: "kube-root-ca.crt".to_owned(),
            items: Some(vec![core::KeyToPath { key: "ca.crt".to_owned(), path: "ca.crt".to_owned(), mode: None }]),
            optional: None,
        }),
        ..core::VolumeProjection::default()
    };
    let field =
        core::ObjectFieldSelector { api_version: Some("v1".to_owned()), field_path: "metadata.namespace".to_owned() };
    let namespace = core::VolumeProjection {
        downward_api: Some(core::DownwardAPIProjection {
            items: Some(vec![core::DownwardAPIVolumeFile {
                path: "namespace".to_owned(),
                field_ref: Some(field),
                ..core::DownwardAPIVolumeFile::default()
            }]),
        }),
        ..core::VolumeProjection::default()
    };
    let projected =
        core::ProjectedVolumeSource { default_mode: Some(0o644), sources: Some(vec![token, ca, namespace]) };
    core::Volume { name, projected: Some(projected), ..core::Volume::default() }
}
