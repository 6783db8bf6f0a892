//! Field paths and the errors of validation.
//!
//! Upstream: `k8s.io/apimachinery/pkg/util/validation/field`.

use std::fmt;

use serde_json::Value;

/// Where in an object a value stands: `spec.containers[0].name`.
///
/// Validation makes a path for nearly every field and prints nearly none, so a path of usual length lives on the stack:
/// going one step down copies a hundred bytes and allocates nothing.
#[derive(Clone)]
pub struct Path(Repr);

#[derive(Clone)]
enum Repr {
    Inline { len: u8, bytes: [u8; INLINE] },
    Heap(String),
}

/// Bytes a path can have without allocating.
const INLINE: usize = 126;

impl Path {
    /// The path of one field at the top.
    pub fn new(name: &str) -> Self {
        Self::root().and(&[name])
    }

    /// The path of no field: errors of the object as a whole.
    pub const fn root() -> Self {
        Self(Repr::Inline { len: 0, bytes: [0; INLINE] })
    }

    /// A field below this one.
    pub fn child(&self, name: &str) -> Self {
        if self.is_root() { self.and(&[name]) } else { self.and(&[".", name]) }
    }

    /// An element of this list.
    pub fn index(&self, index: usize) -> Self {
        const DIGITS: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
        match DIGITS.get(index) {
            Some(digit) => self.and(&["[", digit, "]"]),
            None => self.and(&["[", &index.to_string(), "]"]),
        }
    }

    /// An entry of this map.
    pub fn key(&self, key: &str) -> Self {
        self.and(&["[", key, "]"])
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Repr::Inline { len, bytes } => {
                std::str::from_utf8(&bytes[..usize::from(*len)]).expect("a path is made of whole strings")
            }
            Repr::Heap(text) => text,
        }
    }

    fn is_root(&self) -> bool {
        match &self.0 {
            Repr::Inline { len, .. } => *len == 0,
            Repr::Heap(text) => text.is_empty(),
        }
    }

    fn and(&self, parts: &[&str]) -> Self {
        let mut path = self.clone();
        for part in parts {
            path.push(part);
        }
        path
    }

    fn push(&mut self, part: &str) {
        match &mut self.0 {
            Repr::Inline { len, bytes } => {
                let start = usize::from(*len);
                match bytes.get_mut(start..start + part.len()) {
                    Some(room) => {
                        room.copy_from_slice(part.as_bytes());
                        *len = (start + part.len()) as u8;
                    }
                    None => self.0 = Repr::Heap([self.as_str(), part].concat()),
                }
            }
            Repr::Heap(text) => text.push_str(part),
        }
    }
}

impl Default for Path {
    fn default() -> Self {
        Self::root()
    }
}

impl PartialEq for Path {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Path {}

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Path({:?})", self.as_str())
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What kind of mistake a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ErrorType {
    /// A reference to something that does not exist.
    NotFound,
    /// A value is missing.
    Required,
    /// The value stands twice where it may stand once.
    Duplicate,
    /// The value is malformed.
    Invalid,
    /// The value is not one of an enumeration.
    NotSupported,
    /// The value may not be set here.
    Forbidden,
    /// The value has too many bytes.
    TooLong,
    /// The list has too many items.
    TooMany,
    /// The server failed.
    Internal,
    /// The value has the wrong type.
    TypeInvalid,
}

impl ErrorType {
    /// The `reason` of the cause in a Status.
    pub fn reason(self) -> &'static str {
        match self {
            Self::NotFound => "FieldValueNotFound",
            Self::Required => "FieldValueRequired",
            Self::Duplicate => "FieldValueDuplicate",
            Self::Invalid => "FieldValueInvalid",
            Self::NotSupported => "FieldValueNotSupported",
            Self::Forbidden => "FieldValueForbidden",
            Self::TooLong => "FieldValueTooLong",
            Self::TooMany => "FieldValueTooMany",
            Self::Internal => "InternalError",
            Self::TypeInvalid => "FieldValueTypeInvalid",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::NotFound => "Not found",
            Self::Required => "Required value",
            Self::Duplicate => "Duplicate value",
            Self::Invalid | Self::TypeInvalid => "Invalid value",
            Self::NotSupported => "Unsupported value",
            Self::Forbidden => "Forbidden",
            Self::TooLong => "Too long",
            Self::TooMany => "Too many",
            Self::Internal => "Internal error",
        }
    }
}

/// One mistake in an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Error {
    /// What kind of mistake.
    pub kind: ErrorType,
    /// Where.
    pub field: String,
    /// The value as the message shows it; `None` where the kind shows none.
    pub value: Option<String>,
    /// What would be right.
    pub detail: String,
}

/// All mistakes in an object, in the order upstream finds them.
pub type ErrorList = Vec<Error>;

