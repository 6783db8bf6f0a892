use thiserror::Error;

/// What any call of this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a volume backend did not do what it was asked to.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no such volume, snapshot or driver. Deleting, unpublishing and unstaging never say so.
    #[error("{what} {id}: not found")]
    NotFound {
        /// What kind of thing was asked for.
        what: &'static str,
        /// Its id or name.
        id: String,
    },
    /// The name is taken by something that does not fit the request.
    #[error("{name}: already exists and is different")]
    AlreadyExists {
        /// The name.
        name: String,
    },
    /// The thing is in use: undo that first.
    #[error("{id}: in use by {by}")]
    InUse {
        /// The volume or snapshot.
        id: String,
        /// Who uses it.
        by: String,
    },
    /// An earlier step is missing, as publishing what is not staged.
    #[error("{id}: {message}")]
    WrongState {
        /// The volume.
        id: String,
        /// Which step is missing.
        message: String,
    },
    /// A size that the backend cannot give.
    #[error("{message}")]
    OutOfRange {
        /// What can be given.
        message: String,
    },
    /// No space is left.
    #[error("{message}")]
    Exhausted {
        /// Where.
        message: String,
    },
    /// The request makes no sense to this backend.
    #[error("{message}")]
    Invalid {
        /// Which part, and why.
        message: String,
    },
    /// The backend cannot do this at all.
    #[error("{what}: not supported by this backend")]
    Unsupported {
        /// The ability that is missing.
        what: &'static str,
    },
    /// The same thing is being worked on: wait for that.
    #[error("{id}: an operation is in progress")]
    Aborted {
        /// The volume.
        id: String,
    },
    /// The backend failed while doing it; what it says is for people to read.
    #[error("{message}")]
    Failed {
        /// What the driver or the kernel said.
        message: String,
        /// What lies below, if this side knows it.
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// The driver does not answer.
    #[error("driver {driver} is not reachable")]
    Unavailable {
        /// Its name.
        driver: String,
        /// What lies below.
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
}

/// When to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Retry {
    /// The same request will fail again.
    Never,
    /// Look at the present state and try at once.
    Now,
    /// Wait, longer each time.
    Backoff,
}

/// The gRPC status code under which a CSI endpoint reports an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// `NotFound` (5).
    NotFound,
    /// `AlreadyExists` (6).
    AlreadyExists,
    /// `FailedPrecondition` (9).
    FailedPrecondition,
    /// `OutOfRange` (11).
    OutOfRange,
    /// `ResourceExhausted` (8).
    ResourceExhausted,
    /// `InvalidArgument` (3).
    InvalidArgument,
    /// `Unimplemented` (12).
    Unimplemented,
    /// `Aborted` (10).
    Aborted,
    /// `Internal` (13).
    Internal,
    /// `Unavailable` (14).
    Unavailable,
}

impl Error {
    /// A failure that only people can read.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::Failed { message: message.into(), source: None }
    }

    /// When the same request is worth another try.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Invalid { .. } | Self::Unsupported { .. } | Self::OutOfRange { .. } | Self::AlreadyExists { .. } => {
                Retry::Never
            }
            Self::WrongState { .. } => Retry::Now,
            _ => Retry::Backoff,
        }
    }

    /// The gRPC status code that a CSI endpoint answers with.
    pub fn code(&self) -> Code {
        match self {
            Self::NotFound { .. } => Code::NotFound,
            Self::AlreadyExists { .. } => Code::AlreadyExists,
            Self::InUse { .. } | Self::WrongState { .. } => Code::FailedPrecondition,
            Self::OutOfRange { .. } => Code::OutOfRange,
            Self::Exhausted { .. } => Code::ResourceExhausted,
            Self::Invalid { .. } => Code::InvalidArgument,
            Self::Unsupported { .. } => Code::Unimplemented,
            Self::Aborted { .. } => Code::Aborted,
            Self::Failed { .. } => Code::Internal,
            Self::Unavailable { .. } => Code::Unavailable,
        }
    }
}
