use super::Engine;
use crate::{Error, Hash, KeyRange, KeyValue, LeaseId, RangeOptions, Revision};

impl Engine {
    /// A hash over all keys and versions: equal for equal contents, whatever the store.
    ///
    /// # Errors
    /// Those of [`Maintenance::hash`](crate::Maintenance::hash).
    pub fn hash(&self, revision: Option<Revision>) -> Result<Hash, Error> {
        let page = self.range(&KeyRange::all(), RangeOptions { revision, ..RangeOptions::latest() })?;
        let revision = revision.filter(|revision| !revision.is_zero()).unwrap_or(page.revision);
        let mut hash = Fnv::default();
        page.items.iter().for_each(|kv| encode(kv, |part| hash.add(part)));
        Ok(Hash { revision, oldest: self.status()?.oldest, hash: hash.fold() })
    }
}

/// A version as bytes: key and value with their lengths before them, then creation, modification, version and lease,
/// all numbers in eight bytes, the least significant first.
pub(crate) fn encode(kv: &KeyValue, mut write: impl FnMut(&[u8])) {
    for bytes in [&kv.key, &kv.value] {
        write(&(bytes.len() as u64).to_le_bytes());
        write(bytes);
    }
    for number in [kv.create_revision.0, kv.mod_revision.0, kv.version] {
        write(&number.to_le_bytes());
    }
    write(&kv.lease.map_or(0, LeaseId::get).to_le_bytes());
}

/// FNV-1a, which is the same everywhere and needs no table.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn fold(&self) -> u32 {
        (self.0 ^ (self.0 >> 32)) as u32
    }
}
