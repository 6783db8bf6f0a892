use jiff::Timestamp;
use k8s_env::Random;
use k8s_openapi::api::core::v1::ObjectReference;

use super::Source;

/// How an event reads to people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventType {
    /// All is well.
    Normal,
    /// Somebody should look.
    Warning,
}

/// An event that is not written yet.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Who speaks.
    pub source: Source,
    /// What it is about.
    pub regarding: ObjectReference,
    /// What else it is about; written through `events.k8s.io` only.
    pub related: Option<ObjectReference>,
    /// How it reads.
    pub kind: EventType,
    /// One word for programs.
    pub reason: &'static str,
    /// What was done or tried; written through `events.k8s.io` only.
    pub action: String,
    /// A sentence for people.
    pub message: String,
    /// When it happened.
    pub at: Timestamp,
}

impl EventType {
    /// As the API spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "Normal",
            Self::Warning => "Warning",
        }
    }
}

impl Draft {
    /// The same with an action.
    pub fn action(mut self, action: impl Into<String>) -> Self {
        self.action = action.into();
        self
    }

    /// The same with a related object.
    pub fn related(mut self, related: ObjectReference) -> Self {
        self.related = Some(related);
        self
    }

    /// Where the event is stored: with its object, or in `default` for cluster scope.
    pub(super) fn namespace(&self) -> &str {
        self.regarding.namespace.as_deref().filter(|namespace| !namespace.is_empty()).unwrap_or("default")
    }

    /// The event's name: that of the object and the time in hexadecimal nanoseconds.
    ///
    /// The part below a millisecond is drawn, since simulated time stands still while many things happen.
    pub(super) fn new_name(&self, random: &Random) -> String {
        let nanos = self.at.as_nanosecond() as i64 + random.below(1_000_000) as i64;
        let object = self.regarding.name.as_deref().unwrap_or_default();
        if is_name(object) { format!("{object}.{nanos:x}") } else { random.uuid() }
    }
}

/// Whether an event may be named after an object of this name: not every name is a DNS name.
fn is_name(name: &str) -> bool {
    let label = |label: &str| {
        let alphanumeric = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        let bytes = label.as_bytes();
        alphanumeric(bytes.first().copied())
            && alphanumeric(bytes.last().copied())
            && bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-')
    };
    name.len() <= 236 && name.split('.').all(label)
}
