use k8s_api::Status;

/// Why a cluster could not be put together or asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The API server refused or failed.
    #[error("api server failed")]
    Api(#[from] Status),
    /// There is no node of that name in this cluster.
    #[error("there is no node {name}")]
    NoSuchNode {
        /// The name.
        name: String,
    },
    /// A controller that was to be left out does not exist.
    #[error("the controllers could not be chosen")]
    Controllers(#[from] k8s_ctrl::UnknownController),
    /// A node did not start.
    #[error("node {name} did not start")]
    Node {
        /// Its name.
        name: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// No certificates could be made.
    #[error("certificates could not be made")]
    Certificates {
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The HTTPS port could not be opened.
    #[error("cannot serve on {address}")]
    Serve {
        /// Where.
        address: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

#[cfg(feature = "https")]
impl Error {
    pub(crate) fn certificates(source: k8s_api_https::Error) -> Self {
        Self::Certificates { source: source.into() }
    }
}
