use futures_core::future::BoxFuture;
use k8s_store_etcd_proto::etcdserverpb::AuthenticateRequest;
use k8s_store_etcd_proto::etcdserverpb::auth_client::AuthClient;
use parking_lot::Mutex;
use tonic::Status;
use tonic::metadata::{Ascii, MetadataValue};

use crate::net::Line;

/// A user's name and password, and the token that etcd gave for them.
pub(crate) struct Login {
    name: String,
    password: String,
    token: Mutex<Option<MetadataValue<Ascii>>>,
    /// Held by the one who asks for a token, while the others wait for it.
    asking: tokio::sync::Mutex<()>,
}

impl Login {
    pub(crate) fn new(name: String, password: String) -> Self {
        Self { name, password, token: Mutex::default(), asking: tokio::sync::Mutex::new(()) }
    }

    /// The token in use, or a new one.
    ///
    /// # Errors
    /// What etcd says, or the connection.
    pub(crate) fn token<'a>(&'a self, line: &'a Line) -> BoxFuture<'a, Result<MetadataValue<Ascii>, Status>> {
        Box::pin(async move {
            if let Some(token) = self.token.lock().clone() {
                return Ok(token);
            }
            let _turn = self.asking.lock().await;
            if let Some(token) = self.token.lock().clone() {
                return Ok(token);
            }
            let request = AuthenticateRequest { name: self.name.clone(), password: self.password.clone() };
            let answer = AuthClient::new(line.clone()).authenticate(request).await?.into_inner();
            let token = MetadataValue::try_from(answer.token).map_err(|_| Status::internal("a token is no text"))?;
            *self.token.lock() = Some(token.clone());
            Ok(token)
        })
    }

    /// Forgets a token that etcd did not take.
    pub(crate) fn forget(&self, refused: &MetadataValue<Ascii>) {
        self.token.lock().take_if(|token| token == refused);
    }
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Login({})", self.name)
    }
}
