//! What `etcdctl snapshot save` writes to a file, and how to have the store's own snapshot back from it.
//!
//! The file is the snapshot in the store's format; zeros up to 8 bytes before the next multiple of 512; the length of
//! the snapshot in these 8 bytes, the least significant first; and the SHA-256 of all before it. So etcd's tools find
//! the checksum where they look for it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{BufMut, Bytes, BytesMut};
use futures_core::Stream;
use k8s_store::{Error, Snapshot};
use ring::digest::{self, SHA256, SHA256_OUTPUT_LEN};

/// etcd's tools want a checksum after a multiple of this.
const PAGE: usize = 512;
/// The length of the snapshot, written at the end of the padding.
const LENGTH: usize = size_of::<u64>();

/// The snapshot inside of `file`, as `etcdctl snapshot save` wrote it from this server; none if the file is damaged,
/// cut short, or not one.
pub fn unseal(file: &Bytes) -> Option<Bytes> {
    let sealed = file.len().checked_sub(SHA256_OUTPUT_LEN)?;
    let (content, checksum) = file.split_at(sealed);
    if digest::digest(&SHA256, content).as_ref() != checksum {
        return None;
    }
    let (_, length) = content.split_last_chunk::<LENGTH>()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let padded = (length + LENGTH).next_multiple_of(PAGE);
    (content.len() == padded).then(|| file.slice(..length))
}

/// A piece of the file.
pub(crate) struct Piece {
    pub(crate) blob: Bytes,
    /// Zero with the last piece. Before it nobody knows, and this is a part of what is left.
    pub(crate) remaining: u64,
}

/// The pieces of the file.
pub(crate) fn sealed(snapshot: Snapshot) -> impl Stream<Item = Result<Piece, Error>> + Send + 'static {
    Sealed { snapshot: Some(snapshot), digest: digest::Context::new(&SHA256), length: 0 }
}

struct Sealed {
    /// None after its end.
    snapshot: Option<Snapshot>,
    digest: digest::Context,
    length: usize,
}

impl Stream for Sealed {
    type Item = Result<Piece, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let Some(snapshot) = &mut this.snapshot else { return Poll::Ready(None) };
        match ready!(Pin::new(snapshot).poll_next(cx)) {
            Some(Ok(blob)) => {
                this.digest.update(&blob);
                this.length += blob.len();
                let remaining = (this.seal_len() + SHA256_OUTPUT_LEN) as u64;
                Poll::Ready(Some(Ok(Piece { blob, remaining })))
            }
            Some(Err(error)) => {
                this.snapshot = None;
                Poll::Ready(Some(Err(error)))
            }
            None => {
                this.snapshot = None;
                Poll::Ready(Some(Ok(this.seal())))
            }
        }
    }
}

impl Sealed {
    fn seal_len(&self) -> usize {
        (self.length + LENGTH).next_multiple_of(PAGE) - self.length
    }

    fn seal(&self) -> Piece {
        let mut blob = BytesMut::zeroed(self.seal_len() - LENGTH);
        blob.put_u64_le(self.length as u64);
        let mut digest = self.digest.clone();
        digest.update(&blob);
        blob.extend_from_slice(digest.finish().as_ref());
        Piece { blob: blob.freeze(), remaining: 0 }
    }
}
