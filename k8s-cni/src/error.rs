use std::net::IpAddr;

use thiserror::Error;

/// What any call of this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a network did not do what it was asked to.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The network cannot take pods now, as before it knows the node's address range.
    #[error("{message}")]
    NotReady {
        /// What it waits for.
        message: String,
    },
    /// No address of the range is free.
    #[error("no IP addresses available in range set: {range}")]
    Exhausted {
        /// The range, as `first-last`.
        range: String,
    },
    /// A check found an attachment missing or changed.
    #[error("sandbox {sandbox}: {message}")]
    Detached {
        /// The sandbox that was checked.
        sandbox: String,
        /// What is wrong with it.
        message: String,
    },
    /// Two things claim one port of an address.
    #[error("port {port} of {address} is taken by {owner}")]
    PortTaken {
        /// The address.
        address: IpAddr,
        /// The port.
        port: u16,
        /// Who has it.
        owner: String,
    },
    /// The request makes no sense to this network.
    #[error("{message}")]
    Invalid {
        /// Which part, and why.
        message: String,
    },
    /// The network cannot do this at all.
    #[error("{what}: not supported by this network")]
    Unsupported {
        /// The ability that is missing.
        what: &'static str,
    },
    /// The network failed while doing it; what it says is for people to read.
    #[error("{message}")]
    Failed {
        /// What the plugin or the kernel said.
        message: String,
        /// What lies below, if this side knows it.
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
}

/// When to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Retry {
    /// The same request will fail again.
    Never,
    /// Tear down and set up anew.
    Now,
    /// Wait, longer each time.
    Backoff,
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
            Self::Detached { .. } => Retry::Now,
            _ => Retry::Backoff,
        }
    }
}
