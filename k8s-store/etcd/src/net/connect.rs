use std::fmt::Debug;
use std::io;

use http::Uri;
use http::uri::{Authority, Scheme};
use k8s_store::Error;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::ClientTls;

/// A connection's bytes.
pub trait Io: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Io for T {}

/// Opens connections. Implemented by who has another way to an etcd than a socket.
///
/// # Contract
/// Called again whenever a connection broke; each call opens a new one.
///
/// # Cancellation
/// Dropping the future gives the attempt up.
#[async_trait::async_trait]
pub trait Connect: Send + Sync + Debug + 'static {
    /// Opens a connection to `authority`, which is `host:port`, over TLS if so wanted.
    ///
    /// # Errors
    /// Whatever keeps it from being opened; another endpoint is tried then.
    async fn connect(&self, authority: &str, tls: bool) -> io::Result<Box<dyn Io>>;
}

/// One of the addresses that an etcd has.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    pub(crate) authority: Authority,
    pub(crate) tls: bool,
}

impl Endpoint {
    /// # Errors
    /// [`Error::Invalid`] for what is no `http://host:port` or `https://host:port`.
    pub(crate) fn parse(url: &str) -> Result<Self, Error> {
        let invalid = || Error::invalid(format!("{url:?} is no endpoint such as http://127.0.0.1:2379"));
        let parts = url.parse::<Uri>().map_err(|_| invalid())?.into_parts();
        let tls = match parts.scheme {
            None => false,
            Some(scheme) if scheme == Scheme::HTTP => false,
            Some(scheme) if scheme == Scheme::HTTPS => true,
            Some(_) => return Err(invalid()),
        };
        let authority = parts.authority.filter(|authority| authority.port().is_some()).ok_or_else(invalid)?;
        Ok(Self { authority, tls })
    }
}

/// Sockets of the system.
#[derive(Debug)]
pub(crate) struct Sockets(pub(crate) Option<ClientTls>);

#[async_trait::async_trait]
impl Connect for Sockets {
    async fn connect(&self, authority: &str, tls: bool) -> io::Result<Box<dyn Io>> {
        let stream = TcpStream::connect(authority).await?;
        stream.set_nodelay(true)?;
        match &self.0 {
            Some(config) if tls => {
                let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
                let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
                let name = ServerName::try_from(host).map_err(io::Error::other)?;
                Ok(Box::new(config.connector().connect(name, stream).await?))
            }
            _ => Ok(Box::new(stream)),
        }
    }
}
