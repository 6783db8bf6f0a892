//! Every promise of `k8s-api-client`, through the layer of faults: without a fault it is not there.

use std::sync::Arc;

use k8s_api::UserInfo;
use k8s_api_client::{NodeApi, NodeRegistry};
use k8s_api_client_testkit::{Subject, Talker};
use k8s_api_testkit::TestServer;
use k8s_env::Env;

async fn faultless() -> Subject {
    let (registry, talker): (_, Arc<dyn NodeApi>) = (NodeRegistry::new(), Arc::new(Talker::new("talker")));
    registry.register("talker", &talker);
    let api = TestServer::built(Env::simulated(1), |server| server.rbac().nodes(registry)).await;
    Subject::new(api.client().transport().clone(), UserInfo::admin())
        .stranger(UserInfo::new("stranger", &[]))
        .forgotten(1)
        .node("talker")
        .keep((api, talker))
}

k8s_api_client_testkit::conformance!(simulated: faultless);
