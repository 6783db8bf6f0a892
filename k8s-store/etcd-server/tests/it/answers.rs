//! How answers leave: what they cost in memory and in writes, with the bytes that anybody would send.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::future::join_all;
use http_body_util::{BodyExt, Full};
use k8s_env::Tasks;
use k8s_store::{KeyRange, Memory, RangeOptions, Store, StoreExt};
use k8s_store_etcd_proto::etcdserverpb::{RangeRequest, RangeResponse};
use k8s_store_etcd_server::EtcdServer;
use prost::Message;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf, duplex};
use tower::Service;

use crate::wire::client::Client;
use crate::wire::script::put;

/// The largest piece of an answer that holds more than one item.
const PIECE: usize = 64 << 10;

/// The frames of the answer to `request`, all of them data but the last.
async fn frames(server: &EtcdServer, request: RangeRequest) -> (Vec<Bytes>, http::HeaderMap) {
    let message = request.encode_to_vec();
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    let body = Full::new(Bytes::from([&[0], &length[..], &message].concat()));
    let request = http::Request::post("http://localhost/etcdserverpb.KV/Range").body(body).unwrap();
    let mut body = server.service().call(request).await.unwrap().into_body();
    let mut data = Vec::new();
    loop {
        let frame = body.frame().await.unwrap().unwrap();
        match frame.into_data() {
            Ok(piece) => data.push(piece),
            Err(frame) => return (data, frame.into_trailers().unwrap()),
        }
    }
}

/// Of any size, and of many sizes, the pieces are together the one message that prost makes of it.
#[tokio::test]
async fn a_range_in_pieces_is_one_message() {
    let store = Arc::new(Memory::new());
    let server = EtcdServer::new(Arc::clone(&store));
    let sizes = [0, 1, 127, 128, 300, 16_383, 16_384, PIECE - 100, PIECE, 3 * PIECE];
    for n in 0..400_usize {
        let value = vec![n as u8; if n < 300 { n } else { sizes[n % sizes.len()] }];
        store.put(format!("key/{:0width$}", n, width = 1 + n % 200).into(), value.into()).await.unwrap();
    }
    for limit in [0, 1, 2, 3, 50, 299, 399, 400, 401] {
        for (count_only, keys_only) in [(false, false), (false, true), (true, false)] {
            let request = RangeRequest {
                key: "key/".into(),
                range_end: "key0".into(),
                limit,
                count_only,
                keys_only,
                ..RangeRequest::default()
            };
            let (pieces, trailers) = frames(&server, request).await;
            assert_eq!(trailers["grpc-status"], "0");
            let whole = pieces.concat();
            let (prefix, message) = whole.split_at(5);
            assert_eq!(prefix, [&[0], &u32::try_from(message.len()).unwrap().to_be_bytes()[..]].concat());
            let answer = RangeResponse::decode(message).unwrap();
            assert_eq!(answer.encode_to_vec(), message, "limit {limit}");
            let mut options = RangeOptions::latest().limit(limit as usize);
            (options.count_only, options.keys_only) = (count_only, keys_only);
            let page = store.range(KeyRange::prefix("key/"), options).await.unwrap();
            assert_eq!((answer.more, answer.count), (page.more, 400));
            let told = answer.kvs.iter().map(|kv| (&kv.key, &kv.value));
            assert!(told.eq(page.items.iter().map(|kv| (&kv.key, &kv.value))), "limit {limit}");
            let largest = answer.kvs.iter().map(|kv| kv.encoded_len() + 10).max().unwrap_or(0);
            assert!(pieces.iter().all(|piece| piece.len() <= PIECE.max(largest) + 100), "limit {limit}");
        }
    }
}

/// A connection that counts how often it is written to.
struct Counting<T> {
    io: T,
    writes: Arc<AtomicUsize>,
}

impl<T: AsyncRead + Unpin> AsyncRead for Counting<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, into)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Counting<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.writes.fetch_add(1, Ordering::Relaxed);
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.writes.fetch_add(1, Ordering::Relaxed);
        Pin::new(&mut self.io).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

/// Calls that come together are answered together: a system call for each frame costs more than the frame.
#[tokio::test]
async fn answers_of_one_round_leave_in_few_writes() {
    const CALLS: usize = 200;
    let (server, writes, tasks) = (EtcdServer::new(Memory::new()), Arc::new(AtomicUsize::new(0)), Tasks::new());
    let (here, there) = duplex(1 << 20);
    let there = Counting { io: there, writes: Arc::clone(&writes) };
    tasks.spawn(async move { server.serve_connection(there).await });
    let client = Client::over(here, "http://localhost").await;
    let before = writes.load(Ordering::Relaxed);
    let value = "x".repeat(1000);
    let calls = (0..CALLS).map(|n| {
        let (client, request) = (client.clone(), put(&n.to_string(), &value));
        async move { client.kv().put(request).await.unwrap() }
    });
    assert_eq!(join_all(calls).await.len(), CALLS);
    let writes = writes.load(Ordering::Relaxed) - before;
    assert!(writes < CALLS / 4, "{writes} writes for {CALLS} answers");
}
