use std::path::PathBuf;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why a certificate, a listener or a kubeconfig could not be made or read.
///
/// What goes wrong with a request is a [`Status`](k8s_api::Status) instead.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A certificate or its key cannot be made or used.
    #[error("certificate of {of} cannot be used")]
    Certificate {
        /// Whose it is.
        of: String,
        /// What is wrong with it.
        source: Source,
    },
    /// How to reach a server is not said, or not understood.
    #[error("access to a server: {0}")]
    Access(String),
    /// A kubeconfig lacks something, or two parts of it disagree.
    #[error("kubeconfig: {0}")]
    Kubeconfig(String),
    /// A kubeconfig asks for something that is not done here.
    #[error("kubeconfig: {what} is not supported")]
    Unsupported {
        /// What it asks for.
        what: &'static str,
    },
    /// A file cannot be read or written.
    #[error("file {path}", path = path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A listener cannot be used.
    #[error("listener cannot be used")]
    Listener(#[source] std::io::Error),
}

impl Error {
    pub(crate) fn certificate(of: impl Into<String>, source: impl Into<Source>) -> Self {
        Self::Certificate { of: of.into(), source: source.into() }
    }
}
