use std::sync::Arc;

use k8s_api::UserInfo;
use k8s_api_client::{NodeApi, NodeRegistry, Transport};
use k8s_api_client_testkit::{Subject, Talker};
use k8s_api_server::ApiServer;
use k8s_env::Env;
use k8s_store::Memory;

/// The server in this process, by whatever road `road` makes of it.
pub(crate) async fn by<T: Transport>(road: impl FnOnce(ApiServer) -> T) -> Subject {
    let (registry, talker): (_, Arc<dyn NodeApi>) = (NodeRegistry::new(), Arc::new(Talker::new("talker")));
    registry.register("talker", &talker);
    let builder = ApiServer::builder(Arc::new(Memory::new()), Env::simulated(1)).rbac().nodes(registry);
    let server = builder.start().await.unwrap();
    Subject::new(Arc::new(road(server)), UserInfo::admin())
        .stranger(UserInfo::new("stranger", &[]))
        .forgotten(1)
        .node("talker")
        .keep(talker)
}
