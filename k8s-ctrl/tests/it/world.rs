#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;
use std::time::Duration;

use k8s_api::UserInfo;
use k8s_api_client::{Client, Informers};
use k8s_api_server::ApiServer;
use k8s_env::Env;
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_store::Memory;

pub(crate) struct World {
    pub(crate) env: Env,
    pub(crate) admin: Client,
    pub(crate) informers: Informers,
}

impl World {
    pub(crate) async fn new() -> Self {
        let env = Env::simulated(5);
        let server = ApiServer::builder(Arc::new(Memory::new()), env.clone()).start().await.unwrap();
        let admin = server.client_as(UserInfo::admin());
        let informers = Informers::new(admin.clone(), env.clone());
        Self { env, admin, informers }
    }

    pub(crate) async fn map(&self, name: &str) -> Arc<ConfigMap> {
        let mut map = ConfigMap::default();
        map.metadata.name = Some(name.to_owned());
        map.metadata.labels = Some([("app".to_owned(), name[..1].to_owned())].into());
        self.admin.namespaced::<ConfigMap>("default").create(map).await.unwrap()
    }
}

pub(crate) async fn pass(seconds: f64) {
    tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
}
