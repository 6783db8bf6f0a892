use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::uri::Authority;
use k8s_env::Tasks;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::Error;
use crate::pool::{BoxError, Dial, Io, Protocol};

/// Upstream: client-go's dialer and Go's `TLSHandshakeTimeout`.
const CONNECT: Duration = Duration::from_secs(30);
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Connects by TCP, with or without TLS.
pub(super) struct Tcp {
    host: String,
    port: u16,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

impl Tcp {
    pub(super) fn plain(authority: &Authority) -> Self {
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        Self { host, port: authority.port_u16().unwrap_or(80), tls: None }
    }

    /// With TLS, to a server whose certificate has `name`, or else the host's.
    pub(super) fn tls(authority: &Authority, name: Option<&str>, config: Arc<ClientConfig>) -> Result<Self, Error> {
        let mut tcp = Self::plain(authority);
        let name = name.unwrap_or(&tcp.host).to_owned();
        let name = ServerName::try_from(name.clone()).map_err(|error| Error::certificate(name, error))?;
        tcp.port = authority.port_u16().unwrap_or(443);
        tcp.tls = Some((TlsConnector::from(config), name));
        Ok(tcp)
    }
}

#[async_trait]
impl Dial for Tcp {
    async fn dial(&self, _: &Tasks) -> Result<(Box<dyn Io>, Protocol), BoxError> {
        let stream = timeout(CONNECT, TcpStream::connect((self.host.as_str(), self.port))).await??;
        stream.set_nodelay(true)?;
        let Some((connector, name)) = &self.tls else {
            return Ok((Box::new(stream), Protocol::Http1));
        };
        let stream = timeout(HANDSHAKE, connector.connect(name.clone(), stream)).await??;
        let protocol = match stream.get_ref().1.alpn_protocol() {
            Some(b"h2") => Protocol::Http2,
            _ => Protocol::Http1,
        };
        Ok((Box::new(stream), protocol))
    }
}
