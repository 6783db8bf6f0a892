use std::fmt;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

use crate::Error;

/// What a server shows to its clients, and what it wants to see of them.
#[derive(Clone)]
pub struct ServerTls(pub(crate) Arc<ServerConfig>);

impl ServerTls {
    /// A certificate chain and its key, in PEM. With `client_ca`, in PEM too, only clients with a certificate of one
    /// of these authorities are served.
    ///
    /// # Errors
    /// [`Error::Tls`] when one of them cannot be read or they do not belong together.
    pub fn from_pem(certificates: &[u8], key: &[u8], client_ca: Option<&[u8]>) -> Result<Self, Error> {
        let chain = CertificateDer::pem_slice_iter(certificates).collect::<Result<Vec<_>, _>>().map_err(tls)?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(tls)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
        let builder = builder.with_safe_default_protocol_versions().map_err(tls)?;
        let builder = match client_ca {
            None => builder.with_no_client_auth(),
            Some(pem) => {
                let mut roots = RootCertStore::empty();
                for certificate in CertificateDer::pem_slice_iter(pem) {
                    roots.add(certificate.map_err(tls)?).map_err(tls)?;
                }
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                builder.with_client_cert_verifier(verifier.build().map_err(tls)?)
            }
        };
        let mut config = builder.with_single_cert(chain, key).map_err(tls)?;
        config.alpn_protocols = vec![b"h2".to_vec()];
        Ok(Self(Arc::new(config)))
    }
}

fn tls(source: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Tls { source: Arc::new(source) }
}

impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerTls")
    }
}
