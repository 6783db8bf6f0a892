use std::fmt;
use std::sync::{Arc, OnceLock};

use bytes::{Bytes, BytesMut};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;

use crate::{AnyObject, Kind, Meta};

/// An immutable API object: its encoded bytes, its revision, its metadata, and its typed form once somebody asked.
///
/// Cloning shares everything. Whoever lists or watches the stored form gets these bytes as they are; whoever asks for
/// a typed form gets one decoded copy that all share.
#[derive(Clone)]
pub struct Object(Arc<Inner>);

struct Inner {
    revision: u64,
    body: Bytes,
    place: Place,
    meta: Meta,
    typed: OnceLock<Arc<dyn AnyObject>>,
    /// The typed form as of another revision, to copy instead of decoding.
    like: Option<Arc<dyn AnyObject>>,
}

/// Where the resourceVersion stands.
#[derive(Clone, Copy)]
enum Place {
    /// The bytes have none; it belongs at this offset, and a comma follows it if other metadata does.
    Missing { at: usize, more: bool },
    /// The bytes carry it.
    Present,
}

/// Why bytes are no object.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The bytes are not JSON, or JSON of another shape than the type asked for.
    #[error("object is not well-formed")]
    Json(#[from] serde_json::Error),
    /// There is no `metadata` object at the top.
    #[error("object has no metadata")]
    NoMetadata,
}

impl Object {
    /// Takes bytes as a store keeps them: JSON without a resourceVersion, committed at `revision`.
    ///
    /// # Errors
    /// When the bytes are not a JSON object with metadata.
    pub fn stored(body: Bytes, revision: u64) -> Result<Self, DecodeError> {
        let at = metadata_offset(&body).ok_or(DecodeError::NoMetadata)?;
        let meta = decode_meta(&body[at - 1..])?;
        Ok(Self::from_parts(body, at, revision, meta, None))
    }

    /// Takes bytes as the wire carries them: JSON with its resourceVersion in it.
    ///
    /// # Errors
    /// When the bytes are not a JSON object with metadata.
    pub fn from_wire(body: Bytes) -> Result<Self, DecodeError> {
        let at = metadata_offset(&body).ok_or(DecodeError::NoMetadata)?;
        let meta = decode_meta(&body[at - 1..])?;
        let revision = meta.resource_version.parse().unwrap_or_default();
        let (place, typed) = (Place::Present, OnceLock::new());
        Ok(Self(Arc::new(Inner { revision, body, place, meta, typed, like: None })))
    }

    /// Takes what a writer has just committed: the typed form and the bytes it was encoded to (without a
    /// resourceVersion), so that nobody needs to decode them again.
    ///
    /// # Errors
    /// When `body` has no metadata.
    pub fn committed(mut typed: Box<dyn AnyObject>, body: Bytes, revision: u64) -> Result<Self, DecodeError> {
        let at = metadata_offset(&body).ok_or(DecodeError::NoMetadata)?;
        let meta = Meta::from(typed.meta());
        typed.meta_mut().resource_version = Some(revision.to_string());
        Ok(Self::from_parts(body, at, revision, meta, Some(typed.into_shared())))
    }

    fn from_parts(body: Bytes, at: usize, revision: u64, meta: Meta, typed: Option<Arc<dyn AnyObject>>) -> Self {
        let more = body.get(skip_space(&body, at)).is_some_and(|b| *b != b'}');
        let typed = typed.map_or_else(OnceLock::new, OnceLock::from);
        Self(Arc::new(Inner { revision, body, place: Place::Missing { at, more }, meta, typed, like: None }))
    }

    /// The same object as of another revision: what a delete event carries.
    pub fn at_revision(&self, revision: u64) -> Self {
        let Inner { body, place, meta, typed, like, .. } = &*self.0;
        if matches!(place, Place::Present) {
            return self.clone();
        }
        let like = typed.get().or(like.as_ref()).cloned();
        let (body, meta, typed) = (body.clone(), meta.clone(), OnceLock::new());
        Self(Arc::new(Inner { revision, body, place: *place, meta, typed, like }))
    }

    /// The revision of its last change; 0 when it has none.
    pub fn revision(&self) -> u64 {
        self.0.revision
    }

    /// Its metadata.
    pub fn meta(&self) -> &Meta {
        &self.0.meta
    }

    /// The bytes as stored: without a resourceVersion if they came from a store.
    pub fn body(&self) -> &Bytes {
        &self.0.body
    }

    /// Appends the JSON that clients see to `out`.
    pub fn write_to(&self, out: &mut BytesMut) {
        self.write_from(0, out);
    }

    /// Appends the JSON that clients see to `out`, as an item of a list of this kind: without `apiVersion` and `kind`,
    /// when `head` is how the encoding of such an object begins, `{"apiVersion":"v1","kind":"Pod",`.
    pub fn write_item_to(&self, head: &[u8], out: &mut BytesMut) {
        if self.0.body.starts_with(head) {
            out.extend_from_slice(b"{");
            self.write_from(head.len(), out);
        } else {
            self.write_to(out);
        }
    }

