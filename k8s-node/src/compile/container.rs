//! A container's configuration.
//!
//! Upstream: `pkg/kubelet/kuberuntime.generateContainerConfig`, `pkg/kubelet.makeMounts`.

use std::collections::BTreeMap;
use std::path::{Component, Path};

use k8s_api::Kind;
use k8s_cri::{
    Capabilities, ContainerConfig, ContainerId, ContainerMetadata, ImageSpec, Mount, MountSource, Namespace,
    Propagation, SecurityContext, Selinux,
};
use k8s_csi::VolumeKey;
use k8s_openapi::api::core::v1::{Container, Pod, SecurityContext as ApiSecurity, VolumeMount};

use super::{env, expand, resources, sandbox};
use crate::context::Context;
use crate::pod::last_words::POLICY;
use crate::pod::{Mounted, Uses};

/// The annotation of containers that are expected to come to an end: init containers, and those of a Job's pods.
/// Upstream tells runtimes nothing of it; one that only pretends goes by it.
pub(crate) const ENDS: &str = "k8s-kit/expected-to-end";

/// What a container is made in and from.
pub(crate) struct Surroundings<'a> {
    pub(crate) context: &'a Context,
    pub(crate) uses: &'a Uses,
    pub(crate) pod: &'a Pod,
    pub(crate) volumes: &'a Mounted,
    pub(crate) pod_ips: &'a [String],
    /// Whose processes a debug container sees.
    pub(crate) target: Option<ContainerId>,
}

/// Makes the configuration of attempt number `attempt` at a container. `image` is the one that is present.
///
/// # Errors
/// A sentence for people.
pub(crate) async fn config(
    around: &Surroundings<'_>,
    container: &Container,
    image: ImageSpec,
    attempt: u32,
) -> Result<ContainerConfig, String> {
    let Surroundings { context, uses, pod, pod_ips, .. } = around;
    let envs = env::variables(context, uses, pod, container, pod_ips).await?;
    let mut labels = sandbox::identity(pod);
    labels.insert("io.kubernetes.container.name".to_owned(), container.name.clone());
    Ok(ContainerConfig {
        metadata: ContainerMetadata { name: container.name.clone(), attempt },
        image,
        command: expand::words(container.command.as_ref(), &envs),
        args: expand::words(container.args.as_ref(), &envs),
        working_dir: container.working_dir.clone().unwrap_or_default(),
        mounts: mounts(around, container, &envs).await?,
        envs,
        labels,
        annotations: annotations(pod, container, attempt),
        log_path: format!("{}/{attempt}.log", container.name).into(),
        stdin: container.stdin.unwrap_or_default(),
        stdin_once: container.stdin_once.unwrap_or_default(),
        tty: container.tty.unwrap_or_default(),
        resources: resources::of_container(pod, container, context.allocatable.1),
        security: security(pod, container, around.target.clone()),
        stop_signal: container.lifecycle.as_ref().and_then(|lifecycle| lifecycle.stop_signal.clone()),
        ..ContainerConfig::default()
    })
}

