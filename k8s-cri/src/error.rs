use std::time::Duration;

use thiserror::Error;

/// What any call of this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a runtime did not do what it was asked to.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no such sandbox. Stopping and removing never say so.
    #[error("sandbox {id}: not found")]
    SandboxNotFound {
        /// The id that was asked for.
        id: String,
    },
    /// There is no such container. Stopping and removing never say so.
    #[error("container {id}: not found")]
    ContainerNotFound {
        /// The id that was asked for.
        id: String,
    },
    /// The image is not on this machine: pull it first.
    #[error("image {image}: not present")]
    ImageNotPresent {
        /// The reference that was asked for.
        image: String,
    },
    /// The image could not be fetched.
    #[error("image {image}: {message}")]
    ImagePull {
        /// The reference that was asked for.
        image: String,
        /// What kind of failure it is, which decides the reason a pod shows.
        failure: PullFailure,
        /// What the registry or the runtime said.
        message: String,
    },
    /// A name is taken: the same pod, container name and attempt exist already.
    #[error("{name}: already exists")]
    AlreadyExists {
        /// The name that is taken.
        name: String,
    },
    /// The call does not fit the present state, as starting a container twice.
    #[error("{id}: is {found}, must be {wanted}")]
    WrongState {
        /// The sandbox or container.
        id: String,
        /// The state it is in.
        found: &'static str,
        /// The state the call asks for.
        wanted: &'static str,
    },
    /// The request makes no sense to this runtime.
    #[error("{message}")]
    Invalid {
        /// Which part, and why.
        message: String,
    },
    /// The runtime cannot do this at all.
    #[error("{what}: not supported by this runtime")]
    Unsupported {
        /// The ability that is missing.
        what: &'static str,
    },
    /// The time allowed ran out, and what was started for the call was ended.
    #[error("timeout {}s exceeded", after.as_secs_f64())]
    TimedOut {
        /// The time that was allowed.
        after: Duration,
    },
    /// The runtime failed while doing it; what it says is for people to read.
    #[error("{message}")]
    Failed {
        /// What the runtime said.
        message: String,
        /// What lies below, if this side knows it.
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// The runtime does not answer.
    #[error("runtime is not reachable")]
    Unavailable {
        /// What lies below.
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
}

/// What kind of failure a pull met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PullFailure {
    /// The registry knows no such image, or refused the credentials: a pod shows `ErrImagePull`.
    Refused,
    /// The registry does not answer: a pod shows `RegistryUnavailable`.
    RegistryUnavailable,
    /// The signature does not verify: a pod shows `SignatureValidationFailed`.
    SignatureInvalid,
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

/// The gRPC status code under which a CRI endpoint reports an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// `NotFound` (5).
    NotFound,
    /// `AlreadyExists` (6).
    AlreadyExists,
    /// `InvalidArgument` (3).
    InvalidArgument,
    /// `FailedPrecondition` (9).
    FailedPrecondition,
    /// `Unimplemented` (12).
    Unimplemented,
    /// `DeadlineExceeded` (4).
    DeadlineExceeded,
    /// `Unknown` (2).
    Unknown,
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
            Self::Invalid { .. } | Self::Unsupported { .. } => Retry::Never,
            Self::SandboxNotFound { .. }
            | Self::ContainerNotFound { .. }
            | Self::AlreadyExists { .. }
            | Self::WrongState { .. } => Retry::Now,
            _ => Retry::Backoff,
        }
    }

    /// Whether the object that was asked for does not exist.
    pub fn is_not_found(&self) -> bool {
        self.code() == Code::NotFound
    }

    /// The gRPC status code that a CRI endpoint answers with.
    pub fn code(&self) -> Code {
        match self {
            Self::SandboxNotFound { .. } | Self::ContainerNotFound { .. } | Self::ImageNotPresent { .. } => {
                Code::NotFound
            }
            Self::AlreadyExists { .. } => Code::AlreadyExists,
            Self::WrongState { .. } => Code::FailedPrecondition,
            Self::Invalid { .. } => Code::InvalidArgument,
            Self::Unsupported { .. } => Code::Unimplemented,
            Self::TimedOut { .. } => Code::DeadlineExceeded,
            Self::ImagePull { .. } | Self::Failed { .. } => Code::Unknown,
            Self::Unavailable { .. } => Code::Unavailable,
        }
    }
}
