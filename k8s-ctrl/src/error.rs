use k8s_api::Status;
use k8s_api::status::Retry;

/// Why a key could not be reconciled. It is tried again in any case, each time later.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server refused something.
    #[error(transparent)]
    Api(#[from] Status),
    /// Something about the objects keeps the controller from going on.
    #[error("{0}")]
    Blocked(String),
}

impl Error {
    /// Something about the objects keeps the controller from going on.
    pub fn blocked(why: impl Into<String>) -> Self {
        Self::Blocked(why.into())
    }

    /// What a retry may bring.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Api(status) => status.retry(),
            Self::Blocked(_) => Retry::Backoff,
        }
    }

    /// Whether an object is not there.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Api(status) if status.is_not_found())
    }

    /// Whether an object has changed since it was read.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Api(status) if status.is_conflict())
    }
}
