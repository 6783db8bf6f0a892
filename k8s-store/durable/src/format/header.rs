use k8s_store::Revision;

use super::Damage;
use super::codec::{Reader, checksum};

/// The version that this release writes.
pub const VERSION: u32 = 2;

/// The oldest version that this release opens.
const OLDEST: u32 = 1;

/// Bytes of the header of a part of the log.
pub const LOG_HEADER: usize = 64;

/// Bytes of the header of a snapshot.
pub const SNAPSHOT_HEADER: usize = 64;

const LOG_MAGIC: [u8; 8] = *b"k8s.log\n";
const SNAPSHOT_MAGIC: [u8; 8] = *b"k8s.snp\n";

/// How a part of the log begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogHeader {
    /// The store that it is of.
    pub store: u64,
    /// Its number, one more than that of the part before.
    pub number: u64,
    /// The number of its first frame.
    pub first_frame: u64,
}

/// How a snapshot begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotHeader {
    /// The store that it is of.
    pub store: u64,
    /// The revision whose contents these are.
    pub revision: Revision,
    /// The first part of the log that goes on from it.
    pub first_log: u64,
    /// About how many keys follow.
    pub keys: u64,
}

impl LogHeader {
    /// The header as bytes.
    pub fn to_bytes(self) -> [u8; LOG_HEADER] {
        encode(LOG_MAGIC, [self.store, self.number, self.first_frame, 0])
    }

    /// The header that `bytes` begin with.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn parse(bytes: &[u8]) -> Result<Self, Damage> {
        let [store, number, first_frame, _] = decode(LOG_MAGIC, bytes)?;
        Ok(Self { store, number, first_frame })
    }
}

impl SnapshotHeader {
    /// The header as bytes.
    pub fn to_bytes(self) -> [u8; SNAPSHOT_HEADER] {
        encode(SNAPSHOT_MAGIC, [self.store, self.revision.0, self.first_log, self.keys])
    }

    /// The header that `bytes` begin with.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn parse(bytes: &[u8]) -> Result<Self, Damage> {
        let [store, revision, first_log, keys] = decode(SNAPSHOT_MAGIC, bytes)?;
        Ok(Self { store, revision: Revision(revision), first_log, keys })
    }
}

/// Both headers have one shape: magic, version, zero, four numbers, zeros, and the checksum of all before it.
fn encode(magic: [u8; 8], numbers: [u64; 4]) -> [u8; 64] {
    let mut bytes = [0; 64];
    bytes[..8].copy_from_slice(&magic);
    bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
    for (at, number) in (16..48).step_by(8).zip(numbers) {
        bytes[at..at + 8].copy_from_slice(&number.to_le_bytes());
    }
    let sum = checksum([&bytes[..60]]);
    bytes[60..].copy_from_slice(&sum.to_le_bytes());
    bytes
}

fn decode(magic: [u8; 8], bytes: &[u8]) -> Result<[u64; 4], Damage> {
    let bytes: &[u8; 64] = bytes.first_chunk().ok_or(Damage::Short)?;
    if bytes[..8] != magic {
        return Err(Damage::Magic);
    }
    version(bytes)?;
    let mut reader = Reader { rest: &bytes[16..] };
    Ok([reader.u64()?, reader.u64()?, reader.u64()?, reader.u64()?])
}

/// The version of the file that begins with the header `bytes`.
///
/// # Errors
/// What is wrong with the header. A version that this release does not know is.
pub fn version(bytes: &[u8]) -> Result<u32, Damage> {
    let bytes: &[u8; 64] = bytes.first_chunk().ok_or(Damage::Short)?;
    let version = Reader { rest: &bytes[8..] }.u32()?;
    let sum = u32::from_le_bytes([bytes[60], bytes[61], bytes[62], bytes[63]]);
    if sum != checksum([&bytes[..60]]) {
        return Err(Damage::Checksum);
    }
    if (OLDEST..=VERSION).contains(&version) { Ok(version) } else { Err(Damage::Version(version)) }
}
