use bytes::Bytes;

/// Where the objects of one resource lie: `/registry/pods/NAMESPACE/NAME`.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    prefix: String,
}

impl Keys {
    pub(crate) fn new(storage_prefix: &str) -> Self {
        Self { prefix: format!("/registry/{storage_prefix}/") }
    }

    /// The prefix of the whole collection, with its slash.
    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The key of one object; cluster-scoped ones have an empty namespace.
    pub(crate) fn object(&self, namespace: &str, name: &str) -> Bytes {
        let mut key = String::with_capacity(self.prefix.len() + namespace.len() + name.len() + 1);
        key.push_str(&self.prefix);
        if !namespace.is_empty() {
            key.push_str(namespace);
            key.push('/');
        }
        key.push_str(name);
        key.into()
    }
}
