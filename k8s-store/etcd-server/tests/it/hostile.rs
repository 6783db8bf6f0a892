//! Input that no client of good will sends: the server stays, answers others, and keeps within its bounds.

mod frames;

use std::io::Write;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use k8s_store::Memory;
use k8s_store_etcd_proto::etcdserverpb::watch_request::RequestUnion;
use k8s_store_etcd_proto::etcdserverpb::{RangeRequest, WatchCreateRequest, WatchRequest};
use k8s_store_etcd_server::EtcdServer;
use prost::Message;
use tokio::io::AsyncWriteExt;
use tokio::time::{sleep, timeout};
use tonic::body::Body;
use tower::Service;

use crate::around::serve_memory;
use crate::peer::Running;
use crate::wire::client::Client;
use crate::wire::script::put;
use frames::{
    DATA, END_HEADERS, END_STREAM, HEADERS, PREFACE, SETTINGS, WINDOW_UPDATE, connect, frame, greeting, head, message,
    send_and_see_it_closed,
};

const RANGE: &str = "/etcdserverpb.KV/Range";
const PUT: &str = "/etcdserverpb.KV/Put";
const WATCH: &str = "/etcdserverpb.Watch/Watch";

/// Whether the server still serves, and still is the one that was started.
async fn still_serves(ours: &mut Running, client: &Client) {
    assert!(ours.0.try_wait().unwrap().is_none(), "the server is gone");
    let answer = async {
        client.kv().put(put("alive", "1")).await.unwrap();
        client.kv().range(RangeRequest { key: "alive".into(), ..RangeRequest::default() }).await.unwrap()
    };
    let answer = timeout(Duration::from_secs(30), answer).await.expect("others are answered");
    assert_eq!(answer.into_inner().kvs.len(), 1);
}

fn watch_all() -> Vec<u8> {
    let create = WatchCreateRequest { key: "\0".into(), range_end: "\0".into(), ..WatchCreateRequest::default() };
    message(&WatchRequest { request_union: Some(RequestUnion::CreateRequest(create)) }.encode_to_vec())
}

/// A number of bytes that look like nothing, the same in each run.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

#[tokio::test]
async fn bytes_that_are_not_http2_end_their_connection() {
    let (mut ours, url) = serve_memory();
    let client = Client::connect(&url).await;
    let after_greeting = |bytes: &[u8]| [&greeting()[..], bytes].concat();
    let call = |bytes: &[u8]| [&greeting()[..], &head(1, PUT), bytes].concat();
    for bytes in [
        Vec::new(),
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(),
        vec![0; 10_000],
        noise(100_000),
        PREFACE[..10].to_vec(),
        [PREFACE, &noise(10_000)].concat(),
        after_greeting(&noise(10_000)),
        // Cut short: the head of a frame, a frame of settings, the head of a call, a message, and before its prefix.
        after_greeting(&[0, 0]),
        after_greeting(&frame(SETTINGS, 0, 0, &[0; 60])[..20]),
        after_greeting(&head(1, PUT)[..30]),
        call(&frame(DATA, 0, 1, &message(&[10; 1000]))[..100]),
        call(&frame(DATA, 0, 1, &[0, 0])),
        // Larger than was allowed, of a stream that is not there, and compressed headers that are not.
        call(&frame(DATA, END_STREAM, 1, &vec![0; 17_000])),
        after_greeting(&frame(DATA, END_STREAM, 7, &[0; 10])),
        after_greeting(&frame(HEADERS, END_HEADERS, 1, &[0xff; 100])),
        after_greeting(&frame(WINDOW_UPDATE, 0, 0, &frames::WIDEST.to_be_bytes())),
    ] {
        let url = url.clone();
        tokio::task::spawn_blocking(move || send_and_see_it_closed(&url, &bytes)).await.unwrap();
        still_serves(&mut ours, &client).await;
    }
}

/// Sends `bytes` as the beginning of a body that never ends; says the code of the answer.
async fn code(mut client: Client, path: &str, bytes: Vec<u8>, ends: bool) -> String {
    let first = stream::iter([Ok::<_, std::convert::Infallible>(Frame::data(Bytes::from(bytes)))]);
    let rest = if ends { stream::empty().boxed() } else { stream::pending().boxed() };
    let body = Body::new(StreamBody::new(first.chain(rest)));
    let request = http::Request::post(path).header("content-type", "application/grpc").body(body).unwrap();
    let answer = timeout(Duration::from_secs(30), client.call(request)).await.expect("it is answered").unwrap();
    let code = match answer.headers().get("grpc-status") {
        Some(code) => code.clone(),
        // Of a stream, after its end.
        None => answer.into_body().collect().await.unwrap().trailers().unwrap()["grpc-status"].clone(),
    };
    code.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn messages_that_are_too_large_or_none_are_refused() {
    const INTERNAL: &str = "13";
    const RESOURCE_EXHAUSTED: &str = "8";
    let (mut ours, url) = serve_memory();
    let client = Client::connect(&url).await;
    for path in [RANGE, PUT, "/etcdserverpb.KV/Txn"] {
        // The length alone is enough to refuse it: nothing is waited for, and no room is made.
        for length in [u32::MAX, 1 << 30, 3 << 20] {
            let prefix = [&[0][..], &length.to_be_bytes()].concat();
            assert_eq!(code(client.clone(), path, prefix, false).await, RESOURCE_EXHAUSTED, "{path} {length}");
        }
        for wrong in [
            message(&[0xff; 10]),
            message(&noise(1000)),
            // A field whose length goes beyond the end, a group, and a number that has no end.
            message(&[0x0a, 0x7f, 1]),
            message(&[0x0b; 100]),
            message(&[0x80; 100]),
            // Not a message at all, a compression that nobody agreed on, and one that ends too early.
            Vec::new(),
            vec![1, 0, 0, 0, 0],
            vec![7, 0, 0, 0, 0],
            message(&[0; 10])[..12].to_vec(),
        ] {
            let what = format!("{path} {:?}", &wrong[..wrong.len().min(20)]);
            assert_eq!(code(client.clone(), path, wrong, true).await, INTERNAL, "{what}");
        }
    }
    assert_eq!(code(client.clone(), WATCH, message(&[0x0a, 0x7f, 1]), false).await, INTERNAL);
    still_serves(&mut ours, &client).await;
}

/// The server's resident memory, in bytes.
fn memory(ours: &Running) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", ours.0.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() << 10
}

