//! Every promise of `k8s-api-client`: the server in process is a transport like others.

use std::sync::Arc;

use k8s_api::UserInfo;
use k8s_api_client::{NodeApi, NodeRegistry};
use k8s_api_client_testkit::{Subject, Talker};
use k8s_api_server::ApiServer;
use k8s_env::Env;
use k8s_store::Memory;

async fn in_process(env: Env) -> Subject {
    let (registry, talker): (_, Arc<dyn NodeApi>) = (NodeRegistry::new(), Arc::new(Talker::new("talker")));
    registry.register("talker", &talker);
    let builder = ApiServer::builder(Arc::new(Memory::new()), env).rbac().nodes(registry);
    let server = builder.start().await.unwrap();
    Subject::new(Arc::new(server), UserInfo::admin())
        .stranger(UserInfo::new("stranger", &[]))
        .forgotten(1)
        .node("talker")
        .keep(talker)
}

mod simulated {
    k8s_api_client_testkit::conformance!(simulated: || super::in_process(super::Env::simulated(1)));
}

mod on_two_threads {
    k8s_api_client_testkit::conformance!(real: || super::in_process(super::Env::system()));
}
