//! What every built-in type consists of: fields, shapes, list types, merge keys.
//!
//! One table, generated from Kubernetes' own OpenAPI documents, drives strict decoding, strategic merge patch,
//! server-side apply, pruning and the OpenAPI documents. It holds no prose and no defaults of the built-in kinds:
//! those are code, one strategy per kind.
//!
//! ```
//! use k8s_api::schema::{Shape, Table};
//!
//! let table = Table::builtin();
//! let pod_spec = table.ty("io.k8s.api.core.v1.PodSpec").unwrap();
//! let containers = pod_spec.field("containers").unwrap();
//! assert_eq!(containers.patch().merge_key, Some("name"));
//! assert_eq!(containers.go_type(table), "[]v1.Container");
//! let Shape::Array(item) = containers.shape() else { unreachable!() };
//! assert_eq!(table[item.object().unwrap()].go_name(), "Container");
//! ```

mod field;
mod parse;
mod shape;
mod ty;

use std::cmp::Ordering;
use std::ops::Index;
use std::sync::LazyLock;

pub use field::{Field, ListKind, MapKind, Omit, Patch};
pub use shape::Shape;
pub use ty::Type;

use crate::GroupVersionKind;

/// A type's place in its [`Table`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TypeId(u32);

/// All types by name and by kind.
///
/// Reading the built-in table takes about a millisecond, once per process.
#[derive(Debug)]
pub struct Table {
    /// Sorted by name.
    types: Box<[Type]>,
    /// Those types that are a kind, sorted by group, version and kind.
    kinds: Box<[TypeId]>,
}

static BUILTIN: LazyLock<Table> = LazyLock::new(|| {
    parse::table(include_str!("generated/schema.txt")).expect("the committed table is what the generator wrote")
});

impl Table {
    /// Every type of Kubernetes v1.36.
    pub fn builtin() -> &'static Self {
        &BUILTIN
    }

    /// Finds a type by its name in OpenAPI documents, `io.k8s.api.core.v1.Pod`.
    pub fn ty(&self, name: &str) -> Option<&Type> {
        self.id(name).map(|id| &self[id])
    }

    /// Finds a type's place by its name in OpenAPI documents.
    pub fn id(&self, name: &str) -> Option<TypeId> {
        let found = self.types.binary_search_by(|ty| ty.name().cmp(name)).ok()?;
        Some(TypeId(found as u32))
    }

    /// Finds the type of a kind.
    ///
    /// `DeleteOptions` and `WatchEvent`, which are kinds of every group, are found in the core group only.
    pub fn kind(&self, gvk: &GroupVersionKind) -> Option<&Type> {
        self.kind_of(&gvk.group, &gvk.version, &gvk.kind)
    }

    /// Finds the type of a kind by its three words.
    pub fn kind_of(&self, group: &str, version: &str, kind: &str) -> Option<&Type> {
        let place = self.kinds.binary_search_by(|id| compare_kind(&self[*id], group, version, kind)).ok()?;
        self.kinds.get(place).map(|id| &self[*id])
    }

    /// All types, sorted by name.
    pub fn types(&self) -> &[Type] {
        &self.types
    }

    /// Whether a value of this field is owned, and replaced, as a whole in server-side apply.
    ///
    /// What the field says goes before what its type says; a list that says nothing is atomic.
    pub fn is_atomic(&self, field: &Field) -> bool {
        match field.shape() {
            Shape::Array(_) => matches!(field.list(), ListKind::Unspecified | ListKind::Atomic),
            Shape::Object(id) => field.map_kind().or(self[*id].map_kind()) == Some(MapKind::Atomic),
            Shape::Map(_) => field.map_kind() == Some(MapKind::Atomic),
            _ => true,
        }
    }

    fn new(types: Vec<Type>) -> Self {
        let types = types.into_boxed_slice();
        let mut table = Self { types, kinds: Box::default() };
        let mut kinds: Vec<_> =
            (0u32..).zip(&table.types).filter(|(_, ty)| ty.gvk().is_some()).map(|(id, _)| TypeId(id)).collect();
        kinds.sort_by(|a, b| table[*a].gvk().cmp(&table[*b].gvk()));
        table.kinds = kinds.into_boxed_slice();
        table
    }
}

impl Index<TypeId> for Table {
    type Output = Type;

    /// The type at this place.
    ///
    /// # Panics
    /// If the place is one of another, larger table.
    fn index(&self, id: TypeId) -> &Type {
        &self.types[id.0 as usize]
    }
}

fn compare_kind(ty: &Type, group: &str, version: &str, kind: &str) -> Ordering {
    let Some(gvk) = ty.gvk() else { return Ordering::Less };
    (&*gvk.group, &*gvk.version, &*gvk.kind).cmp(&(group, version, kind))
}
