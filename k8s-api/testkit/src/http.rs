//! The server behind HTTP and its faults.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Method, Request, Response, Uri};
use http_body::{Body, Frame, SizeHint};
use k8s_api::{GroupVersionResource, Status};
use k8s_api_server::http::{HttpService, ResponseBody};
use tower::Service;

use crate::fault::{Fault, Scissors};

/// A [`TestServer`](crate::TestServer) behind HTTP, in process: a `tower::Service`. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Http {
    service: HttpService,
    fault: Fault,
}

impl Http {
    pub(crate) fn new(service: HttpService, fault: Fault) -> Self {
        Self { service, fault }
    }
}

impl<B> Service<Request<B>> for Http
where
    HttpService: Service<
            Request<B>,
            Response = Response<ResponseBody>,
            Error = Infallible,
            Future = Pin<Box<dyn Future<Output = Result<Response<ResponseBody>, Infallible>> + Send>>,
        >,
{
    type Response = Response<HttpBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let written = written(request.method(), request.uri().path());
        let struck = self.fault.strike(written.as_ref().map(|(resource, name)| (resource, name.as_str())));
        if let Some(status) = struck {
            return Box::pin(async move { Ok(refusal(&status)) });
        }
        let scissors = is_watch(request.uri()).then(|| self.fault.scissors());
        let answer = self.service.call(request);
        Box::pin(async move {
            let answer = answer.await?;
            Ok(answer.map(|body| HttpBody(Some(Inner::Served { body, scissors }))))
        })
    }
}

fn refusal(status: &Status) -> Response<HttpBody> {
    let mut response = Response::new(HttpBody(Some(Inner::Said(json(status)))));
    *response.status_mut() = http::StatusCode::from_u16(status.code).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert("content-type", http::HeaderValue::from_static("application/json"));
    response
}

fn json(object: &impl serde::Serialize) -> Bytes {
    // A status is plain data, which always has a JSON form.
    serde_json::to_vec(object).unwrap_or_default().into()
}

/// The object that a request changes or deletes, by its path.
fn written(method: &Method, path: &str) -> Option<(GroupVersionResource, String)> {
    if ![Method::PUT, Method::PATCH, Method::DELETE].contains(method) {
        return None;
    }
    let parts: Vec<_> = path.trim_matches('/').split('/').collect();
    let (group, version, rest) = match parts.as_slice() {
        ["api", version, rest @ ..] => ("", version, rest),
        ["apis", group, version, rest @ ..] => (*group, version, rest),
        _ => return None,
    };
    let (resource, name) = match rest {
        ["namespaces", name] | ["namespaces", name, "status" | "finalize"] => ("namespaces", name),
        ["namespaces", _, resource, name, ..] | [resource, name, ..] => (*resource, name),
        _ => return None,
    };
    let resource = GroupVersionResource::new(group.to_owned(), (*version).to_owned(), resource.to_owned());
    Some((resource, (*name).to_owned()))
}

fn is_watch(uri: &Uri) -> bool {
    let flags = uri.query().unwrap_or_default().split('&');
    flags.into_iter().any(|flag| matches!(flag, "watch=true" | "watch=1" | "watch"))
}

/// The body of an answer; that of a watch can be cut.
#[derive(Debug)]
pub struct HttpBody(Option<Inner>);

#[derive(Debug)]
enum Inner {
    Served { body: ResponseBody, scissors: Option<Scissors> },
    Said(Bytes),
}

impl Body for HttpBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let this = self.get_mut();
        let cut = match &mut this.0 {
            None => return Poll::Ready(None),
            Some(Inner::Said(bytes)) => {
                let bytes = std::mem::take(bytes);
                this.0 = None;
                return Poll::Ready(Some(Ok(Frame::data(bytes))));
            }
            Some(Inner::Served { body, scissors }) => match scissors.as_ref().and_then(|scissors| scissors.poll(cx)) {
                None => return Pin::new(body).poll_frame(cx),
                Some(cut) => cut,
            },
        };
        this.0 = None;
        let event = |status| [br#"{"type":"ERROR","object":"#, &*json(&status), b"}\n"].concat();
        Poll::Ready(cut.map(|status| Ok(Frame::data(event(status).into()))))
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            None => true,
            Some(Inner::Served { body, .. }) => body.is_end_stream(),
            Some(Inner::Said(_)) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            None => SizeHint::with_exact(0),
            Some(Inner::Said(bytes)) => SizeHint::with_exact(bytes.len() as u64),
            Some(Inner::Served { scissors: Some(_), .. }) => SizeHint::default(),
            Some(Inner::Served { body, scissors: None }) => body.size_hint(),
        }
    }
}