impl Error {
    /// A required value is missing.
    pub fn required(field: &(impl fmt::Display + ?Sized), detail: impl Into<String>) -> Self {
        Self::new(ErrorType::Required, field, None, detail)
    }

    /// A value is malformed.
    pub fn invalid(field: &(impl fmt::Display + ?Sized), value: impl Shown, detail: impl Into<String>) -> Self {
        Self::new(ErrorType::Invalid, field, Some(value.shown()), detail)
    }

    /// A value has the wrong type.
    pub fn type_invalid(field: &(impl fmt::Display + ?Sized), value: impl Shown, detail: impl Into<String>) -> Self {
        Self::new(ErrorType::TypeInvalid, field, Some(value.shown()), detail)
    }

    /// A value stands twice.
    pub fn duplicate(field: &(impl fmt::Display + ?Sized), value: impl Shown) -> Self {
        Self::new(ErrorType::Duplicate, field, Some(value.shown()), "")
    }

    /// A reference leads nowhere.
    pub fn not_found(field: &(impl fmt::Display + ?Sized), value: impl Shown) -> Self {
        Self::new(ErrorType::NotFound, field, Some(value.shown()), "")
    }

    /// A value is none of `supported`, which the message lists in the order given.
    pub fn not_supported<S: AsRef<str>>(
        field: &(impl fmt::Display + ?Sized),
        value: impl Shown,
        supported: &[S],
    ) -> Self {
        let listed: Vec<String> = supported.iter().map(|s| quote(s.as_ref())).collect();
        let detail = if listed.is_empty() { String::new() } else { format!("supported values: {}", listed.join(", ")) };
        Self::new(ErrorType::NotSupported, field, Some(value.shown()), detail)
    }

    /// A value may not be set.
    pub fn forbidden(field: &(impl fmt::Display + ?Sized), detail: impl Into<String>) -> Self {
        Self::new(ErrorType::Forbidden, field, None, detail)
    }

    /// A value is longer than `max` bytes.
    pub fn too_long(field: &(impl fmt::Display + ?Sized), max: usize) -> Self {
        Self::new(ErrorType::TooLong, field, None, format!("may not be more than {max} bytes"))
    }

    /// A list of `actual` items has more than `max`.
    pub fn too_many(field: &(impl fmt::Display + ?Sized), actual: usize, max: usize) -> Self {
        let items = if max == 1 { "item" } else { "items" };
        Self::new(ErrorType::TooMany, field, Some(actual.to_string()), format!("must have at most {max} {items}"))
    }

    /// The server failed to check the value.
    pub fn internal(field: &(impl fmt::Display + ?Sized), detail: impl Into<String>) -> Self {
        Self::new(ErrorType::Internal, field, None, detail)
    }

    fn new(
        kind: ErrorType,
        field: &(impl fmt::Display + ?Sized),
        value: Option<String>,
        detail: impl Into<String>,
    ) -> Self {
        Self { kind, field: field.to_string(), value, detail: detail.into() }
    }

    /// The message without the field, as a Status's cause carries it.
    pub fn body(&self) -> String {
        let mut text = self.kind.words().to_owned();
        for part in self.value.iter().chain((!self.detail.is_empty()).then_some(&self.detail)) {
            text.push_str(": ");
            text.push_str(part);
        }
        text
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.body())
    }
}

impl std::error::Error for Error {}

/// A value as upstream's messages print it: strings quoted, numbers plain, the rest as JSON.
pub trait Shown {
    /// The text.
    fn shown(self) -> String;
}

impl Shown for &str {
    fn shown(self) -> String {
        quote(self)
    }
}

impl Shown for &String {
    fn shown(self) -> String {
        quote(self)
    }
}

impl Shown for String {
    fn shown(self) -> String {
        quote(&self)
    }
}

impl Shown for Value {
    fn shown(self) -> String {
        match self {
            Self::String(text) => quote(&text),
            other => other.to_string(),
        }
    }
}

macro_rules! shown_plainly {
    ($($t:ty),*) => { $(impl Shown for $t { fn shown(self) -> String { self.to_string() } })* };
}
shown_plainly!(i32, i64, u32, u64, usize, f64, bool);

/// A text as Go's `%q` prints it.
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_ascii_control() => {
                let _ = fmt::Write::write_fmt(&mut out, format_args!("\\x{:02x}", c as u32));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// All errors in one sentence, as upstream's aggregate prints them: repeated ones once, several in brackets.
pub fn summary(errors: &[Error]) -> String {
    let mut lines: Vec<String> = Vec::with_capacity(errors.len());
    for error in errors {
        let line = error.to_string();
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    match lines.as_slice() {
        [one] => one.clone(),
        many => format!("[{}]", many.join(", ")),
    }
}
