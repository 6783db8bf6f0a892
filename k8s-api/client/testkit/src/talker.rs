use std::pin::Pin;
use std::task::{Context, Poll};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::Stream;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Request, Response, StatusCode};
use k8s_api::Status;
use k8s_api_client::{NodeApi, RawBody};
use tokio::sync::watch;

/// The agent of a node that exists for the cases alone: whatever container it is asked for has said the same two lines,
/// and everything else that it is asked it repeats.
///
/// - `/containerLogs/NAMESPACE/POD/CONTAINER` answers with [`Talker::said`]; with `follow=true` as a stream, line by
///   line, that does not end.
/// - `/broken` answers with a stream that breaks after a line.
/// - `/never` does not answer.
/// - `/status/CODE` answers with that code, `application/x-kit` and the request's line, its header `x-kit` and its body.
#[derive(Debug)]
pub struct Talker {
    name: String,
    open: watch::Sender<usize>,
}

impl Talker {
    /// The agent of the node `name`.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), open: watch::Sender::new(0) }
    }

    /// The node's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What its containers have said.
    pub fn said(node: &str) -> String {
        Self::lines(node).concat()
    }

    /// Waits until so many of its answers are being waited for or read.
    pub(crate) async fn serves(&self, n: usize) {
        self.open.subscribe().wait_for(|open| *open == n).await.unwrap();
    }

    fn lines(node: &str) -> [String; 2] {
        ["one", "two"].map(|word| format!("{node} says {word}\n"))
    }

    fn enter(&self) -> Entered {
        self.open.send_modify(|open| *open += 1);
        Entered(self.open.clone())
    }

    fn stream(&self, end: Option<Status>) -> RawBody {
        let said = Self::lines(&self.name).into_iter().map(|line| Ok(Bytes::from(line)));
        let left: Vec<_> = match &end {
            Some(status) => said.take(1).chain([Err(status.clone())]).collect(),
            None => said.collect(),
        };
        RawBody::Stream(Box::pin(Saying { left: left.into_iter(), ends: end.is_some(), _entered: self.enter() }))
    }

    fn repeat(request: &Request<Bytes>) -> Bytes {
        let header = request.headers().get("x-kit").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let mut text = format!("{} {}\n{header}\n", request.method(), request.uri()).into_bytes();
        text.extend_from_slice(request.body());
        text.into()
    }
}

#[async_trait]
impl NodeApi for Talker {
    async fn handle(&self, request: Request<Bytes>) -> Response<RawBody> {
        let path: Vec<&str> = request.uri().path().trim_start_matches('/').split('/').collect();
        let follows = request.uri().query().is_some_and(|query| query.split('&').any(|pair| pair == "follow=true"));
        let (code, body) = match path.as_slice() {
            ["containerLogs", _, _, _] if follows => (StatusCode::OK, self.stream(None)),
            ["containerLogs", _, _, _] => (StatusCode::OK, RawBody::Full(Self::said(&self.name).into())),
            ["broken"] => (StatusCode::OK, self.stream(Some(Status::unavailable("the node broke")))),
            ["never"] => {
                let _entered = self.enter();
                std::future::pending().await
            }
            ["status", code] => {
                let code = code.parse().unwrap_or(StatusCode::BAD_REQUEST);
                (code, RawBody::Full(Self::repeat(&request)))
            }
            _ => (StatusCode::NOT_FOUND, RawBody::Full(Bytes::from_static(b"404 page not found\n"))),
        };
        let mut response = Response::new(body);
        *response.status_mut() = code;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/x-kit"));
        response
    }
}

/// An answer that somebody waits for or reads.
struct Entered(watch::Sender<usize>);

impl Drop for Entered {
    fn drop(&mut self) {
        self.0.send_modify(|open| *open -= 1);
    }
}

/// What is said now, and silence.
struct Saying {
    left: std::vec::IntoIter<Result<Bytes, Status>>,
    ends: bool,
    _entered: Entered,
}

impl Stream for Saying {
    type Item = Result<Bytes, Status>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match self.left.next() {
            Some(said) => Poll::Ready(Some(said)),
            None if self.ends => Poll::Ready(None),
            None => Poll::Pending,
        }
    }
}
