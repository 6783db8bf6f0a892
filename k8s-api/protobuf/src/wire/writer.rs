use bytes::Bytes;

use super::BYTES;

/// Writes a message from its end to its beginning, as upstream does: so that the length that stands before a value is
/// known when it is its turn, and nothing is measured first or moved later.
#[derive(Debug)]
pub(crate) struct Writer {
    /// What has been written is at its end.
    buffer: Vec<u8>,
    start: usize,
}

impl Writer {
    /// Starts with room for so many bytes.
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self { buffer: vec![0; capacity], start: capacity }
    }

    /// How many bytes have been written.
    pub(crate) fn len(&self) -> usize {
        self.buffer.len() - self.start
    }

    pub(crate) fn put(&mut self, bytes: &[u8]) {
        self.room(bytes.len());
        let end = self.start;
        self.start -= bytes.len();
        self.buffer[self.start..end].copy_from_slice(bytes);
    }

    pub(crate) fn varint(&mut self, mut value: u64) {
        let mut encoded = [0; 10];
        let mut length = 0;
        while value >= 0x80 {
            encoded[length] = value as u8 | 0x80;
            value >>= 7;
            length += 1;
        }
        encoded[length] = value as u8;
        self.put(&encoded[..=length]);
    }

    pub(crate) fn tag(&mut self, number: u32, wire_type: u8) {
        self.varint(u64::from(number) << 3 | u64::from(wire_type));
    }

    /// Length and tag of a value that was begun when [`len`](Self::len) was `before`.
    pub(crate) fn close(&mut self, number: u32, before: usize) {
        self.length(before);
        self.tag(number, BYTES);
    }

    /// The length of a value that was begun when [`len`](Self::len) was `before`.
    pub(crate) fn length(&mut self, before: usize) {
        self.varint((self.len() - before) as u64);
    }

    /// A whole field of bytes.
    pub(crate) fn field(&mut self, number: u32, bytes: &[u8]) {
        let before = self.len();
        self.put(bytes);
        self.close(number, before);
    }

    pub(crate) fn finish(self) -> Bytes {
        Bytes::from(self.buffer).slice(self.start..)
    }

    fn room(&mut self, wanted: usize) {
        if self.start >= wanted {
            return;
        }
        let written = self.len();
        let capacity = (self.buffer.len() * 2).max(written + wanted).max(64);
        let mut larger = vec![0; capacity];
        let start = capacity - written;
        larger[start..].copy_from_slice(&self.buffer[self.start..]);
        (self.buffer, self.start) = (larger, start);
    }
}
