use k8s_api::schema::{Field, Shape, Table, Type};

use super::Error;
use crate::decode::Target;

/// What is known of an object in the patch.
#[derive(Clone, Copy)]
pub(super) struct Schema<'t> {
    table: &'t Table,
    shape: Known<'t>,
}

#[derive(Clone, Copy)]
enum Known<'t> {
    Type(&'t Type),
    Shape(&'t Shape),
}

/// A field that the patch sets.
#[derive(Clone, Copy)]
pub(super) struct Merged<'t> {
    field: &'t Field,
    inner: Schema<'t>,
}

impl<'t> Schema<'t> {
    pub(super) fn of(target: Target<'t>) -> Self {
        Self { table: target.table, shape: Known::Type(target.ty) }
    }

    fn at(self, shape: &'t Shape) -> Self {
        let known = shape.object().map(|id| &self.table[id]).filter(|ty| ty.alias().is_none());
        Self { shape: known.map_or(Known::Shape(shape), Known::Type), ..self }
    }

    /// What Go calls such a type.
    pub(super) fn kind(self) -> &'static str {
        match self.shape {
            Known::Type(_) => "struct",
            Known::Shape(Shape::String | Shape::Duration) => "string",
            Known::Shape(Shape::Int32) => "int32",
            Known::Shape(Shape::Int64) => "int64",
            Known::Shape(Shape::Float) => "float64",
            Known::Shape(Shape::Bool) => "bool",
            Known::Shape(Shape::Map(_)) => "map",
            Known::Shape(Shape::Array(_) | Shape::Bytes) => "slice",
            Known::Shape(_) => "struct",
        }
    }

    /// A field whose value is an object.
    pub(super) fn field(self, key: &str) -> Result<Merged<'t>, Error> {
        let ty = match self.shape {
            Known::Type(ty) => ty,
            Known::Shape(_) => {
                let kind = self.kind();
                return Err(Error::Other(format!(
                    "merging an object in json but data type is not struct, instead is: {kind}"
                )));
            }
        };
        let folded = || ty.fields().iter().find(|field| field.name().eq_ignore_ascii_case(key));
        let field = ty.field(key).or_else(folded).ok_or_else(|| {
            let name = ty.go_name();
            Error::Other(format!(
                "unable to find api field in struct {name} for the json field {}",
                k8s_api::field::quote(key)
            ))
        })?;
        Ok(Merged { field, inner: self.at(field.shape()) })
    }

    /// A field whose value is a list.
    pub(super) fn list(self, key: &str) -> Result<Merged<'t>, Error> {
        let merged = self.field(key)?;
        match merged.field.shape() {
            Shape::Array(item) => Ok(Merged { inner: self.at(item), ..merged }),
            _ => Err(Error::Other(format!("expected slice or array type, but got: {}", self.kind()))),
        }
    }
}

impl<'t> Merged<'t> {
    /// The type of the field's value, or of the list's items.
    pub(super) fn inner(&self) -> Schema<'t> {
        self.inner
    }

    pub(super) fn replaces(&self) -> bool {
        self.field.patch().replace
    }

    pub(super) fn merges(&self) -> bool {
        self.field.patch().merge
    }

    pub(super) fn merge_key(&self) -> Option<&'t str> {
        self.field.patch().merge_key
    }
}
