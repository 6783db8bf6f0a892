//! Connectors that do not lead where they should.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt;
use http::{Request, Response, Uri};
use k8s_api_client::{NodeApi, NodeConnector, RawBody};
use k8s_api_client_testkit::{Agents, Case, Roads, Time, run};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Defect {
    None,
    NearNamesWillDo,
    TheFirstAnswersForAll,
    QueriesAreLost,
    HeadersAreLost,
    ErrorsAreSuccesses,
    StreamsAreCollected,
    BreaksAreEnds,
    NothingIsLetGo,
}

struct Detour {
    agents: Agents,
    defect: Defect,
}

struct Agent {
    agent: Arc<dyn NodeApi>,
    defect: Defect,
}

impl NodeConnector for Detour {
    fn connect(&self, node: &str) -> Option<Arc<dyn NodeApi>> {
        let known = |name: &str| match self.defect {
            Defect::NearNamesWillDo => name.eq_ignore_ascii_case(node),
            _ => name == node,
        };
        let found = self.agents.iter().position(|(name, _)| known(name))?;
        let found = if self.defect == Defect::TheFirstAnswersForAll { 0 } else { found };
        Some(Arc::new(Agent { agent: self.agents[found].1.clone(), defect: self.defect }))
    }
}

#[async_trait]
impl NodeApi for Agent {
    async fn handle(&self, mut request: Request<Bytes>) -> Response<RawBody> {
        match self.defect {
            Defect::QueriesAreLost => *request.uri_mut() = request.uri().path().parse::<Uri>().unwrap(),
            Defect::HeadersAreLost => request.headers_mut().clear(),
            Defect::NothingIsLetGo => {
                // As a task that nobody cancels.
                let agent = self.agent.clone();
                let (answer, answered) = tokio::sync::oneshot::channel();
                let tasks = k8s_env::Tasks::new();
                tasks.spawn(async move {
                    let _nobody_waits = answer.send(agent.handle(request).await);
                });
                std::mem::forget(tasks);
                return answered.await.unwrap();
            }
            _ => {}
        }
        let mut answer = self.agent.handle(request).await;
        if self.defect == Defect::ErrorsAreSuccesses {
            *answer.status_mut() = http::StatusCode::OK;
        }
        let (head, body) = answer.into_parts();
        let body = match (self.defect, body) {
            (Defect::StreamsAreCollected, RawBody::Stream(parts)) => {
                let parts: Vec<_> = parts.collect().await;
                RawBody::Stream(Box::pin(futures_util::stream::iter(parts)))
            }
            (Defect::BreaksAreEnds, RawBody::Stream(parts)) => {
                RawBody::Stream(Box::pin(parts.take_while(|part| std::future::ready(part.is_ok()))))
            }
            (_, body) => body,
        };
        Response::from_parts(head, body)
    }
}

impl std::fmt::Debug for Detour {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Detour({:?})", self.defect)
    }
}

impl std::fmt::Debug for Agent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Agent({:?})", self.defect)
    }
}

type Check = Box<dyn Fn(Roads) -> Pin<Box<dyn Future<Output = ()>>>>;

fn caught_by(defect: Defect) -> Vec<&'static str> {
    let checks: Vec<(Case, Check)> = k8s_api_client_testkit::__node_cases! { __checks, (Check) };
    let fails = |(case, check): &(Case, Check)| {
        let open = || Roads::open(|agents| async move { (Detour { agents, defect }, ()) });
        catch_unwind(AssertUnwindSafe(|| run(Time::Simulated, *case, open, check))).is_err().then_some(case.name)
    };
    checks.iter().filter_map(fails).collect()
}

#[test]
fn every_defect_is_caught_by_its_case() {
    assert_eq!(caught_by(Defect::None), [""; 0]);
    for (defect, case) in [
        (Defect::NearNamesWillDo, "there_is_no_road_to_an_unknown_node"),
        (Defect::TheFirstAnswersForAll, "each_node_answers_for_itself"),
        (Defect::QueriesAreLost, "a_request_arrives_whole"),
        (Defect::HeadersAreLost, "a_request_arrives_whole"),
        (Defect::ErrorsAreSuccesses, "an_answer_comes_whole"),
        (Defect::StreamsAreCollected, "a_stream_comes_as_it_is_said"),
        (Defect::BreaksAreEnds, "a_stream_that_breaks_says_so"),
        (Defect::NothingIsLetGo, "what_is_dropped_ends"),
    ] {
        let caught = caught_by(defect);
        println!("{defect:?}: caught by {}", caught.join(", "));
        assert!(caught.contains(&case), "{defect:?} escapes {case}: {caught:?}");
    }
}
