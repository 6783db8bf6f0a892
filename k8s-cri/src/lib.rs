#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

// The words.
mod container;
mod id;
mod image;
mod linux;
mod sandbox;
mod stats;

// The contract.
mod error;
mod events;
mod images;
mod logs;
mod probe;
mod runtime;
mod session;
mod shared;

pub mod memory;

pub use container::{
    Container, ContainerConfig, ContainerFilter, ContainerMetadata, ContainerPhase, ContainerState, ContainerStatus,
    Device, IdMapping, Mount, MountSource, Propagation,
};
pub use error::{Code, Error, PullFailure, Result, Retry};
pub use events::{Event, EventKind, EventStream, Events};
pub use id::{ContainerId, SandboxId};
pub use image::{Auth, FsInfo, FsUsage, Image, ImageSpec};
pub use images::Images;
pub use linux::{
    Capabilities, HugepageLimit, Namespace, Namespaces, Resources, SecurityContext, SecurityProfile, Selinux,
    SupplementalGroupsPolicy, User, UserNamespace,
};
pub use logs::{LogEntry, LogOptions, LogStream, Logs, Output};
pub use probe::{GrpcHealth, Probe, ProbeAnswer, Prober};
pub use runtime::{
    Condition, Containers, NetworkOwner, Runtime, RuntimeConfig, RuntimeHandler, RuntimeStatus, Sandboxes, Version,
};
pub use sandbox::{
    DnsConfig, PortMapping, Protocol, Sandbox, SandboxConfig, SandboxFilter, SandboxMetadata, SandboxNetwork,
    SandboxState, SandboxStatus,
};
pub use session::{Duplex, Exec, ExecOutput, ExitFuture, Reader, Session, Sessions, TerminalSize, Writer};
pub use stats::{ContainerStats, CpuUsage, FsStats, InterfaceStats, MemoryUsage, SandboxStats, Stats};
