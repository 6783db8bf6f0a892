use bytes::BytesMut;

use crate::wire::Writer;

/// Appends an event of a watch to `out`: its length in four bytes, big end first, and a `WatchEvent` message without
/// an envelope.
///
/// `object` has its own envelope.
pub fn frame(event: &str, object: &[u8], out: &mut BytesMut) {
    let mut writer = Writer::with_capacity(object.len() + event.len() + 32);
    // The object is raw, in a message of its own.
    writer.field(1, object);
    writer.close(2, 0);
    writer.field(1, event.as_bytes());
    let size = writer.len() as u32;
    writer.put(&size.to_be_bytes());
    out.extend_from_slice(&writer.finish());
}
