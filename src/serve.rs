//! The cluster behind an HTTPS port.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use k8s_api_https::{Kubeconfig, Pki, api_server_names};
use k8s_api_server::http::{Authenticator, TokenFile};
use tokio::net::{TcpListener, ToSocketAddrs};

use crate::{Cluster, Error};

/// An open HTTPS port of a cluster. Dropping it closes the port and every connection.
#[derive(Debug)]
pub struct Served {
    server: k8s_api_https::Server,
    kubeconfig: Kubeconfig,
}

impl Cluster {
    /// Opens an HTTPS port, so that kubectl and every other client works: with the kubeconfig of the administrator, and
    /// with service account tokens. Everybody with credentials may do everything, and who has none may see the version
    /// and the health of the server, unless the builder was told otherwise: `.api_server(ApiServerBuilder::rbac)` makes
    /// roles decide, as a user of Kubernetes expects.
    ///
    /// # Errors
    /// When the port cannot be opened or no certificates can be made.
    pub async fn serve(&self, address: impl ToSocketAddrs + std::fmt::Debug) -> Result<Served, Error> {
        self.serve_with(address, TokenFile::new()).await
    }

    /// As [`Cluster::serve`], with other bearer tokens as well.
    ///
    /// # Errors
    /// As [`Cluster::serve`].
    pub async fn serve_with(
        &self,
        address: impl ToSocketAddrs + std::fmt::Debug,
        tokens: impl Authenticator,
    ) -> Result<Served, Error> {
        let shown = format!("{address:?}");
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| Error::Serve { address: shown.clone(), source };
        let listener = TcpListener::bind(address).await.map_err(|e| failed(e.into()))?;
        let local = listener.local_addr().map_err(|e| failed(e.into()))?;
        let made;
        let pki = if let Some(pki) = &self.pki {
            pki
        } else {
            made = Pki::generate(&self.env).map_err(Error::certificates)?;
            &made
        };
        let mut names = api_server_names(self.server.service_address().into());
        names.push(local.ip().to_string());
        let tls = pki.server_tls(names).map_err(Error::certificates)?;
        let admin = pki.admin().map_err(Error::certificates)?;
        let url = format!("https://{}", reachable(local));
        let kubeconfig = Kubeconfig::embedded(&url, pki.certificate_pem(), "kubernetes-admin", &admin);
        let server = k8s_api_https::serve(listener, tls, self.server.http(tokens)).map_err(|e| failed(e.into()))?;
        Ok(Served { server, kubeconfig })
    }
}

/// An address that clients on this machine can use, also when the port listens on all of them.
fn reachable(local: SocketAddr) -> SocketAddr {
    match local.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => SocketAddr::new(Ipv4Addr::LOCALHOST.into(), local.port()),
        IpAddr::V6(ip) if ip.is_unspecified() => SocketAddr::new(std::net::Ipv6Addr::LOCALHOST.into(), local.port()),
        _ => local,
    }
}

impl Served {
    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.server.local_addr()
    }

    /// The kubeconfig of the administrator.
    pub fn kubeconfig(&self) -> &Kubeconfig {
        &self.kubeconfig
    }

    /// Closes the port: no new connections, and those that are open end within two seconds.
    pub async fn stop(self) {
        self.server.stop().await;
    }
}
