use std::sync::Arc;

use k8s_api::UserInfo;
use k8s_api_client::Client;
use k8s_api_server::ApiServer;
use k8s_env::Env;
use k8s_store::Memory;

/// A server over a new memory store, and a client of its administrator.
pub(crate) async fn server() -> (ApiServer, Client) {
    let server = ApiServer::builder(Arc::new(Memory::new()), Env::simulated(1)).start().await.unwrap();
    let client = server.client_as(UserInfo::admin());
    (server, client)
}
