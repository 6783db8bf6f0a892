use std::sync::Arc;

/// What happened to one object of an informer.
#[derive(Debug)]
pub enum Event<K> {
    /// It is new, to the cluster or to this subscriber.
    Added(Arc<K>),
    /// It changed.
    Updated {
        /// As the cache had it before.
        old: Arc<K>,
        /// As it is now.
        new: Arc<K>,
    },
    /// It is gone, or has left the selection. This is the last state that is known.
    Deleted(Arc<K>),
}

impl<K> Event<K> {
    /// The object in its newest known state.
    pub fn object(&self) -> &Arc<K> {
        match self {
            Self::Added(object) | Self::Deleted(object) | Self::Updated { new: object, .. } => object,
        }
    }

    /// Its state before, if it was there.
    pub fn previous(&self) -> Option<&Arc<K>> {
        match self {
            Self::Added(_) => None,
            Self::Updated { old, .. } | Self::Deleted(old) => Some(old),
        }
    }

    /// Its state now, if it is there.
    pub fn current(&self) -> Option<&Arc<K>> {
        match self {
            Self::Added(new) | Self::Updated { new, .. } => Some(new),
            Self::Deleted(_) => None,
        }
    }
}

impl<K> Clone for Event<K> {
    fn clone(&self) -> Self {
        match self {
            Self::Added(new) => Self::Added(new.clone()),
            Self::Updated { old, new } => Self::Updated { old: old.clone(), new: new.clone() },
            Self::Deleted(old) => Self::Deleted(old.clone()),
        }
    }
}
