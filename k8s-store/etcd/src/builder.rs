use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use k8s_store::Error;

use crate::Etcd;
use crate::call::Calls;
use crate::login::Login;
use crate::net::{ClientTls, Connect, Endpoint, Pool, Sockets};

/// How to reach an etcd; made by [`Etcd::builder`].
pub struct Builder {
    endpoints: Vec<String>,
    tls: Option<ClientTls>,
    login: Option<(String, String)>,
    connect: Option<Arc<dyn Connect>>,
    patience: Duration,
}

impl Builder {
    pub(crate) fn new(endpoints: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let endpoints = endpoints.into_iter().map(Into::into).collect();
        Self { endpoints, tls: None, login: None, connect: None, patience: Duration::from_secs(15) }
    }

    /// Whom to trust at endpoints that begin with `https://`, and what to show them.
    pub fn tls(self, tls: ClientTls) -> Self {
        Self { tls: Some(tls), ..self }
    }

    /// The user to be. A new token is asked for whenever etcd does not take the old one any more.
    pub fn user(self, name: impl Into<String>, password: impl Into<String>) -> Self {
        Self { login: Some((name.into(), password.into())), ..self }
    }

    /// Connects otherwise than with sockets.
    pub fn connector(self, connect: impl Connect) -> Self {
        Self { connect: Some(Arc::new(connect)), ..self }
    }

    /// How long a call may go on trying before it fails. 15 seconds unless told.
    pub fn patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// The store, once an endpoint has answered.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an endpoint that is none, [`Error::Denied`] for a user that etcd does not let in, and
    /// [`Error::Unavailable`] when no endpoint answers in time.
    pub async fn connect(self) -> Result<Etcd, Error> {
        let endpoints: Vec<_> = self.endpoints.iter().map(|url| Endpoint::parse(url)).collect::<Result<_, _>>()?;
        if endpoints.is_empty() {
            return Err(Error::invalid("there is no endpoint"));
        }
        if self.tls.is_none() && self.connect.is_none() && endpoints.iter().any(|endpoint| endpoint.tls) {
            return Err(Error::invalid("an endpoint wants TLS, and nothing says whom to trust"));
        }
        let connect = self.connect.unwrap_or_else(|| Arc::new(Sockets(self.tls)));
        let login = self.login.map(|(name, password)| Login::new(name, password));
        let etcd = Etcd::new(Calls::new(Pool::new(endpoints, connect), login, self.patience));
        etcd.greet().await?;
        Ok(etcd)
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("endpoints", &self.endpoints).finish_non_exhaustive()
    }
}
