use std::fmt;

use serde_json::{Map, Value};

/// A place in a tree that may hold nothing: reading through it needs no checks on the way.
///
/// What is absent, `null` or of another type than asked for reads as empty, as Go's zero values do.
///
/// ```
/// use k8s_api_kinds::View;
/// let tree = serde_json::json!({"spec": {"ports": [{"name": "a"}]}});
/// let spec = View::of(&tree).get("spec");
/// assert_eq!(spec.get("ports").items().next().unwrap().get("name").text(), "a");
/// assert!(spec.get("nothing").get("at all").is_none());
/// ```
#[derive(Clone, Copy)]
pub struct View<'a>(Option<&'a Value>);

static NOTHING: Value = Value::Null;

impl<'a> View<'a> {
    /// A whole tree.
    pub fn of(value: &'a Value) -> Self {
        Self(Some(value))
    }

    /// A field of an object.
    pub fn field(object: &'a Map<String, Value>, name: &str) -> Self {
        Self(object.get(name).filter(|value| !value.is_null()))
    }

    /// A field below this place.
    pub fn get(self, name: &str) -> Self {
        Self(self.0.and_then(|value| value.get(name)).filter(|value| !value.is_null()))
    }

    /// Whether nothing is here.
    pub fn is_none(self) -> bool {
        self.0.is_none()
    }

    /// Whether something is here.
    pub fn is_some(self) -> bool {
        self.0.is_some()
    }

    /// What is here, `null` for nothing.
    pub fn value(self) -> &'a Value {
        self.0.unwrap_or(&NOTHING)
    }

    /// The text here, or an empty one.
    pub fn text(self) -> &'a str {
        self.0.and_then(Value::as_str).unwrap_or_default()
    }

    /// The number here.
    pub fn int(self) -> Option<i64> {
        self.0.and_then(Value::as_i64)
    }

    /// Whether `true` is here.
    pub fn is_true(self) -> bool {
        self.0.and_then(Value::as_bool).unwrap_or(false)
    }

    /// The items of the list here.
    pub fn items(self) -> impl ExactSizeIterator<Item = Self> + Clone {
        self.0.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default().iter().map(|item| Self(Some(item)))
    }

    /// The texts of the list here.
    pub fn texts(self) -> impl ExactSizeIterator<Item = &'a str> + Clone {
        self.items().map(Self::text)
    }

    /// The entries of the object here.
    pub fn entries(self) -> impl Iterator<Item = (&'a str, Self)> + Clone {
        self.0.and_then(Value::as_object).into_iter().flatten().map(|(key, value)| (key.as_str(), Self(Some(value))))
    }

    /// How many items or entries are here.
    pub fn len(self) -> usize {
        match self.0 {
            Some(Value::Array(items)) => items.len(),
            Some(Value::Object(entries)) => entries.len(),
            _ => 0,
        }
    }

    /// Whether neither items nor entries are here.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}

impl PartialEq for View<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.value() == other.value()
    }
}

impl fmt::Debug for View<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.value())
    }
}
