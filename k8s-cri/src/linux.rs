use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::ContainerId;
use crate::container::IdMapping;

/// Limits and weights that the kernel applies. Zero and empty mean "not set", as in CRI.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resources {
    /// Length of the CPU quota's period, in microseconds.
    pub cpu_period: i64,
    /// CPU time allowed in each period, in microseconds; negative lifts the limit.
    pub cpu_quota: i64,
    /// Relative CPU weight on cgroup v1's scale (2 to 262144); 1024 is one core's worth.
    pub cpu_shares: i64,
    /// Memory limit, in bytes.
    pub memory_limit: i64,
    /// Memory plus swap limit, in bytes.
    pub memory_swap_limit: i64,
    /// What the kernel's out-of-memory killer adds to the score (-1000 to 1000).
    pub oom_score_adj: i64,
    /// CPUs the container may use, as in `0-3,6`.
    pub cpuset_cpus: String,
    /// Memory nodes the container may use, as in `0-1`.
    pub cpuset_mems: String,
    /// Limits for huge pages.
    pub hugepages: Vec<HugepageLimit>,
    /// Further cgroup v2 files and their values, as in `memory.high`.
    pub unified: BTreeMap<String, String>,
}

/// How much of one size of huge pages may be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HugepageLimit {
    /// Page size as cgroups spell it, as in `2MB`.
    pub page_size: String,
    /// Limit, in bytes.
    pub limit: u64,
}

/// Which kernel namespaces are shared with whom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Namespaces {
    /// Network: [`Namespace::Pod`] or [`Namespace::Node`].
    pub network: Namespace,
    /// Process ids.
    pub pid: Namespace,
    /// System V IPC and POSIX message queues: [`Namespace::Pod`] or [`Namespace::Node`].
    pub ipc: Namespace,
    /// User ids; `None` uses the machine's.
    pub user: Option<UserNamespace>,
}

/// With whom a namespace is shared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Namespace {
    /// All containers of the pod share one.
    #[default]
    Pod,
    /// The container has its own.
    Container,
    /// It is the machine's.
    Node,
    /// It is that of another container of the pod, as ephemeral containers ask for.
    Target(ContainerId),
}

/// A pod's own user namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserNamespace {
    /// How user ids inside map to the machine's.
    pub uids: Vec<IdMapping>,
    /// How group ids inside map to the machine's.
    pub gids: Vec<IdMapping>,
}

/// Which rights processes have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecurityContext {
    /// All rights of the machine; the rest hardly matters then.
    pub privileged: bool,
    /// Kernel capabilities beyond and below the runtime's usual set.
    pub capabilities: Capabilities,
    /// Whom to share namespaces with.
    pub namespaces: Namespaces,
    /// Labels for SELinux.
    pub selinux: Option<Selinux>,
    /// Numeric user to run as; `None` takes [`Self::run_as_username`], then the image's.
    pub run_as_user: Option<i64>,
    /// Name of the user to run as, looked up in the image.
    pub run_as_username: Option<String>,
    /// Numeric group to run as; needs a user.
    pub run_as_group: Option<i64>,
    /// Further groups of the first process.
    pub supplemental_groups: Vec<i64>,
    /// Whether groups from the image are added.
    pub supplemental_groups_policy: SupplementalGroupsPolicy,
    /// The root file system cannot be written to.
    pub readonly_rootfs: bool,
    /// Processes cannot gain rights, as through set-uid files.
    pub no_new_privileges: bool,
    /// System call filter.
    pub seccomp: SecurityProfile,
    /// AppArmor profile.
    pub apparmor: SecurityProfile,
    /// Paths hidden from the container.
    pub masked_paths: Vec<PathBuf>,
    /// Paths that can only be read.
    pub readonly_paths: Vec<PathBuf>,
}

/// Kernel capabilities, spelled without `CAP_`; `ALL` means all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// Capabilities to add.
    pub add: Vec<String>,
    /// Capabilities to take away.
    pub drop: Vec<String>,
    /// Capabilities that survive an `execve` by other users than root.
    pub ambient: Vec<String>,
}

/// An SELinux label.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selinux {
    /// User part.
    pub user: String,
    /// Role part.
    pub role: String,
    /// Type part.
    pub kind: String,
    /// Level part.
    pub level: String,
}

/// Which profile of a security module applies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SecurityProfile {
    /// The runtime's own.
    RuntimeDefault,
    /// None at all.
    #[default]
    Unconfined,
    /// The named one: a file's path for seccomp, a loaded profile's name for AppArmor.
    Localhost(String),
}

/// Whether groups that the image gives the user are added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SupplementalGroupsPolicy {
    /// The image's groups and the listed ones.
    #[default]
    Merge,
    /// Only the listed ones.
    Strict,
}

/// The user that a container's first process really has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    /// User id.
    pub uid: i64,
    /// Primary group id.
    pub gid: i64,
    /// All further group ids.
    pub supplemental_groups: Vec<i64>,
}
