//! What happens in a cluster, as far as it may wake waiting pods.

use std::ops::BitOr;
use std::sync::Arc;

use crate::{NodeInfo, PodInfo};

/// Something that happened.
///
/// Cloning is cheap: events are remembered while pods are in flight.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ClusterEvent {
    /// A node appeared.
    NodeAdded(Arc<NodeInfo>),
    /// A node changed in something that matters for scheduling.
    NodeChanged {
        /// Before.
        old: Arc<NodeInfo>,
        /// After.
        new: Arc<NodeInfo>,
    },
    /// A node went away.
    NodeRemoved(Arc<NodeInfo>),
    /// A pod on a node was seen for the first time.
    PodAssigned(Arc<PodInfo>),
    /// A pod changed in something that matters for scheduling; on a node or itself waiting.
    PodChanged {
        /// Before.
        old: Arc<PodInfo>,
        /// After.
        new: Arc<PodInfo>,
    },
    /// A pod was deleted or finished, or the decision for it was taken back.
    PodRemoved(Arc<PodInfo>),
    /// Something else that plugins know of changed: namespaces, services, controllers, budgets.
    SurroundingsChanged,
}

/// A set of kinds of events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventKinds(u16);

impl EventKinds {
    /// No event.
    pub const NONE: Self = Self(0);
    /// [`ClusterEvent::NodeAdded`].
    pub const NODE_ADDED: Self = Self(1);
    /// [`ClusterEvent::NodeChanged`].
    pub const NODE_CHANGED: Self = Self(1 << 1);
    /// [`ClusterEvent::NodeRemoved`].
    pub const NODE_REMOVED: Self = Self(1 << 2);
    /// [`ClusterEvent::PodAssigned`].
    pub const POD_ASSIGNED: Self = Self(1 << 3);
    /// [`ClusterEvent::PodChanged`].
    pub const POD_CHANGED: Self = Self(1 << 4);
    /// [`ClusterEvent::PodRemoved`].
    pub const POD_REMOVED: Self = Self(1 << 5);
    /// [`ClusterEvent::SurroundingsChanged`].
    pub const SURROUNDINGS: Self = Self(1 << 6);
    /// Every event.
    pub const ALL: Self = Self(u16::MAX);

    /// Whether all of `other` is in this set.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for EventKinds {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl ClusterEvent {
    /// Which kind of event this is.
    pub fn kind(&self) -> EventKinds {
        match self {
            Self::NodeAdded(_) => EventKinds::NODE_ADDED,
            Self::NodeChanged { .. } => EventKinds::NODE_CHANGED,
            Self::NodeRemoved(_) => EventKinds::NODE_REMOVED,
            Self::PodAssigned(_) => EventKinds::POD_ASSIGNED,
            Self::PodChanged { .. } => EventKinds::POD_CHANGED,
            Self::PodRemoved(_) => EventKinds::POD_REMOVED,
            Self::SurroundingsChanged => EventKinds::SURROUNDINGS,
        }
    }

    /// The node before and after, for events about nodes.
    pub fn node(&self) -> (Option<&Arc<NodeInfo>>, Option<&Arc<NodeInfo>>) {
        match self {
            Self::NodeAdded(new) => (None, Some(new)),
            Self::NodeChanged { old, new } => (Some(old), Some(new)),
            Self::NodeRemoved(old) => (Some(old), None),
            _ => (None, None),
        }
    }

    /// The pod before and after, for events about pods.
    pub fn pod(&self) -> (Option<&Arc<PodInfo>>, Option<&Arc<PodInfo>>) {
        match self {
            Self::PodAssigned(new) => (None, Some(new)),
            Self::PodChanged { old, new } => (Some(old), Some(new)),
            Self::PodRemoved(old) => (Some(old), None),
            _ => (None, None),
        }
    }
}

/// What to do with a waiting pod upon an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hint {
    /// The pod may fit now: it is tried again, after its backoff if that is not over.
    Queue,
    /// The event changes nothing for the pod: it keeps waiting.
    Skip,
}

impl Hint {
    /// `Queue` if `wake`.
    pub fn queue_if(wake: bool) -> Self {
        if wake { Self::Queue } else { Self::Skip }
    }
}
