use super::Damage;
use super::codec::{Reader, checksum};

/// Bytes of the header of a frame.
pub const FRAME_HEADER: usize = 32;

const MAGIC: u32 = 0x6d72_6601;

/// Frames begin at multiples of this.
const ALIGN: usize = 8;

/// What distinguishes the frames of one part of the log from those that its file held before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Salt {
    /// The store.
    pub store: u64,
    /// The number of the part of the log.
    pub log: u64,
}

/// What a frame says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHeader {
    /// Its number, one more than that of the frame before.
    pub number: u64,
    /// All frames up to this number were synced before this one was written.
    pub synced: u64,
}

/// One frame of the log: records that became durable together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// What it says about itself.
    pub header: FrameHeader,
    /// Its records.
    pub payload: &'a [u8],
    /// Bytes that it takes, header and padding included.
    pub size: usize,
}

impl FrameHeader {
    /// Fills in the header of `frame`, whose payload begins after [`FRAME_HEADER`] bytes, and pads it.
    pub fn seal(self, salt: Salt, frame: &mut Vec<u8>) {
        let len = (frame.len() - FRAME_HEADER) as u32;
        frame[..4].copy_from_slice(&MAGIC.to_le_bytes());
        frame[8..12].copy_from_slice(&len.to_le_bytes());
        frame[12..16].fill(0);
        frame[16..24].copy_from_slice(&self.number.to_le_bytes());
        frame[24..32].copy_from_slice(&self.synced.to_le_bytes());
        let sum = salted(salt, &frame[8..]);
        frame[4..8].copy_from_slice(&sum.to_le_bytes());
        frame.resize(frame.len().next_multiple_of(ALIGN), 0);
    }
}

/// The frame that begins at `offset` of `log`, the bytes of a part of the log.
///
/// # Errors
/// What is wrong with what is there.
pub fn frame_at(salt: Salt, log: &[u8], offset: usize) -> Result<Frame<'_>, Damage> {
    let frame = log.get(offset..).ok_or(Damage::Short)?;
    let mut reader = Reader { rest: frame };
    if reader.u32()? != MAGIC {
        return Err(Damage::Magic);
    }
    let sum = reader.u32()?;
    let len = reader.u32()? as usize;
    reader.u32()?;
    let header = FrameHeader { number: reader.u64()?, synced: reader.u64()? };
    let payload = reader.bytes(len)?;
    if sum != salted(salt, &frame[8..FRAME_HEADER + len]) {
        return Err(Damage::Checksum);
    }
    Ok(Frame { header, payload, size: (FRAME_HEADER + len).next_multiple_of(ALIGN) })
}

/// Looks behind a damaged frame, at `offset`, for one that is whole and has at least the number `least`.
pub fn later_frame(salt: Salt, log: &[u8], offset: usize, least: u64) -> Option<(usize, FrameHeader)> {
    let places = (offset + ALIGN..log.len().saturating_sub(FRAME_HEADER)).step_by(ALIGN);
    let mut begun = places.filter(|at| log[*at..*at + 4] == MAGIC.to_le_bytes());
    begun.find_map(|at| match frame_at(salt, log, at) {
        Ok(frame) if frame.header.number >= least => Some((at, frame.header)),
        _ => None,
    })
}

fn salted(salt: Salt, bytes: &[u8]) -> u32 {
    checksum([&salt.store.to_le_bytes()[..], &salt.log.to_le_bytes(), bytes])
}
