use std::fmt;
use std::sync::Arc;

use k8s_env::{Clock, Env};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, ServerConfig, SignatureScheme};

use crate::{Error, Identity};

/// HTTP/2 first: one connection carries every watch of a client.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// The certificate of a listener and whose client certificates it takes. TLS 1.2 and 1.3.
#[derive(Clone)]
pub struct ServerTls(pub(crate) Arc<ServerConfig>);

impl ServerTls {
    /// A listener with the certificate `identity`.
    ///
    /// With `client_authority` (PEM) clients may show a certificate which one of these authorities signed, and need
    /// not: without one they are nobody yet and may present a token. A certificate that nobody here signed ends the
    /// handshake.
    ///
    /// # Errors
    /// When a certificate or the key cannot be used.
    pub fn new(identity: &Identity, client_authority: Option<&str>, env: &Env) -> Result<Self, Error> {
        let builder = ServerConfig::builder_with_details(provider(), time(env))
            .with_safe_default_protocol_versions()
            .map_err(failed("the server"))?;
        let builder = match client_authority {
            None => builder.with_no_client_auth(),
            Some(authority) => {
                let verifier = WebPkiClientVerifier::builder_with_provider(roots(authority)?.into(), provider())
                    .allow_unauthenticated()
                    .build()
                    .map_err(failed("the clients' authority"))?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let (chain, key) = parse(identity, "the server")?;
        let mut config = builder.with_single_cert(chain, key).map_err(failed("the server"))?;
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
        Ok(Self(Arc::new(config)))
    }
}

/// Whom a client trusts.
#[derive(Clone, Debug, Default)]
pub(crate) enum Trust {
    /// Servers that have a certificate of one of these authorities, PEM.
    Authority(String),
    /// Everybody: the connection is private and may be to anyone.
    Anybody,
    /// Nobody, as when no authority was named.
    #[default]
    Nobody,
}

/// What a client needs to speak TLS.
pub(crate) fn client_config(trust: &Trust, identity: Option<&Identity>, env: &Env) -> Result<Arc<ClientConfig>, Error> {
    let verifier: Arc<dyn ServerCertVerifier> = match trust {
        Trust::Authority(pem) => WebPkiServerVerifier::builder_with_provider(roots(pem)?.into(), provider())
            .build()
            .map_err(failed("the server's authority"))?,
        Trust::Anybody => Arc::new(TrustAnybody(provider())),
        Trust::Nobody => return Err(Error::Access("no certificate authority is given to trust".to_owned())),
    };
    let builder = ClientConfig::builder_with_details(provider(), time(env))
        .with_safe_default_protocol_versions()
        .map_err(failed("the client"))?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut config = match identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let (chain, key) = parse(identity, "the client")?;
            builder.with_client_auth_cert(chain, key).map_err(failed("the client"))?
        }
    };
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
    Ok(Arc::new(config))
}

/// The first certificate of a PEM text.
pub(crate) fn first_certificate(pem: &str) -> Result<CertificateDer<'static>, Error> {
    CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|e| Error::certificate("the client", e.to_string()))
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn time(env: &Env) -> Arc<dyn TimeProvider> {
    Arc::new(EnvTime(env.clock))
}

fn roots(pem: &str) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let certificate = certificate.map_err(|e| Error::certificate("an authority", e.to_string()))?;
        roots.add(certificate).map_err(failed("an authority"))?;
    }
    Ok(roots)
}

type Chain = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn parse(identity: &Identity, of: &str) -> Result<Chain, Error> {
    let unreadable = |e: rustls::pki_types::pem::Error| Error::certificate(of, e.to_string());
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(identity.certificate_pem.as_bytes()).collect();
    let key = PrivateKeyDer::from_pem_slice(identity.key_pem.as_bytes()).map_err(unreadable)?;
    Ok((chain.map_err(unreadable)?, key))
}

fn failed<E: std::error::Error + Send + Sync + 'static>(of: &'static str) -> impl FnOnce(E) -> Error {
    move |error| Error::certificate(of, error)
}

/// Certificates are judged by the clock that the rest of the program has.
#[derive(Debug)]
struct EnvTime(Clock);

impl TimeProvider for EnvTime {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.0.now().as_second()).ok()?;
        Some(UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds)))
    }
}

/// What `insecure-skip-tls-verify` asks for: signatures are checked, the name and the authority are not.
#[derive(Debug)]
struct TrustAnybody(Arc<CryptoProvider>);

impl ServerCertVerifier for TrustAnybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerTls")
    }
}
