//! One pod's life on its node: a task that decides what is next, does one thing at a time and reports.
//!
//! Upstream: `pkg/kubelet.SyncPod`, `pkg/kubelet/kuberuntime.computePodActions`, `pkg/kubelet/status`.

mod conditions; // of the pod
mod containers; // what is known about each container
mod decide; // what is to do next
mod hook; // lifecycle hooks
mod image; // images are present before containers are made
pub(crate) mod last_words; // what a container said before it ended
mod mailbox; // what the task is told
mod mount; // volumes
mod phase;
mod publish; // status goes to the API
mod reference; // names of images
mod sandbox;
mod start; // containers
mod status; // what the API is told
mod stop; // containers, sandbox, volumes
mod uses;
mod worker;

use std::collections::BTreeMap;

use k8s_csi::MountSource;

pub(crate) use mailbox::Mailbox;
pub(crate) use sandbox::{Found, Sandbox};
pub(crate) use status::Verdict;
pub(crate) use uses::Uses;
pub(crate) use worker::Worker;

/// Where the pod's volumes are, by name.
pub(crate) type Mounted = BTreeMap<String, MountSource>;

/// A pod as messages name it: `web_default(uid)`.
pub(crate) fn format_pod(pod: &k8s_openapi::api::core::v1::Pod) -> String {
    use k8s_api::Kind;
    format!("{}_{}({})", pod.name(), pod.namespace(), pod.uid())
}
