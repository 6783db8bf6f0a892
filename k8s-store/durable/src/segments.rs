use std::collections::VecDeque;

use k8s_store::Revision;

/// Which files the store has, for all who make and remove them.
#[derive(Debug, Default)]
pub(crate) struct Segments {
    /// Parts of the log that are complete, the oldest first.
    pub(crate) sealed: VecDeque<Sealed>,
    /// The number and the size of the part that is written to.
    pub(crate) active: u64,
    pub(crate) active_size: u64,
    /// Parts that can be written over, and their sizes.
    pub(crate) spares: Vec<(u64, u64)>,
    pub(crate) base: Revision,
    pub(crate) base_size: u64,
}

/// A complete part of the log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sealed {
    pub(crate) number: u64,
    /// No transaction in it has a later revision.
    pub(crate) last: Revision,
    pub(crate) size: u64,
}

impl Segments {
    /// All bytes on the disk.
    pub(crate) fn size(&self) -> u64 {
        let sealed: u64 = self.sealed.iter().map(|sealed| sealed.size).sum();
        self.base_size + sealed + self.active_size + self.spare_size()
    }

    /// The bytes of the parts that can be written over.
    pub(crate) fn spare_size(&self) -> u64 {
        self.spares.iter().map(|(_, size)| size).sum()
    }

    /// The bytes of log that a checkpoint at `revision` would make unnecessary.
    pub(crate) fn before(&self, revision: Revision) -> u64 {
        self.sealed.iter().take_while(|sealed| sealed.last <= revision).map(|sealed| sealed.size).sum()
    }

    /// The first part of the log that is needed to go on from `revision`.
    pub(crate) fn first_after(&self, revision: Revision) -> u64 {
        self.sealed.iter().find(|sealed| sealed.last > revision).map_or(self.active, |sealed| sealed.number)
    }

    /// Takes out the parts before `first`.
    pub(crate) fn take_before(&mut self, first: u64) -> Vec<Sealed> {
        let n = self.sealed.iter().take_while(|sealed| sealed.number < first).count();
        self.sealed.drain(..n).collect()
    }
}
