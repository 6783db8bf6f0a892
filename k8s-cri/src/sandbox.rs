use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;

use crate::SandboxId;
use crate::linux::{Resources, SecurityContext};

/// What a pod sandbox is to be: the frame that a pod's containers share.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SandboxConfig {
    /// Whose sandbox it is.
    pub metadata: SandboxMetadata,
    /// Host name inside; empty takes the machine's when the network is the machine's.
    pub hostname: String,
    /// Directory on the machine under which containers' [`log_path`](crate::ContainerConfig::log_path) lies; empty
    /// for none.
    pub log_directory: PathBuf,
    /// Contents of `resolv.conf`; `None` takes the machine's.
    pub dns: Option<DnsConfig>,
    /// Ports of the machine that lead into the sandbox.
    pub port_mappings: Vec<PortMapping>,
    /// Labels by which lists are filtered.
    pub labels: BTreeMap<String, String>,
    /// Free text kept with the sandbox.
    pub annotations: BTreeMap<String, String>,
    /// Which of the runtime's handlers runs it; empty for the default.
    pub runtime_handler: String,
    /// Path of the cgroup under which the pod lives; empty leaves it to the runtime.
    pub cgroup_parent: String,
    /// Rights and namespaces of the sandbox itself.
    pub security: SecurityContext,
    /// Kernel parameters set inside, as in `net.ipv4.ip_unprivileged_port_start`.
    pub sysctls: BTreeMap<String, String>,
    /// What the sandbox costs beyond its containers.
    pub overhead: Resources,
    /// The sum over all containers.
    pub resources: Resources,
}

/// Whose sandbox it is. All four together are unique in a runtime.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SandboxMetadata {
    /// Name of the pod.
    pub name: String,
    /// Namespace of the pod.
    pub namespace: String,
    /// Uid of the pod.
    pub uid: String,
    /// How many sandboxes this pod had before.
    pub attempt: u32,
}

/// Name resolution inside a sandbox.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DnsConfig {
    /// `nameserver` lines.
    pub servers: Vec<String>,
    /// Names of the `search` line.
    pub searches: Vec<String>,
    /// Words of the `options` line.
    pub options: Vec<String>,
}

/// A port of the machine that leads into a sandbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortMapping {
    /// Transport protocol.
    pub protocol: Protocol,
    /// Port inside.
    pub container_port: u16,
    /// Port of the machine.
    pub host_port: u16,
    /// Address of the machine; `None` for all.
    pub host_ip: Option<IpAddr>,
}

/// A transport protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Protocol {
    /// TCP.
    #[default]
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
}

/// Whether a sandbox can take containers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SandboxState {
    /// Containers can be created in it.
    Ready,
    /// It was stopped or fell over: only removal is left.
    NotReady,
}

/// A sandbox as lists show it.
#[derive(Clone, Debug)]
pub struct Sandbox {
    /// Its id.
    pub id: SandboxId,
    /// What it was made from.
    pub config: Arc<SandboxConfig>,
    /// Its state now.
    pub state: SandboxState,
    /// When it was made.
    pub created: Timestamp,
}

/// All about a sandbox.
#[derive(Clone, Debug)]
pub struct SandboxStatus {
    /// Its id.
    pub id: SandboxId,
    /// What it was made from, as far as the runtime remembers: metadata, labels, annotations, handler and namespaces
    /// are always there.
    pub config: Arc<SandboxConfig>,
    /// Its state now.
    pub state: SandboxState,
    /// When it was made.
    pub created: Timestamp,
    /// Where it is in the network.
    pub network: SandboxNetwork,
}

/// Where a sandbox is in the network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SandboxNetwork {
    /// Its addresses, first the primary; empty when the machine's network is shared or when the caller attaches
    /// sandboxes ([`NetworkOwner::Caller`](crate::NetworkOwner::Caller)).
    pub ips: Vec<IpAddr>,
    /// The network namespace to attach, as a path; `None` when there is none of its own.
    pub namespace: Option<PathBuf>,
}

/// Which sandboxes a list shall show. The default shows all.
#[derive(Clone, Debug, Default)]
pub struct SandboxFilter {
    /// Only this one.
    pub id: Option<SandboxId>,
    /// Only those in this state.
    pub state: Option<SandboxState>,
    /// Only those that carry all these labels.
    pub labels: BTreeMap<String, String>,
}
