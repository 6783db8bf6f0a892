use std::sync::Arc;

use k8s_api::{Kind, Status};
use k8s_api_client::{Client, ListOptions};
use k8s_api_testkit::TestServer;
use k8s_env::{Clock, Env};
use k8s_store::Store;

/// The cluster around a controller that is judged, as an administrator sees it.
///
/// What is asked through it goes straight to the server, whatever the weather on the controller's way is.
#[derive(Debug)]
pub struct World {
    server: TestServer,
    admin: Client,
}

impl World {
    pub(crate) async fn new(seed: u64, rbac: bool) -> Self {
        let env = Env::simulated(seed);
        let server = TestServer::built(env, |builder| if rbac { builder.rbac() } else { builder }).await;
        let admin = server.client();
        Self { server, admin }
    }

    /// A client of the administrator.
    pub fn admin(&self) -> &Client {
        &self.admin
    }

    /// The cluster's time.
    pub fn clock(&self) -> &Clock {
        &self.server.env().clock
    }

    /// All objects of a kind, in the order of their keys.
    ///
    /// # Errors
    /// What the server answered.
    pub async fn all<K: Kind>(&self) -> Result<Vec<Arc<K>>, Status> {
        Ok(self.admin.api::<K>().list(ListOptions::default()).await?.items)
    }

    pub(crate) fn env(&self) -> &Env {
        self.server.env()
    }

    pub(crate) fn store(&self) -> &Arc<dyn Store> {
        self.server.store()
    }
}