/// A client that allows the server all there is, and then takes nothing in: each watch costs its buffers, which are
/// full long before all that happens would have been sent.
#[tokio::test]
async fn thousands_of_watches_that_nobody_reads_are_bounded() {
    const WATCHES: u32 = 3000;
    const WRITES: usize = 500;
    const VALUE: usize = 16 << 10;
    let (mut ours, url) = serve_memory();
    let client = Client::connect(&url).await;
    let before = sockets(&ours);
    let mut silent = connect(&url);
    let opened = tokio::task::spawn_blocking(move || {
        silent.write_all(&greeting()).unwrap();
        for n in 0..WATCHES {
            let stream = 2 * n + 1;
            silent.write_all(&[head(stream, WATCH), frame(DATA, 0, stream, &watch_all())].concat()).unwrap();
        }
        silent
    });
    let silent = opened.await.unwrap();
    let value = "x".repeat(VALUE);
    for _ in 0..WRITES {
        client.kv().put(put("a", &value)).await.unwrap();
    }
    still_serves(&mut ours, &client).await;
    let (memory, all) = (memory(&ours), WATCHES as usize * WRITES * VALUE);
    assert!(memory < WATCHES as usize * (256 << 10), "{memory} bytes, of {all} that might have been sent");
    drop(silent);
    until(|| sockets(&ours) == before).await;
    still_serves(&mut ours, &client).await;
}

/// Whoever connects takes a place, which is given to others if nothing comes of it.
#[tokio::test(start_paused = true)]
async fn who_says_nothing_is_let_go() {
    let server = EtcdServer::new(Memory::new());
    for beginning in [&b""[..], &PREFACE[..PREFACE.len() - 1]] {
        let (mut client, io) = tokio::io::duplex(1 << 10);
        client.write_all(beginning).await.unwrap();
        timeout(Duration::from_secs(11), server.serve_connection(io)).await.expect("it is let go");
    }
    let (mut client, io) = tokio::io::duplex(1 << 10);
    client.write_all(&greeting()).await.unwrap();
    let serving = timeout(Duration::from_secs(3600), server.serve_connection(io)).await;
    assert!(serving.is_err(), "who has spoken may be silent");
}

/// How many sockets the server has.
fn sockets(ours: &Running) -> usize {
    let files = std::fs::read_dir(format!("/proc/{}/fd", ours.0.id())).unwrap();
    let links = files.filter_map(|file| std::fs::read_link(file.ok()?.path()).ok());
    links.filter(|link| link.to_string_lossy().starts_with("socket:")).count()
}

async fn until(mut is_so: impl FnMut() -> bool) {
    let wait = async {
        while !is_so() {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(30), wait).await.expect("it comes to be so");
}

/// In the middle of a message, of a watch and of an answer, with a farewell and without.
#[tokio::test]
async fn clients_that_disappear_leave_nothing() {
    let (mut ours, url) = serve_memory();
    let client = Client::connect(&url).await;
    client.kv().put(put("large", &"x".repeat(1 << 20))).await.unwrap();
    let before = sockets(&ours);
    let all = RangeRequest { key: "\0".into(), range_end: "\0".into(), ..RangeRequest::default() };
    let calls = [
        [head(1, PUT), frame(DATA, 0, 1, &message(&[10; 1000])[..500])].concat(),
        [head(1, WATCH), frame(DATA, 0, 1, &watch_all()), frame(DATA, 0, 1, &watch_all()[..3])].concat(),
        [head(1, RANGE), frame(DATA, END_STREAM, 1, &message(&all.encode_to_vec()))].concat(),
    ];
    for n in 0..300 {
        let mut stream = connect(&url);
        stream.write_all(&[greeting(), calls[n % calls.len()].clone()].concat()).unwrap();
        if n % 2 == 0 {
            // What the server sent and nobody read makes this a reset.
            client.kv().put(put("n", &n.to_string())).await.unwrap();
        }
    }
    until(|| sockets(&ours) == before).await;
    still_serves(&mut ours, &client).await;
}
