use k8s_api::Status;
use thiserror::Error;

/// Why a node could not be started.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// A quantity, a range or a label that was given to the builder makes no sense.
    #[error("{what}: {message}")]
    Invalid {
        /// Which part.
        what: &'static str,
        /// Why.
        message: String,
    },
    /// The builder was given no such part and has no default for it.
    #[error("the node has no {what}")]
    Missing {
        /// Which part.
        what: &'static str,
    },
    /// The API server did not take the node.
    #[error("registering node {node}")]
    Register {
        /// The node's name.
        node: String,
        /// What the server answered.
        source: Status,
    },
    /// The container runtime does not answer.
    #[error("asking the container runtime")]
    Runtime(#[from] k8s_cri::Error),
    /// The pod network did not take the node's ranges.
    #[error("configuring the pod network")]
    Network(#[from] k8s_cni::Error),
}
