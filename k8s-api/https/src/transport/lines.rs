use bytes::{Bytes, BytesMut};

/// The longest line: twice what etcd takes, several times over.
const LONGEST: usize = 16 << 20;

/// Cuts bytes into lines, wherever the pieces that they come in begin and end.
#[derive(Default)]
pub(super) struct Lines {
    buffer: BytesMut,
    /// No line ends before this offset.
    scanned: usize,
}

/// A line is longer than any event can be.
#[derive(Debug)]
pub(super) struct TooLong;

impl Lines {
    pub(super) fn push(&mut self, piece: &Bytes) -> Result<(), TooLong> {
        self.buffer.extend_from_slice(piece);
        // What is complete will be taken out; only what cannot end may grow too long.
        if self.buffer.len() > LONGEST + piece.len() { Err(TooLong) } else { Ok(()) }
    }

    /// The next complete line without its end; blank ones are left out.
    pub(super) fn next(&mut self) -> Option<BytesMut> {
        loop {
            let Some(at) = self.buffer[self.scanned..].iter().position(|b| *b == b'\n') else {
                self.scanned = self.buffer.len();
                return None;
            };
            let line = self.buffer.split_to(self.scanned + at + 1);
            self.scanned = 0;
            if !line.trim_ascii().is_empty() {
                return Some(line);
            }
        }
    }

    /// What came after the last line's end.
    pub(super) fn rest(&mut self) -> Option<BytesMut> {
        self.scanned = 0;
        let rest = std::mem::take(&mut self.buffer);
        (!rest.trim_ascii().is_empty()).then_some(rest)
    }
}
