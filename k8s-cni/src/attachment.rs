use std::net::IpAddr;
use std::path::PathBuf;

use ipnet::IpNet;

/// One sandbox's connection to the network, as asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attachment {
    /// Id of the sandbox; with the interface it names the attachment.
    pub sandbox: String,
    /// Name of the interface inside; `eth0` for the pod network.
    pub interface: String,
    /// The network namespace to attach. `None` at teardown when it is gone already, and in memory.
    pub namespace: Option<PathBuf>,
    /// Whose sandbox it is.
    pub pod: PodRef,
    /// Ports of the machine that lead into it.
    pub port_mappings: Vec<PortMapping>,
    /// Limits of its traffic.
    pub bandwidth: Option<Bandwidth>,
}

impl Attachment {
    /// The attachment of `sandbox` to the pod network through `eth0`.
    pub fn new(sandbox: impl Into<String>, pod: PodRef) -> Self {
        Self { sandbox: sandbox.into(), interface: "eth0".into(), pod, ..Self::default() }
    }

    /// What names it.
    pub fn key(&self) -> AttachmentKey {
        AttachmentKey { sandbox: self.sandbox.clone(), interface: self.interface.clone() }
    }
}

/// Names an attachment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttachmentKey {
    /// Id of the sandbox.
    pub sandbox: String,
    /// Name of the interface inside.
    pub interface: String,
}

/// Whose sandbox it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PodRef {
    /// Namespace of the pod.
    pub namespace: String,
    /// Name of the pod.
    pub name: String,
    /// Uid of the pod.
    pub uid: String,
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

/// Limits of traffic, in bits per second; `None` for no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bandwidth {
    /// Into the pod.
    pub ingress: Option<u64>,
    /// Out of the pod.
    pub egress: Option<u64>,
}

/// What a sandbox got.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attached {
    /// Its addresses with the prefix of their network, the primary first; one per family.
    pub addresses: Vec<IpNet>,
    /// Where traffic goes.
    pub routes: Vec<Route>,
    /// Interfaces that were made, inside and outside.
    pub interfaces: Vec<Interface>,
    /// Name servers that the network brings along; usually none.
    pub nameservers: Vec<IpAddr>,
}

impl Attached {
    /// The addresses alone, the primary first.
    pub fn ips(&self) -> impl Iterator<Item = IpAddr> + '_ {
        self.addresses.iter().map(IpNet::addr)
    }
}

/// Where traffic to some addresses goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// The addresses.
    pub to: IpNet,
    /// The next hop; `None` when they are on the link.
    pub via: Option<IpAddr>,
}

/// An interface that was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interface {
    /// Its name.
    pub name: String,
    /// Its hardware address.
    pub mac: String,
    /// Path of the namespace it is in; `None` for the machine's.
    pub namespace: Option<PathBuf>,
}

/// What the node learned about itself and its network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeNetwork {
    /// Ranges from which pods of this node get addresses, one per family, the primary first.
    pub pod_cidrs: Vec<IpNet>,
    /// The node's own addresses, the primary first.
    pub node_ips: Vec<IpAddr>,
}

/// Whether the network can take pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It can.
    Ready,
    /// It cannot; the node says so in its own conditions.
    NotReady {
        /// A sentence for people.
        message: String,
    },
}
