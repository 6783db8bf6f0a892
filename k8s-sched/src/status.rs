use std::fmt;
use std::sync::Arc;

use smallvec::SmallVec;

/// Why a plugin did not say yes, told by what the engine does next.
///
/// Success is the `Ok` side of the `Result` in which a status travels.
/// Upstream: `k8s.io/kube-scheduler/framework.Code`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// Not now, but evicting pods might help: the node stays a candidate for post-filter, and the pod waits in the
    /// unschedulable part of the queue until an event wakes it or five minutes pass.
    Unschedulable(Reasons),
    /// Not even evicting pods would help: post-filter leaves this node out; otherwise like `Unschedulable`.
    Unresolvable(Reasons),
    /// The plugin waits for something of its own: the pod is parked like an unschedulable one, but returns without
    /// backoff when an event that the plugin asked for arrives.
    Pending(Reasons),
    /// Something is broken: the cycle ends at once, the pod gets reason `SchedulerError` and is tried again after
    /// backoff.
    Error(Arc<str>),
}

/// One reason, as clients read it in `FailedScheduling` events.
///
/// Texts known at compile time cost nothing to hand out for thousands of nodes.
#[derive(Clone, Debug)]
pub enum Reason {
    /// A text known at compile time.
    Static(&'static str),
    /// A text made once and shared.
    Shared(Arc<str>),
}

/// The reasons of one status; two fit without allocation.
pub type Reasons = SmallVec<[Reason; 2]>;

impl Status {
    /// An [`Status::Unschedulable`] with one reason.
    pub fn unschedulable(reason: impl Into<Reason>) -> Self {
        Self::Unschedulable(one(reason))
    }

    /// An [`Status::Unresolvable`] with one reason.
    pub fn unresolvable(reason: impl Into<Reason>) -> Self {
        Self::Unresolvable(one(reason))
    }

    /// A [`Status::Pending`] with one reason.
    pub fn pending(reason: impl Into<Reason>) -> Self {
        Self::Pending(one(reason))
    }

    /// A [`Status::Error`].
    pub fn error(message: impl Into<Arc<str>>) -> Self {
        Self::Error(message.into())
    }

    /// Whether the pod was turned down, as opposed to something being broken.
    pub fn is_rejection(&self) -> bool {
        !matches!(self, Self::Error(_))
    }

    /// The reasons; empty for an error.
    pub fn reasons(&self) -> &[Reason] {
        match self {
            Self::Unschedulable(reasons) | Self::Unresolvable(reasons) | Self::Pending(reasons) => reasons,
            Self::Error(_) => &[],
        }
    }
}

fn one(reason: impl Into<Reason>) -> Reasons {
    let mut reasons = Reasons::new();
    reasons.push(reason.into());
    reasons
}

/// The reasons joined by `", "`, or the error's text.
impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Error(message) = self {
            return f.write_str(message);
        }
        for (i, reason) in self.reasons().iter().enumerate() {
            if i > 0 {
                f.write_str(", ")?;
            }
            f.write_str(reason.as_str())?;
        }
        Ok(())
    }
}

impl std::error::Error for Status {}

impl Reason {
    /// The text.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Static(text) => text,
            Self::Shared(text) => text,
        }
    }
}

impl PartialEq for Reason {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Reason {}

impl From<&'static str> for Reason {
    fn from(text: &'static str) -> Self {
        Self::Static(text)
    }
}

impl From<String> for Reason {
    fn from(text: String) -> Self {
        Self::Shared(text.into())
    }
}

impl From<Arc<str>> for Reason {
    fn from(text: Arc<str>) -> Self {
        Self::Shared(text)
    }
}
