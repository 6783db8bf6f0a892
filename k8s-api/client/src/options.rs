/// What to list or watch, and from which revision.
///
/// Upstream: `metav1.ListOptions`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListOptions {
    /// `app=web,tier!=cache`; empty selects everything.
    pub label_selector: String,
    /// `spec.nodeName=a`; empty selects everything.
    pub field_selector: String,
    /// At most so many items, with a token for the rest; 0 for all.
    pub limit: u64,
    /// The token that the page before ended with.
    pub continue_token: String,
    /// The revision to start at; empty for the newest, `0` for whatever is at hand.
    pub resource_version: String,
    /// How a list takes `resource_version`.
    pub version_match: Option<VersionMatch>,
    /// Ends a watch after so many seconds; 0 for the server's own choice.
    pub timeout_seconds: u64,
    /// Asks for bookmarks: events that carry a revision and nothing else.
    pub bookmarks: bool,
    /// Asks a watch to begin with what is there, closed by an annotated bookmark.
    pub send_initial_events: Option<bool>,
}

/// How a list takes its resource version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VersionMatch {
    /// Exactly that revision.
    Exact,
    /// That revision or any later one.
    NotOlderThan,
}

/// How to write.
///
/// Upstream: `metav1.CreateOptions`, `UpdateOptions`, `PatchOptions`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WriteOptions {
    /// Do everything but store the result.
    pub dry_run: bool,
    /// Whom managedFields name; empty for the first part of the user agent.
    pub field_manager: String,
    /// What to do about unknown and repeated fields.
    pub field_validation: FieldValidation,
    /// Server-side apply takes fields over from other managers.
    pub force: bool,
}

/// What to do about unknown and repeated fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FieldValidation {
    /// Drop them.
    Ignore,
    /// Drop them and say so in a warning: the server's default.
    #[default]
    Warn,
    /// Refuse the request.
    Strict,
}

/// How to delete.
///
/// Upstream: `metav1.DeleteOptions`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeleteOptions {
    /// Seconds the object gets to go; `None` for its kind's default.
    pub grace_period_seconds: Option<i64>,
    /// What becomes of its dependents; `None` for its kind's default.
    pub propagation: Option<Propagation>,
    /// What must hold of the object.
    pub preconditions: Preconditions,
    /// Do everything but delete.
    pub dry_run: bool,
    /// Skip what cannot be read: for objects that are stored but cannot be decoded.
    pub ignore_store_read_error: bool,
}

/// What must hold of an object for it to be deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preconditions {
    /// It has this uid.
    pub uid: Option<String>,
    /// It has this resourceVersion.
    pub resource_version: Option<String>,
}

/// What becomes of the dependents of a deleted object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Propagation {
    /// They stay, without an owner.
    Orphan,
    /// They go after it.
    Background,
    /// They go before it.
    Foreground,
}

impl Propagation {
    /// Reads the policy as `DeleteOptions` spell it.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "Orphan" => Some(Self::Orphan),
            "Background" => Some(Self::Background),
            "Foreground" => Some(Self::Foreground),
            _ => None,
        }
    }

    /// The policy as `DeleteOptions` spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Orphan => "Orphan",
            Self::Background => "Background",
            Self::Foreground => "Foreground",
        }
    }
}

impl ListOptions {
    /// Only what these labels select.
    pub fn labels(mut self, selector: impl Into<String>) -> Self {
        self.label_selector = selector.into();
        self
    }

    /// Only what these fields select.
    pub fn fields(mut self, selector: impl Into<String>) -> Self {
        self.field_selector = selector.into();
        self
    }

    /// Pages of so many items.
    pub fn limit(mut self, limit: u64) -> Self {
        self.limit = limit;
        self
    }

    /// From this revision.
    pub fn at(mut self, resource_version: impl Into<String>) -> Self {
        self.resource_version = resource_version.into();
        self
    }
}

impl DeleteOptions {
    /// With so many seconds to go.
    pub fn grace(mut self, seconds: i64) -> Self {
        self.grace_period_seconds = Some(seconds);
        self
    }

    /// With this policy for dependents.
    pub fn propagation(mut self, policy: Propagation) -> Self {
        self.propagation = Some(policy);
        self
    }

    /// Only if it is still the object with this uid.
    pub fn uid(mut self, uid: impl Into<String>) -> Self {
        self.preconditions.uid = Some(uid.into());
        self
    }
}
