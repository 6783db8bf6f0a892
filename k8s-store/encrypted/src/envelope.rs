//! The form of an encrypted value:
//!
//! ```text
//! head    8  bytes  8A "k8senc" 01
//!         1         length of the name of the wrapping key
//!         n         its name
//!         2         length of the wrapped data key, the less significant byte first
//!         n         the wrapped data key
//! nonce  12
//! body    n         the value, encrypted
//! tag    16
//! ```
//!
//! The head and the store's key are authenticated with the value, so that neither can be exchanged.

use bytes::{BufMut, Bytes, BytesMut};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce};

use crate::WrappedKey;

/// No text begins with it.
const MAGIC: &[u8] = b"\x8ak8senc\x01";

/// What is wrong with a stored value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// It was stored without encryption.
    Plain,
    /// It ends too early.
    Short,
    /// It is not what was encrypted under this key for this place.
    Forged,
}

/// The part of `stored` that says how to open the rest.
pub(crate) fn head(stored: &Bytes) -> Result<Bytes, Broken> {
    let Some(rest) = stored.strip_prefix(MAGIC) else { return Err(Broken::Plain) };
    let (name, rest) = rest.split_first().ok_or(Broken::Short)?;
    let rest = rest.get(usize::from(*name)..).ok_or(Broken::Short)?;
    let (wrapped, rest) = rest.split_first_chunk().ok_or(Broken::Short)?;
    let rest = rest.get(usize::from(u16::from_le_bytes(*wrapped))..).ok_or(Broken::Short)?;
    if rest.len() < NONCE_LEN + AES_256_GCM.tag_len() {
        return Err(Broken::Short);
    }
    Ok(stored.slice(..stored.len() - rest.len()))
}

/// The data key that a head holds.
pub(crate) fn wrapped(head: &Bytes) -> Option<WrappedKey> {
    let name = usize::from(*head.get(MAGIC.len())?);
    let name_at = MAGIC.len() + 1;
    let bytes_at = name_at + name + 2;
    (head.len() >= bytes_at)
        .then(|| WrappedKey { name: head.slice(name_at..name_at + name), bytes: head.slice(bytes_at..) })
}

/// The head of all values that are encrypted with the data key in `wrapped`; none if a part of it is too long.
pub(crate) fn head_of(wrapped: &WrappedKey) -> Option<Bytes> {
    let mut head = BytesMut::with_capacity(MAGIC.len() + 3 + wrapped.name.len() + wrapped.bytes.len());
    head.put_slice(MAGIC);
    head.put_u8(wrapped.name.len().try_into().ok()?);
    head.put_slice(&wrapped.name);
    head.put_u16_le(wrapped.bytes.len().try_into().ok()?);
    head.put_slice(&wrapped.bytes);
    Some(head.freeze())
}

/// Encrypts `value` for `place`. No two calls with one `key` may have the same `nonce`.
pub(crate) fn seal(head: &Bytes, key: &LessSafeKey, nonce: [u8; NONCE_LEN], place: &[u8], value: &[u8]) -> Bytes {
    let mut stored = Vec::with_capacity(head.len() + NONCE_LEN + value.len() + AES_256_GCM.tag_len());
    stored.extend_from_slice(head);
    stored.extend_from_slice(&nonce);
    let body = stored.len();
    stored.extend_from_slice(value);
    let bound = Aad::from(bound(head, place));
    let tag = key
        .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), bound, &mut stored[body..])
        .expect("a value is shorter than 64 GiB");
    stored.extend_from_slice(tag.as_ref());
    stored.into()
}

/// Decrypts what [`seal`] made of a value for `place`.
pub(crate) fn open(head: &Bytes, key: &LessSafeKey, place: &[u8], stored: &[u8]) -> Result<Bytes, Broken> {
    let (nonce, body) = stored[head.len()..].split_first_chunk().ok_or(Broken::Short)?;
    let mut body = body.to_vec();
    let bound = Aad::from(bound(head, place));
    let opened = key.open_in_place(Nonce::assume_unique_for_key(*nonce), bound, &mut body);
    let len = opened.map_err(|_| Broken::Forged)?.len();
    body.truncate(len);
    Ok(body.into())
}

/// A head says where it ends, so no two pairs come to the same.
fn bound(head: &[u8], place: &[u8]) -> Vec<u8> {
    [head, place].concat()
}
