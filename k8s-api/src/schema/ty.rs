use super::{Field, MapKind, Shape};
use crate::{GroupVersionKind, Name};

/// One type: an object with fields, or a name for a [`Shape`].
#[derive(Clone, Debug)]
pub struct Type {
    pub(super) name: Name,
    pub(super) alias: Option<Shape>,
    pub(super) gvk: Option<GroupVersionKind>,
    pub(super) map: Option<MapKind>,
    pub(super) unions: Option<Name>,
    /// Sorted by name.
    pub(super) fields: Box<[Field]>,
}

impl Type {
    /// Its name in OpenAPI documents, `io.k8s.api.core.v1.Container`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its name in Go with the package, `v1.Container`.
    pub fn go_qualified(&self) -> &str {
        let dot = self.name.bytes().enumerate().rev().filter(|(_, byte)| *byte == b'.').nth(1);
        dot.and_then(|(at, _)| self.name.get(at + 1..)).unwrap_or(&self.name)
    }

    /// Its name in Go, `Container`, as upstream's decoder names the struct of a field that does not fit.
    pub fn go_name(&self) -> &str {
        self.name.rsplit('.').next().unwrap_or(&self.name)
    }

    /// The shape it is a name for, when it is not an object with fields.
    pub fn alias(&self) -> Option<&Shape> {
        self.alias.as_ref()
    }

    /// The kind it is, if it is one.
    pub fn gvk(&self) -> Option<&GroupVersionKind> {
        self.gvk.as_ref()
    }

    /// Whether fields have owners of their own in server-side apply; granular unless said otherwise.
    pub fn map_kind(&self) -> Option<MapKind> {
        self.map
    }

    /// The value of `x-kubernetes-unions` in OpenAPI documents, as JSON.
    pub fn unions(&self) -> Option<&str> {
        self.unions.as_deref()
    }

    /// Its fields, sorted by name.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// Finds a field by its key in JSON.
    pub fn field(&self, name: &str) -> Option<&Field> {
        let place = self.fields.binary_search_by(|field| field.name().cmp(name)).ok()?;
        self.fields.get(place)
    }
}