    fn write_from(&self, start: usize, out: &mut BytesMut) {
        let body = &self.0.body;
        match self.0.place {
            Place::Present => out.extend_from_slice(&body[start..]),
            Place::Missing { .. } if self.0.revision == 0 => out.extend_from_slice(&body[start..]),
            Place::Missing { at, more } => {
                out.extend_from_slice(&body[start..at]);
                out.extend_from_slice(b"\"resourceVersion\":\"");
                out.extend_from_slice(self.0.revision.to_string().as_bytes());
                out.extend_from_slice(if more { b"\"," } else { b"\"" });
                out.extend_from_slice(&body[at..]);
            }
        }
    }

    /// The JSON that clients see.
    pub fn to_json(&self) -> Bytes {
        if matches!(self.0.place, Place::Present) {
            return self.0.body.clone();
        }
        let mut out = BytesMut::with_capacity(self.0.body.len() + 48);
        self.write_to(&mut out);
        out.freeze()
    }

    /// The object as a tree, for code that must look at arbitrary fields of it.
    ///
    /// # Errors
    /// When the bytes are not JSON.
    pub fn to_value(&self) -> Result<Value, DecodeError> {
        let mut value: Value = serde_json::from_slice(&self.0.body)?;
        if matches!(self.0.place, Place::Missing { .. })
            && self.0.revision != 0
            && let Some(meta) = value.get_mut("metadata").and_then(Value::as_object_mut)
        {
            meta.insert("resourceVersion".to_owned(), self.0.revision.to_string().into());
        }
        Ok(value)
    }

    /// The typed form, with its resourceVersion; decoded at the first call and shared from then on.
    ///
    /// # Errors
    /// When the bytes do not fit the type.
    pub fn typed<K: Kind>(&self) -> Result<Arc<K>, DecodeError> {
        if let Some(typed) = self.0.typed.get()
            && let Ok(typed) = typed.clone().into_shared_any().downcast::<K>()
        {
            return Ok(typed);
        }
        let copy = self.0.like.as_ref().and_then(|like| like.as_any().downcast_ref::<K>().cloned());
        let mut decoded = match copy {
            Some(copy) => copy,
            None => serde_json::from_slice(&self.0.body)?,
        };
        self.stamp(decoded.metadata_mut());
        let typed = Arc::new(decoded);
        // Another type may have been cached first; then this one is simply not shared.
        let _ = self.0.typed.set(typed.clone());
        Ok(typed)
    }

    /// The typed form for code that knows the type only through `decode`; shared like [`Object::typed`].
    ///
    /// # Errors
    /// When the bytes do not fit the type.
    pub fn any(
        &self,
        decode: impl FnOnce(&[u8]) -> serde_json::Result<Box<dyn AnyObject>>,
    ) -> Result<Arc<dyn AnyObject>, DecodeError> {
        if let Some(typed) = self.0.typed.get() {
            return Ok(typed.clone());
        }
        let mut decoded = match &self.0.like {
            Some(like) => like.clone_box(),
            None => decode(&self.0.body)?,
        };
        self.stamp(decoded.meta_mut());
        Ok(self.0.typed.get_or_init(|| decoded.into_shared()).clone())
    }

    /// Takes over the typed form of `other` if that is the same object as of the same revision and this has none yet.
    pub fn share_typed(&self, other: &Self) {
        if let Some(typed) = other.0.typed.get()
            && self.0.typed.get().is_none()
            && self.0.revision == other.0.revision
            && self.0.body == other.0.body
        {
            // Whoever was faster has one of the same content.
            let _ = self.0.typed.set(Arc::clone(typed));
        }
    }

    fn stamp(&self, meta: &mut ObjectMeta) {
        if self.0.revision != 0 {
            meta.resource_version = Some(self.0.revision.to_string());
        }
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Object({}/{}@{})", self.0.meta.namespace, self.0.meta.name, self.0.revision)
    }
}

fn decode_meta(from_brace: &[u8]) -> Result<Meta, DecodeError> {
    let mut json = serde_json::Deserializer::from_slice(from_brace);
    Ok(serde::Deserialize::deserialize(&mut json)?)
}

/// The offset just behind the `{` that opens the top-level `metadata`.
///
/// A scan instead of a parse: it looks at strings and brackets alone and stops at the field, which our encoders write
/// within the first bytes.
fn metadata_offset(json: &[u8]) -> Option<usize> {
    let (mut depth, mut i) = (0_usize, 0_usize);
    while i < json.len() {
        match json[i] {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.checked_sub(1)?,
            b'"' => {
                let end = string_end(json, i)?;
                if depth == 1 && &json[i..=end] == b"\"metadata\"" {
                    let colon = skip_space(json, end + 1);
                    if json.get(colon) == Some(&b':') {
                        let open = skip_space(json, colon + 1);
                        return (json.get(open) == Some(&b'{')).then_some(open + 1);
                    }
                }
                i = end;
            }
            _ => {}
        }
        i += 1;
    }
    None
}

fn string_end(json: &[u8], open: usize) -> Option<usize> {
    let mut i = open + 1;
    while i < json.len() {
        match json[i] {
            b'\\' => i += 1,
            b'"' => return Some(i),
            _ => {}
        }
        i += 1;
    }
    None
}

fn skip_space(json: &[u8], mut i: usize) -> usize {
    while json.get(i).is_some_and(u8::is_ascii_whitespace) {
        i += 1;
    }
    i
}
