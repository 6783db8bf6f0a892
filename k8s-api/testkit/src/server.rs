use std::sync::Arc;
use std::time::Duration;

use k8s_api::UserInfo;
use k8s_api_client::{Client, Transport};
use k8s_api_server::http::Authenticator;
use k8s_api_server::{ApiServer, ApiServerBuilder};
use k8s_env::Env;
use k8s_store::{Memory, Store};

use crate::fault::{Fault, Faulty};
use crate::http::Http;
use crate::quiet;

/// A true API server in process, over a memory store of its own.
///
/// Dropping it ends the server's tasks.
#[derive(Debug)]
pub struct TestServer {
    server: ApiServer,
    store: Arc<dyn Store>,
    env: Env,
    fault: Fault,
    transport: Arc<dyn Transport>,
}

impl TestServer {
    /// A server in a simulated world of seed 1.
    ///
    /// # Panics
    /// Outside of a tokio runtime with time.
    pub async fn new() -> Self {
        Self::in_env(Env::simulated(1)).await
    }

    /// A server in a given world.
    ///
    /// # Panics
    /// Outside of a tokio runtime with time.
    pub async fn in_env(env: Env) -> Self {
        Self::built(env, |builder| builder).await
    }

    /// A server whose parts the test chooses: `build` gets the builder over the memory store.
    ///
    /// # Panics
    /// Outside of a tokio runtime with time, and when the parts do not let the server start.
    pub async fn built(env: Env, build: impl FnOnce(ApiServerBuilder) -> ApiServerBuilder) -> Self {
        let store: Arc<dyn Store> = Arc::new(Memory::new());
        let builder = build(ApiServer::builder(store.clone(), env.clone()));
        let server = builder.start().await.expect("a server starts over an empty memory store");
        let fault = Fault::default();
        let transport = Arc::new(Faulty::new(server.clone(), fault.clone()));
        Self { server, store, env, fault, transport }
    }

    /// A client of the administrator.
    pub fn client(&self) -> Client {
        self.client_as(UserInfo::admin())
    }

    /// A client that is `user`.
    pub fn client_as(&self, user: UserInfo) -> Client {
        Client::new(self.transport.clone(), user)
    }

    /// The server behind HTTP, in process. A bearer token is the name of its user; `admin` is the administrator.
    ///
    /// What may go wrong goes wrong here too, and requests count for [`TestServer::settled`].
    pub fn http(&self) -> Http {
        Http::new(self.server.http(ByName), self.fault.clone())
    }

    /// The server for another library's client, in process and over real HTTP/1.1, as `user`: a `kube::Client` is
    /// `kube::Client::new(api.in_process(UserInfo::admin()), "default")`.
    #[cfg(feature = "in-process")]
    pub fn in_process(&self, user: UserInfo) -> k8s_api_https::InProcess {
        k8s_api_https::in_process(self.http(), user)
    }

    /// What may go wrong on the way of this server's clients.
    pub fn fault(&self) -> &Fault {
        &self.fault
    }

    /// The server itself.
    pub fn server(&self) -> &ApiServer {
        &self.server
    }

    /// The store under it.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// The world it lives in.
    pub fn env(&self) -> &Env {
        &self.env
    }

    /// Waits until nothing is left to do: for `horizon` of the runtime's time nobody has sent a request through this
    /// server's clients and nothing was written to its store.
    ///
    /// On a paused runtime time moves only when no task can run, so this says: no task can run, and no timer that is
    /// due within `horizon` leads to work. It does not return while somebody works at least once per `horizon`; choose
    /// one below the period of leases and resyncs, or put a timeout around it.
    pub async fn settled(&self, horizon: Duration) {
        quiet::wait(&*self.store, &self.fault, horizon).await;
    }

    /// Ends the server's tasks and waits for them.
    pub async fn stop(&self) {
        self.server.stop().await;
    }
}

#[derive(Debug)]
struct ByName;

impl Authenticator for ByName {
    fn token(&self, token: &str) -> Option<UserInfo> {
        Some(if token == "admin" { UserInfo::admin() } else { UserInfo::new(token, &[]) })
    }
}
