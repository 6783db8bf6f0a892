//! Hashes that tell documents apart. Clients only compare them, so they need not be hard to forge.

/// 128 upper-case hex digits, as upstream's are.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digits = (0..8).flat_map(|lane| {
        let hash = fnv(bytes, lane);
        (0..16).rev().map(move |place| (hash >> (4 * place)) as u32 & 0xf)
    });
    digits.filter_map(|digit| char::from_digit(digit, 16)).map(|digit| digit.to_ascii_uppercase()).collect()
}

/// FNV-1a, started differently for each lane.
fn fnv(bytes: &[u8], lane: u64) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325 ^ lane.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bytes.iter().fold(start, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}
