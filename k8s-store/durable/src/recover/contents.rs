use k8s_store::Error;
use k8s_store::engine::{Fill, Limits};

use super::ahead;
use crate::disk::{self, DiskFile};
use crate::failure::{corrupt, refused};
use crate::format::{BLOCK_HEADER, Block, BlockHeader, Damage, SNAPSHOT_HEADER, SnapshotHeader, block};

/// What `etcdctl snapshot save` adds to a snapshot ends with its length, at a multiple of this, and a SHA-256.
const SEALED: u64 = 512;
const LENGTH: u64 = 8;
const SHA256: usize = 32;

/// Reads a snapshot file into an engine; says how long the snapshot is, if something follows it that may.
pub(crate) fn read_snapshot(
    file: &dyn DiskFile,
    name: &str,
    limits: Limits,
) -> Result<(SnapshotHeader, Fill, u64), Error> {
    let mut blocks = Blocks::open(file, name)?;
    let header = blocks.header;
    let nonsense = |at| damaged(name, at, Damage::Nonsense);
    let Some((Block::Batch(batch), _)) = blocks.next().transpose()? else {
        return Err(nonsense(SNAPSHOT_HEADER as u64));
    };
    let mut fill = Fill::new(limits, header.revision, batch, (header.keys as usize).min(1 << 24));
    let mut keys = 0;
    let size = file.size().map_err(refused)?;
    let take_in = |(block, at)| take(&mut fill, &mut keys, block).ok_or_else(|| nonsense(at));
    ahead::of(size, || blocks.next(), take_in)?;
    Ok((header, fill, blocks.end()?))
}

/// Takes a block in, unless it makes no sense.
fn take(fill: &mut Fill, n: &mut u64, block: Block) -> Option<()> {
    match block {
        Block::Keys(keys) => {
            *n += keys.len() as u64;
            fill.keys(keys).ok()?;
        }
        Block::Leases(leases) => {
            for (id, ttl) in leases {
                fill.grant(id, ttl).ok()?;
            }
        }
        Block::End { keys } => return (keys == *n).then_some(()),
        Block::Batch(_) => return None,
    }
    Some(())
}

/// The blocks of a snapshot file.
struct Blocks<'a> {
    file: &'a dyn DiskFile,
    name: &'a str,
    header: SnapshotHeader,
    at: u64,
    index: u64,
    /// The last block was read, or none can be.
    ended: bool,
}

impl<'a> Blocks<'a> {
    fn open(file: &'a dyn DiskFile, name: &'a str) -> Result<Self, Error> {
        let header = disk::read(file, 0, SNAPSHOT_HEADER).map_err(refused)?;
        let header = SnapshotHeader::parse(&header).map_err(|damage| corrupt(format!("{name}: header {damage}")))?;
        let at = SNAPSHOT_HEADER as u64;
        Ok(Self { file, name, header, at, index: 0, ended: false })
    }

    /// The next block and where it begins; nothing after the last one, or after one that is damaged.
    fn next(&mut self) -> Option<Result<(Block, u64), Error>> {
        if self.ended {
            return None;
        }
        let at = self.at;
        let block = self.read();
        self.ended = !matches!(block, Ok(Block::Batch(_) | Block::Keys(_) | Block::Leases(_)));
        Some(block.map(|block| (block, at)))
    }

    fn read(&mut self) -> Result<Block, Error> {
        let header = disk::read(self.file, self.at, BLOCK_HEADER).map_err(refused)?;
        let header = BlockHeader::parse(&header).map_err(|damage| damaged(self.name, self.at, damage))?;
        let payload = disk::read(self.file, self.at + BLOCK_HEADER as u64, header.len).map_err(refused)?;
        let (store, revision) = (self.header.store, self.header.revision);
        let block = block(store, self.index, revision, header, &payload)
            .map_err(|damage| damaged(self.name, self.at, damage))?;
        self.at += (BLOCK_HEADER + header.len) as u64;
        self.index += 1;
        Ok(block)
    }

    /// How long the snapshot is. What may follow it is what `etcdctl snapshot save` adds: zeros, its length, and a
    /// SHA-256 of all of that, which tells nothing that the checksums of the blocks do not.
    fn end(&self) -> Result<u64, Error> {
        let rest = disk::read(self.file, self.at, 2 * SEALED as usize).map_err(refused)?;
        let padded = (self.at + LENGTH).next_multiple_of(SEALED) - LENGTH;
        let mut seal = vec![0; (padded - self.at) as usize];
        seal.extend_from_slice(&self.at.to_le_bytes());
        if rest.is_empty() || (rest.len() == seal.len() + SHA256 && rest.starts_with(&seal)) {
            return Ok(self.at);
        }
        Err(corrupt(format!("{}: what follows its end at byte {} is not part of it", self.name, self.at)))
    }
}

fn damaged(name: &str, at: u64, damage: Damage) -> Error {
    corrupt(format!("{name}: block at byte {at} {damage}"))
}
