use std::pin::Pin;

use futures_core::Stream;

/// Reads what a stream yields next.
pub(super) async fn next<T>(stream: &mut Pin<Box<dyn Stream<Item = T> + Send>>) -> Option<T> {
    std::future::poll_fn(|context| stream.as_mut().poll_next(context)).await
}
