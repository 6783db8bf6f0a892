use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use k8s_api_client::events::EventType;
use k8s_api_client::{Client, Informer, Recorder};
use k8s_cni::PodNetwork;
use k8s_cri::{Images, NetworkOwner, Prober, Runtime, SandboxId};
use k8s_csi::PodVolumes;
use k8s_env::Env;
use k8s_openapi::api::core::v1::{ObjectReference, Pod, Service};
use parking_lot::Mutex;

use crate::objects::Objects;
use crate::pod::Mailbox;

/// What all parts of one node share.
pub(crate) struct Context {
    pub(crate) name: String,
    pub(crate) env: Env,
    pub(crate) client: Client,
    pub(crate) runtime: Arc<dyn Runtime>,
    pub(crate) images: Arc<dyn Images>,
    pub(crate) network: Arc<dyn PodNetwork>,
    pub(crate) volumes: Arc<dyn PodVolumes>,
    pub(crate) prober: Option<Arc<dyn Prober>>,
    pub(crate) recorder: Recorder,
    pub(crate) services: Informer<Service>,
    pub(crate) objects: Objects,
    /// What container ids in statuses begin with.
    pub(crate) runtime_name: String,
    pub(crate) network_owner: NetworkOwner,
    /// The node's addresses, the primary first.
    pub(crate) ips: Vec<IpAddr>,
    pub(crate) dns: ClusterDns,
    pub(crate) routes: Routes,
    /// CPU in milli-cores and memory in bytes that pods may use: what an unset limit means.
    pub(crate) allocatable: (i64, i64),
}

/// How names are resolved in pods that ask for the cluster's DNS.
#[derive(Clone, Debug, Default)]
pub(crate) struct ClusterDns {
    pub(crate) servers: Vec<IpAddr>,
    pub(crate) domain: String,
}

/// Whom news of a sandbox is for.
#[derive(Debug, Default)]
pub(crate) struct Routes(Mutex<BTreeMap<SandboxId, Arc<Mailbox>>>);

impl Routes {
    pub(crate) fn add(&self, sandbox: SandboxId, mailbox: Arc<Mailbox>) {
        self.0.lock().insert(sandbox, mailbox);
    }

    pub(crate) fn remove(&self, sandbox: &SandboxId) {
        self.0.lock().remove(sandbox);
    }

    pub(crate) fn find(&self, sandbox: &SandboxId) -> Option<Arc<Mailbox>> {
        self.0.lock().get(sandbox).cloned()
    }

    pub(crate) fn all(&self) -> Vec<Arc<Mailbox>> {
        self.0.lock().values().cloned().collect()
    }
}

impl Context {
    /// Tells people something about a pod.
    pub(crate) fn pod_event(&self, pod: &Pod, kind: EventType, reason: &'static str, message: impl Into<String>) {
        self.recorder.event(pod, kind, reason, message);
    }

    /// Tells people something about a part of a pod, as `spec.containers{web}`.
    pub(crate) fn part_event(
        &self,
        pod: &Pod,
        field_path: &str,
        kind: EventType,
        reason: &'static str,
        message: impl Into<String>,
    ) {
        let mut reference: ObjectReference = k8s_api_client::events::reference(pod);
        reference.field_path = Some(field_path.to_owned());
        self.recorder.event_for(reference, kind, reason, message);
    }

    /// The one to ask containers for their health; `None` when only commands can be run in them.
    pub(crate) fn prober(&self) -> Option<&dyn Prober> {
        self.prober.as_deref().or_else(|| self.runtime.prober())
    }
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context").field("node", &self.name).finish_non_exhaustive()
    }
}
