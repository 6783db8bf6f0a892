//! Descriptions of types and fields, which `k8s-openapi` carries in its JSON schemas.

#[path = "generated/describe.rs"]
mod roots;

use std::borrow::Cow;

use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value};

/// Adds a type and all it consists of to the generator.
type Describe = fn(&mut SchemaGenerator);

// Types that `k8s-openapi` has without a schema.
const PATCH: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.Patch";
const WATCH_EVENT: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent";

fn describe<T: JsonSchema>(generator: &mut SchemaGenerator) {
    generator.subschema_for::<T>();
}

/// The descriptions of some types and of all they consist of, by names such as `io.k8s.api.core.v1.Pod`.
///
/// To collect them takes up to a few milliseconds for a type as large as a pod: keep what is needed of them.
#[derive(Debug)]
pub struct Descriptions {
    schemas: Map<String, Value>,
}

impl Descriptions {
    /// Reads those of the types with these names. Types that `k8s-openapi` lacks stay without.
    pub fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut generator = SchemaGenerator::default();
        for name in names {
            if let Ok(found) = roots::ROOTS.binary_search_by(|(known, _)| (*known).cmp(name)) {
                let (_, describe) = roots::ROOTS[found];
                describe(&mut generator);
            }
        }
        Self { schemas: generator.take_definitions(false) }
    }

    /// The description of a type.
    pub fn ty(&self, ty: &str) -> Option<Cow<'_, str>> {
        if let Some(item) = self.item_of(ty) {
            let kind = item.rsplit('.').next().unwrap_or(item);
            return Some(format!("{kind}List is a list of {kind} objects.").into());
        }
        match ty {
            WATCH_EVENT => return Some("What happened to one object of a watch.".into()),
            PATCH => return Some("The body of a PATCH, in the form that its media type names.".into()),
            _ => {}
        }
        self.schemas.get(ty)?.get("description")?.as_str().map(Cow::Borrowed)
    }

    /// The description of a field, by its name in JSON.
    pub fn field(&self, ty: &str, field: &str) -> Option<&str> {
        let item = self.item_of(ty);
        match field {
            "items" if item.is_some() => return Some("The objects of the list."),
            "metadata" if item.is_some() => {
                return Some("Metadata of the list: its resource version, and where it goes on.");
            }
            "object" if ty == WATCH_EVENT => return Some("The object after it happened; for `ERROR` a `Status`."),
            _ => {}
        }
        let properties = self.schemas.get(item.unwrap_or(ty))?.get("properties")?;
        properties.get(field)?.get("description")?.as_str()
    }

    /// The type whose lists this type is: `k8s-openapi` describes none of those.
    fn item_of<'a>(&self, ty: &'a str) -> Option<&'a str> {
        if self.schemas.contains_key(ty) {
            return None;
        }
        ty.strip_suffix("List").filter(|item| self.schemas.contains_key(*item))
    }
}
