use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{BufMut, Bytes, BytesMut};
use futures_core::Stream;

use super::Memory;
use crate::engine::encode;
use crate::{Error, Hash, KeyRange, KeyValue, Maintenance, Page, RangeOptions, Revision, Snapshot};

/// First in a snapshot: what it is, and the version of its form.
const MAGIC: &[u8] = b"k8s-store memory 1\n";

/// How many bytes of a snapshot are made at once, about.
const PIECE: usize = 1 << 20;

/// A snapshot is the line above, the revision, and each key in order: key, value, creation, modification, version and
/// lease. Numbers have eight bytes, the least significant first; keys and values have their length before them. The
/// copy shares its bytes with the store, so taking it costs one read of everything.
#[deny(clippy::missing_trait_methods)]
#[async_trait::async_trait]
impl Maintenance for Memory {
    async fn snapshot(&self) -> Result<Snapshot, Error> {
        let page = self.contents(RangeOptions::latest())?;
        let mut head = BytesMut::from(MAGIC);
        head.put_u64_le(page.revision.0);
        head.put_u64_le(page.count);
        Ok(Snapshot::new(page.revision, Pieces { head: Some(head), items: page.items.into_iter() }))
    }

    async fn defragment(&self) -> Result<(), Error> {
        // Nothing is free that is not the allocator's already.
        self.engine.status().map(drop)
    }

    async fn hash(&self, revision: Option<Revision>) -> Result<Hash, Error> {
        self.engine.hash(revision)
    }

    async fn close(&self) -> Result<(), Error> {
        self.engine.close();
        self.tasks.stop().await;
        Ok(())
    }
}

impl Memory {
    fn contents(&self, options: RangeOptions) -> Result<Page, Error> {
        self.engine.range(&KeyRange::all(), options)
    }
}

struct Pieces {
    head: Option<BytesMut>,
    items: std::vec::IntoIter<KeyValue>,
}

impl Stream for Pieces {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut piece = self.head.take().unwrap_or_default();
        while piece.len() < PIECE {
            let Some(kv) = self.items.next() else { break };
            encode(&kv, |part| piece.extend_from_slice(part));
        }
        Poll::Ready((!piece.is_empty()).then(|| Ok(piece.freeze())))
    }
}
