use std::fmt;
use std::sync::Arc;

use k8s_store::Error;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

/// Whom a client trusts, and what it shows of itself.
#[derive(Clone)]
pub struct ClientTls(Arc<ClientConfig>);

impl ClientTls {
    /// Trusts servers with a certificate of one of the authorities in `ca`. With `identity`, a certificate chain and
    /// its key, the client has a certificate too. All of it is PEM.
    ///
    /// # Errors
    /// [`Error::Invalid`] when one of them cannot be read or they do not belong together.
    pub fn from_pem(ca: &[u8], identity: Option<(&[u8], &[u8])>) -> Result<Self, Error> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(ca) {
            roots.add(certificate.map_err(invalid)?).map_err(invalid)?;
        }
        let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().map_err(invalid)?.with_root_certificates(roots);
        let mut config = match identity {
            None => builder.with_no_client_auth(),
            Some((chain, key)) => {
                let chain = CertificateDer::pem_slice_iter(chain).collect::<Result<_, _>>().map_err(invalid)?;
                let key = PrivateKeyDer::from_pem_slice(key).map_err(invalid)?;
                builder.with_client_auth_cert(chain, key).map_err(invalid)?
            }
        };
        config.alpn_protocols = vec![b"h2".to_vec()];
        Ok(Self(Arc::new(config)))
    }

    pub(super) fn connector(&self) -> TlsConnector {
        TlsConnector::from(Arc::clone(&self.0))
    }
}

fn invalid(error: impl fmt::Display) -> Error {
    Error::invalid(format!("TLS: {error}"))
}

impl fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientTls")
    }
}
