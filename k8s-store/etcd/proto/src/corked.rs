use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// So much is held back at most: many frames, and what the system takes at once.
const ROOM: usize = 128 << 10;
/// A buffer of up to this size is kept for the next round. What a connection that does nothing costs.
const KEPT: usize = 4 << 10;

/// A connection's bytes, whose writes are held back until they are many or a [round](crate::Rounds) is over.
///
/// HTTP/2 writes and flushes frame by frame, and a system call for each costs more than the frame. So flushing does
/// nothing here. Cloning shares the connection.
#[derive(Debug)]
pub struct Corked<T>(Arc<Mutex<Held<T>>>);

#[derive(Debug)]
struct Held<T> {
    io: T,
    buffer: Vec<u8>,
    /// So much of the buffer is written already.
    written: usize,
    /// So many bytes were read.
    heard: u64,
}

impl<T: AsyncWrite + Unpin> Corked<T> {
    /// Holds back the writes to `io`.
    pub fn new(io: T) -> Self {
        Self(Arc::new(Mutex::new(Held { io, buffer: Vec::new(), written: 0, heard: 0 })))
    }

    /// How many bytes the other end has sent.
    pub fn heard(&self) -> u64 {
        self.0.lock().heard
    }

    /// Writes what was held back.
    pub(crate) fn poll_uncork(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut held = self.0.lock();
        if held.buffer.is_empty() {
            return Poll::Ready(Ok(()));
        }
        ready!(held.poll_drain(cx))?;
        if held.buffer.capacity() > KEPT {
            held.buffer = Vec::new();
        }
        Pin::new(&mut held.io).poll_flush(cx)
    }
}

impl<T: AsyncWrite + Unpin> Held<T> {
    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(rest) = self.buffer.get(self.written..).filter(|rest| !rest.is_empty()) {
            match ready!(Pin::new(&mut self.io).poll_write(cx, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                n => self.written += n,
            }
        }
        self.buffer.clear();
        self.written = 0;
        Poll::Ready(Ok(()))
    }
}

impl<T> Clone for Corked<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Corked<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let held = &mut *self.0.lock();
        let before = into.filled().len();
        ready!(Pin::new(&mut held.io).poll_read(cx, into))?;
        held.heard += (into.filled().len() - before) as u64;
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Corked<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let held = &mut *self.0.lock();
        let size: usize = slices.iter().map(|slice| slice.len()).sum();
        if held.buffer.len() + size > ROOM {
            ready!(held.poll_drain(cx))?;
        }
        if size > ROOM {
            return Pin::new(&mut held.io).poll_write_vectored(cx, slices);
        }
        if held.buffer.len() + size > held.buffer.capacity() && held.buffer.capacity() >= KEPT {
            held.buffer.reserve_exact(ROOM - held.buffer.len());
        }
        for slice in slices {
            held.buffer.extend_from_slice(slice);
        }
        Poll::Ready(Ok(size))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// Does nothing: see the type.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let held = &mut *self.0.lock();
        ready!(held.poll_drain(cx))?;
        Pin::new(&mut held.io).poll_shutdown(cx)
    }
}