fn annotations(pod: &Pod, container: &Container, attempt: u32) -> BTreeMap<String, String> {
    let path = container.termination_message_path.clone().unwrap_or_default();
    let policy = container.termination_message_policy.clone().unwrap_or_default();
    let mut annotations: BTreeMap<_, _> = [
        ("io.kubernetes.container.restartCount", attempt.to_string()),
        ("io.kubernetes.container.terminationMessagePath", path),
        (POLICY, policy),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into();
    if is_expected_to_end(pod, container) {
        annotations.insert(ENDS.to_owned(), "true".to_owned());
    }
    annotations
}

fn is_expected_to_end(pod: &Pod, container: &Container) -> bool {
    let Some(spec) = &pod.spec else { return false };
    if spec.init_containers.iter().flatten().any(|init| init.name == container.name) {
        return container.restart_policy.as_deref() != Some("Always");
    }
    let owners = pod.metadata.owner_references.iter().flatten();
    let of_job = owners.into_iter().any(|owner| owner.controller == Some(true) && owner.kind == "Job");
    of_job && spec.containers.iter().any(|main| main.name == container.name)
}

async fn mounts(
    around: &Surroundings<'_>,
    container: &Container,
    envs: &[(String, String)],
) -> Result<Vec<Mount>, String> {
    let mut mounts = Vec::new();
    for mount in container.volume_mounts.iter().flatten() {
        let source = source(around, mount, envs).await?;
        let container_path = Path::new("/").join(&mount.mount_path);
        mounts.push(Mount {
            container_path,
            source,
            readonly: mount.read_only.unwrap_or_default(),
            recursive_readonly: matches!(mount.recursive_read_only.as_deref(), Some("Enabled" | "IfPossible")),
            selinux_relabel: false,
            propagation: match mount.mount_propagation.as_deref() {
                Some("HostToContainer") => Propagation::HostToContainer,
                Some("Bidirectional") => Propagation::Bidirectional,
                _ => Propagation::Private,
            },
            uids: Vec::new(),
            gids: Vec::new(),
        });
    }
    Ok(mounts)
}

async fn source(
    around: &Surroundings<'_>,
    mount: &VolumeMount,
    envs: &[(String, String)],
) -> Result<MountSource, String> {
    let Some(whole) = around.volumes.get(&mount.name) else {
        return Err(format!("cannot find volume {:?} to mount into container", mount.name));
    };
    let part = match (&mount.sub_path_expr, &mount.sub_path) {
        (Some(text), _) if !text.is_empty() => {
            let known: BTreeMap<&str, &str> =
                envs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            expand::expand(text, |name| known.get(name).copied())
        }
        (_, Some(path)) => path.clone(),
        _ => String::new(),
    };
    if part.is_empty() {
        return Ok(MountSource::HostPath(whole.path().to_owned()));
    }
    let path = Path::new(&part);
    if path.is_absolute() || path.components().any(|component| component == Component::ParentDir) {
        return Err(format!("error SubPath `{part}` must not be an absolute path or contain `..`"));
    }
    let key = VolumeKey::new(around.pod.uid(), &mount.name);
    let found = around.context.volumes.sub_path(&key, path).await;
    found.map(|source| MountSource::HostPath(source.into_path())).map_err(|error| {
        format!("failed to create subPath directory for volumeMount {:?} of container: {error}", mount.name)
    })
}

/// Upstream: `pkg/securitycontext`: what the container says goes before what the pod says.
fn security(pod: &Pod, container: &Container, target: Option<ContainerId>) -> SecurityContext {
    let own = container.security_context.clone().unwrap_or_default();
    let spec = pod.spec.as_ref();
    let shared = spec.and_then(|spec| spec.security_context.clone()).unwrap_or_default();
    let mut namespaces = spec.map(sandbox::namespaces).unwrap_or_default();
    if let Some(target) = target {
        namespaces.pid = Namespace::Target(target);
    }
    let selinux = own.se_linux_options.clone().or(shared.se_linux_options).map(|options| Selinux {
        user: options.user.unwrap_or_default(),
        role: options.role.unwrap_or_default(),
        kind: options.type_.unwrap_or_default(),
        level: options.level.unwrap_or_default(),
    });
    let mut groups = shared.supplemental_groups.unwrap_or_default();
    groups.extend(shared.fs_group.filter(|group| !groups.contains(group)));
    SecurityContext {
        privileged: own.privileged.unwrap_or_default(),
        capabilities: capabilities(&own),
        namespaces,
        selinux,
        run_as_user: own.run_as_user.or(shared.run_as_user),
        run_as_username: None,
        run_as_group: own.run_as_group.or(shared.run_as_group),
        supplemental_groups: groups,
        readonly_rootfs: own.read_only_root_filesystem.unwrap_or_default(),
        no_new_privileges: own.allow_privilege_escalation == Some(false),
        seccomp: sandbox::seccomp(own.seccomp_profile.as_ref().or(shared.seccomp_profile.as_ref())),
        ..SecurityContext::default()
    }
}

fn capabilities(own: &ApiSecurity) -> Capabilities {
    let listed = own.capabilities.clone().unwrap_or_default();
    Capabilities { add: listed.add.unwrap_or_default(), drop: listed.drop.unwrap_or_default(), ambient: Vec::new() }
}
