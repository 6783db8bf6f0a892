use std::io;
use std::sync::Arc;

/// Why a server did not start.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The listener has no address.
    #[error("listener is unusable")]
    Listener {
        /// What failed.
        #[source]
        source: Arc<io::Error>,
    },
    /// The certificate, the key or the clients' authority cannot be used.
    #[error("TLS configuration is invalid")]
    Tls {
        /// What is wrong.
        #[source]
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
}
