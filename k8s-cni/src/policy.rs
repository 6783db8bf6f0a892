use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use ipnet::IpNet;

use crate::{Protocol, Result};

/// Decides which connections pods of one node may make and take.
///
/// # Contract
/// The node agent's policy compiler calls it with resolved rules: selectors have become address sets, named ports
/// numbers. A pod that no policy covers in a direction is open in that direction; one that is covered takes or makes
/// only what at least one policy allows. Replies always pass, and so does the node itself towards its own pods. Rules
/// survive the caller; the first call after a start is [`Self::replace_policies`].
///
/// # Ordering
/// Each call is one step: new connections see all of it or nothing, and a call that returned is in force. Calls are
/// made one at a time.
///
/// # Cancellation
/// A dropped call took effect or not; the next [`Self::replace_policies`] makes it certain.
#[async_trait]
pub trait NetworkPolicy: Send + Sync {
    /// Puts exactly these rules in force.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) when a policy names a missing set, and
    /// [`Error::Failed`](crate::Error::Failed); the old rules stay in force.
    async fn replace_policies(&self, snapshot: PolicySnapshot) -> Result<()>;

    /// Changes some sets and policies and leaves the others.
    ///
    /// # Errors
    /// As [`Self::replace_policies`]; also [`Error::Invalid`](crate::Error::Invalid) when a set that is still named
    /// is taken away.
    async fn apply_policies(&self, delta: PolicyDelta) -> Result<()>;
}

/// All rules of one node.
#[derive(Clone, Debug, Default)]
pub struct PolicySnapshot {
    /// The sets that policies name.
    pub sets: Vec<AddressSet>,
    /// The policies.
    pub policies: Vec<Arc<Policy>>,
}

/// Changes to the rules of one node.
#[derive(Clone, Debug, Default)]
pub struct PolicyDelta {
    /// Sets to add, or to replace by name.
    pub upsert_sets: Vec<AddressSet>,
    /// Names of sets to take away; fine when missing.
    pub remove_sets: Vec<String>,
    /// Policies to add, or to replace by name.
    pub upsert: Vec<Arc<Policy>>,
    /// Names of policies to take away; fine when missing.
    pub remove: Vec<String>,
}

/// Addresses under a name, so that pods come and go without touching policies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressSet {
    /// Its name; free text.
    pub name: String,
    /// Its members.
    pub members: BTreeSet<IpAddr>,
}

/// One policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Its name; free text, as `namespace/name`.
    pub name: String,
    /// Name of the set of pods that it covers.
    pub pods: String,
    /// What the pods may take; `None` does not cover that direction, an empty list allows nothing.
    pub ingress: Option<Vec<Rule>>,
    /// What the pods may make; `None` does not cover that direction, an empty list allows nothing.
    pub egress: Option<Vec<Rule>>,
}

/// Connections that are allowed: those to or from any of the peers on any of the ports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// The other side; `None` for anybody, an empty list for nobody.
    pub peers: Option<Vec<Peer>>,
    /// The port connected to; `None` for any, an empty list for none.
    pub ports: Option<Vec<PortRange>>,
}

/// Who may be on the other side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peer {
    /// The members of the set of this name.
    Set(String),
    /// A range with holes.
    Block {
        /// The range.
        range: IpNet,
        /// What is left out of it.
        except: Vec<IpNet>,
    },
}

/// Ports of one protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortRange {
    /// Transport protocol.
    pub protocol: Protocol,
    /// First port; with `last` at 65535, 0 means every port.
    pub first: u16,
    /// Last port.
    pub last: u16,
}
