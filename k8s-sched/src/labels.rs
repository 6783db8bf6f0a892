use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;

/// A shared, immutable label map.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels(Arc<BTreeMap<String, String>>);

impl Labels {
    /// The value of `key`.
    pub fn value(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// A copy with `key` set to `value`.
    pub fn with(&self, key: &str, value: &str) -> Self {
        let mut labels = (*self.0).clone();
        labels.insert(key.to_owned(), value.to_owned());
        Self(Arc::new(labels))
    }
}

impl Deref for Labels {
    type Target = BTreeMap<String, String>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl From<BTreeMap<String, String>> for Labels {
    fn from(labels: BTreeMap<String, String>) -> Self {
        Self(Arc::new(labels))
    }
}
