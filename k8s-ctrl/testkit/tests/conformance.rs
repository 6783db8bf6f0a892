//! A controller that does as it should passes, and a road on which nothing goes wrong is a road like others.

#[path = "it/twins.rs"]
mod twins;

k8s_ctrl_testkit::conformance!(|| twins::scenario(twins::Twins));

/// Every promise of `k8s-api-client`, in calm weather and where everything takes its time.
mod roads {
    use std::sync::Arc;
    use std::time::Duration;

    use k8s_api::UserInfo;
    use k8s_api_client::{NodeApi, NodeRegistry};
    use k8s_api_client_testkit::{Subject, Talker};
    use k8s_api_testkit::TestServer;
    use k8s_ctrl_testkit::{Faults, Weather};
    use k8s_env::{Env, Random};

    async fn in_weather(weather: Weather) -> Subject {
        let (registry, talker): (_, Arc<dyn NodeApi>) = (NodeRegistry::new(), Arc::new(Talker::new("talker")));
        registry.register("talker", &talker);
        let api = TestServer::built(Env::simulated(1), |server| server.rbac().nodes(registry)).await;
        let faults = Faults::new(api.client().transport().clone(), Random::seeded(1));
        faults.set(weather);
        Subject::new(Arc::new(faults), UserInfo::admin())
            .stranger(UserInfo::new("stranger", &[]))
            .forgotten(1)
            .node("talker")
            .keep((api, talker))
    }

    mod calm {
        k8s_api_client_testkit::conformance!(simulated: || super::in_weather(super::Weather::default()));
    }

    mod slow {
        use super::{Duration, Weather, in_weather};

        k8s_api_client_testkit::conformance!(simulated: || in_weather(Weather {
            slowness: Duration::from_millis(5),
            ..Weather::default()
        }));
    }
}
