//! The promises of connectors.

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::join_all;
use http::{Request, StatusCode};
use k8s_api_client::RawBody;

use super::support::{all, first};
use crate::{Roads, Talker};

fn get(path: &str) -> Request<Bytes> {
    Request::get(path).body(Bytes::new()).unwrap()
}

async fn answer(roads: &Roads, node: &str, request: Request<Bytes>) -> (StatusCode, String) {
    let agent = roads.connector.connect(node).expect("there is a road");
    let answer = agent.handle(request).await;
    let status = answer.status();
    (status, String::from_utf8(all(answer.into_body()).await.unwrap()).unwrap())
}

/// Not even to one whose name is nearly that of another.
pub async fn there_is_no_road_to_an_unknown_node(roads: Roads) {
    for _ in 0..3 {
        for unknown in ["", "node", "node-2", "node-1 ", "NODE-1", "node-1/", "node-1.", "../node-1", "*"] {
            assert!(roads.connector.connect(unknown).is_none(), "a road to {unknown:?}");
        }
        assert!(roads.connector.connect("node-1").is_some());
    }
}

/// Whoever is asked before, after and meanwhile.
pub async fn each_node_answers_for_itself(roads: Roads) {
    let asked = (0..60).map(|i| {
        let node = roads.talkers[i % roads.talkers.len()].name();
        let roads = &roads;
        async move { (node, answer(roads, node, get("/containerLogs/default/p/c")).await) }
    });
    for (node, (status, said)) in join_all(asked).await {
        assert_eq!((status, said), (StatusCode::OK, Talker::said(node)));
    }
}

/// Method, path, query, headers and body.
pub async fn a_request_arrives_whole(roads: Roads) {
    let path = "/status/200?tailLines=5&sinceTime=2026-01-01T00%3A00%3A00%2B01%3A00&x=";
    let body = Bytes::from_static("ä\0\n".as_bytes());
    let request = Request::post(path).header("x-kit", "kept").body(body).unwrap();
    let (_, repeated) = answer(&roads, "node-1", request).await;
    assert_eq!(repeated, format!("POST {path}\nkept\nä\0\n"));
}

/// An error is an answer like another.
pub async fn an_answer_comes_whole(roads: Roads) {
    for code in [200, 400, 404, 500, 503] {
        let agent = roads.connector.connect("node-10").unwrap();
        let answer = agent.handle(get(&format!("/status/{code}"))).await;
        assert_eq!(answer.status().as_u16(), code);
        assert_eq!(answer.headers()["content-type"], "application/x-kit");
        assert!(all(answer.into_body()).await.unwrap().starts_with(b"GET "));
    }
    let (status, text) = answer(&roads, "node-1", get("/nothing/of/the/kind")).await;
    assert_eq!((status.as_u16(), text.as_str()), (404, "404 page not found\n"));
}

/// Before it ends, which it may never do.
pub async fn a_stream_comes_as_it_is_said(roads: Roads) {
    let agent = roads.connector.connect("node-1").unwrap();
    let answer = agent.handle(get("/containerLogs/default/p/c?follow=true")).await;
    let said = Talker::said("node-1");
    let (read, rest) = first(answer.into_body(), said.len()).await;
    assert_eq!(String::from_utf8(read).unwrap(), said);
    assert!(rest.is_some(), "it is a stream");
}

/// Never as if that had been all.
pub async fn a_stream_that_breaks_says_so(roads: Roads) {
    let agent = roads.connector.connect("node-1").unwrap();
    let RawBody::Stream(mut stream) = agent.handle(get("/broken")).await.into_body() else { panic!("no stream") };
    let mut last = None;
    while let Some(part) = stream.next().await {
        last = Some(part);
    }
    assert!(matches!(last, Some(Err(_))), "the stream ends as if all had been said: {last:?}");
}

/// The agent hears of it, so that nothing is left open on either side.
pub async fn what_is_dropped_ends(roads: Roads) {
    let talker = &roads.talkers[0];
    let agent = roads.connector.connect(talker.name()).unwrap();
    let answer = agent.handle(get("/containerLogs/default/p/c?follow=true")).await;
    talker.serves(1).await;
    let (_, rest) = first(answer.into_body(), 1).await;
    drop(rest);
    talker.serves(0).await;
    let mut waiting = Box::pin(agent.handle(get("/never")));
    let served = talker.serves(1);
    tokio::select! {
        biased;
        _ = &mut waiting => panic!("what is never answered was answered"),
        () = served => {}
    }
    drop(waiting);
    talker.serves(0).await;
    assert_eq!(self::answer(&roads, talker.name(), get("/containerLogs/a/b/c")).await.1, Talker::said("node-1"));
}
