use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

/// Serves connections to a port inside a sandbox.
#[derive(Clone)]
pub struct Handler(Arc<dyn Fn(DuplexStream) -> Served + Send + Sync>);

/// A connection being served.
type Served = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Handler {
    /// A handler that runs `serve` for each connection; the connection ends with it.
    pub fn new<F, S>(serve: S) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
        S: Fn(DuplexStream) -> F + Send + Sync + 'static,
    {
        Self(Arc::new(move |stream| Box::pin(serve(stream))))
    }

    pub(super) fn serve(&self, stream: DuplexStream) -> Served {
        (self.0)(stream)
    }
}

impl fmt::Debug for Handler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handler")
    }
}

pub(super) fn echo() -> Handler {
    Handler::new(|stream| async move {
        let (mut read, mut write) = tokio::io::split(stream);
        // A client that hangs up is no news to an echo.
        let _ = tokio::io::copy(&mut read, &mut write).await;
    })
}

pub(super) fn http(body: String) -> Handler {
    let response: Arc<str> = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .into();
    Handler::new(move |mut stream| {
        let response = response.clone();
        async move {
            if read_head(&mut stream).await {
                let _ = stream.write_all(response.as_bytes()).await;
            }
        }
    })
}

/// Reads up to the empty line after a request's headers; `false` when there is none within 64 KiB.
async fn read_head(stream: &mut DuplexStream) -> bool {
    let mut head = Vec::new();
    while head.len() < 64 << 10 {
        match stream.read_buf(&mut head).await {
            Ok(n) if n > 0 => {}
            _ => return false,
        }
        if head.windows(4).any(|end| end == b"\r\n\r\n") {
            return true;
        }
    }
    false
}
