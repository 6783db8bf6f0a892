use std::collections::BTreeMap;
use std::sync::LazyLock;

use k8s_api::GroupVersionKind;
use k8s_api::schema::{self, Omit, Shape, Table};

use crate::message::{Field, Kind, Label, Message};

/// The encoding of every kind of a table.
#[derive(Debug)]
pub struct Codec {
    table: &'static Table,
    /// Those of the table's types in its order, then those that no document describes.
    messages: Box<[Message]>,
}

static BUILTIN: LazyLock<Codec> = LazyLock::new(|| Codec::new(Table::builtin()));

const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1";

impl Codec {
    /// The encoding of the kinds of Kubernetes v1.36, made at the first call.
    pub fn builtin() -> &'static Self {
        &BUILTIN
    }

    /// Makes the encoding of a table's kinds.
    pub fn new(table: &'static Table) -> Self {
        let mut messages: Vec<_> = table.types().iter().map(|ty| message(table, ty)).collect();
        let item = messages.len();
        let place = |name: &str| place(table, &format!("{META}.{name}")).unwrap_or(usize::MAX);
        messages.push(partial("PartialObjectMetadata", place("ObjectMeta"), None));
        messages.push(partial("PartialObjectMetadataList", place("ListMeta"), Some(item)));
        Self { table, messages: messages.into_boxed_slice() }
    }

    /// Whether objects of this kind have a protobuf encoding.
    pub fn knows(&self, gvk: &GroupVersionKind) -> bool {
        self.of_kind(gvk).is_some()
    }

    pub(crate) fn message(&self, place: usize) -> Option<&Message> {
        self.messages.get(place)
    }

    pub(crate) fn of_kind(&self, gvk: &GroupVersionKind) -> Option<&Message> {
        let types = self.table.types().len();
        let found = match (&*gvk.group, &*gvk.kind) {
            // Kinds of every group.
            (_, "DeleteOptions") => place(self.table, &format!("{META}.DeleteOptions")),
            (_, "WatchEvent") => None,
            ("meta.k8s.io", "PartialObjectMetadata") => Some(types),
            ("meta.k8s.io", "PartialObjectMetadataList") => Some(types + 1),
            // Some documents of discovery do not say their version.
            ("", kind) if gvk.version.is_empty() => {
                self.table.kind_of("", "v1", kind).and_then(|ty| place(self.table, ty.name()))
            }
            _ => self.table.kind(gvk).and_then(|ty| place(self.table, ty.name())),
        };
        self.messages.get(found?)
    }
}

fn place(table: &Table, name: &str) -> Option<usize> {
    table.types().binary_search_by(|ty| ty.name().cmp(name)).ok()
}

fn partial(name: &'static str, metadata: usize, item: Option<usize>) -> Message {
    let metadata =
        Field { number: 1, name: "metadata", label: Label::Plain, kind: Kind::Message(metadata), omit: Omit::Empty };
    let items = item.map(|item| Field {
        number: 2,
        name: "items",
        label: Label::Repeated,
        kind: Kind::Message(item),
        omit: Omit::Never,
    });
    Message { name, fields: std::iter::once(metadata).chain(items).collect() }
}

fn message(table: &'static Table, ty: &'static schema::Type) -> Message {
    let mut fields = Vec::new();
    let mut embedded: BTreeMap<u16, Vec<Field>> = BTreeMap::new();
    for field in ty.fields().iter().filter(|field| field.number() != 0) {
        let Some(known) = self::field(table, field) else { continue };
        match field.outer_number() {
            0 => fields.push(known),
            outer => embedded.entry(outer).or_default().push(known),
        }
    }
    for (number, inner) in embedded {
        fields.push(Field {
            number: number.into(),
            name: "",
            label: Label::Plain,
            kind: Kind::Embedded(Box::new(embedded_in(table, ty, inner))),
            omit: Omit::Empty,
        });
    }
    sorted(ty.go_name(), fields)
}

/// The message of fields that JSON has in place.
fn embedded_in(table: &'static Table, ty: &'static schema::Type, fields: Vec<Field>) -> Message {
    // The only struct in a struct in a struct, of which the table knows the outermost and the innermost number.
    let nested = (ty.go_name() == "NamedRuleWithOperations")
        .then(|| table.ty("io.k8s.api.admissionregistration.v1.RuleWithOperations"))
        .flatten();
    nested.map_or_else(|| sorted(ty.go_name(), fields), |nested| message(table, nested))
}

fn sorted(name: &'static str, mut fields: Vec<Field>) -> Message {
    fields.sort_unstable_by_key(|field| field.number);
    Message { name, fields: fields.into_boxed_slice() }
}

fn field(table: &'static Table, field: &'static schema::Field) -> Option<Field> {
    let (label, shape) = match field.shape() {
        // A list type that is a message of its own, for being a type of its own.
        Shape::Array(_) if field.go_type(table) == "v1.Verbs" => (Label::Optional, field.shape()),
        Shape::Array(item) => (Label::Repeated, &**item),
        Shape::Map(value) => (Label::Map, &**value),
        shape if field.is_pointer() => (Label::Optional, shape),
        shape => (Label::Plain, shape),
    };
    let number = field.number().into();
    Some(Field { number, name: field.name(), label, kind: kind(table, shape)?, omit: field.omit() })
}

/// The kind of a shape; `None` if protobuf has none for it.
fn kind(table: &'static Table, shape: &Shape) -> Option<Kind> {
    Some(match shape {
        Shape::String => Kind::String,
        Shape::Int32 => Kind::Int32,
        Shape::Int64 => Kind::Int64,
        Shape::Float => Kind::Double,
        Shape::Bool => Kind::Bool,
        Shape::Bytes => Kind::Bytes,
        Shape::Time => Kind::Time,
        Shape::MicroTime => Kind::MicroTime,
        Shape::Quantity => Kind::Quantity,
        Shape::IntOrString => Kind::IntOrString,
        Shape::Array(item) if **item == Shape::String => Kind::Strings,
        // Nothing that travels as protobuf has one of these.
        Shape::Duration | Shape::Array(_) | Shape::Map(_) => return None,
        Shape::Object(id) => Kind::Message(place(table, table[*id].name())?),
        Shape::Any(id) => return any(table, &table[*id]),
    })
}

fn any(table: &'static Table, ty: &'static schema::Type) -> Option<Kind> {
    let schema = || place(table, &ty.name().replace(ty.go_name(), "JSONSchemaProps"));
    Some(match ty.go_name() {
        "JSONSchemaPropsOrArray" => Kind::SchemaOrArray(schema()?),
        "JSONSchemaPropsOrBool" => Kind::SchemaOrBool(schema()?),
        "JSONSchemaPropsOrStringArray" => Kind::SchemaOrStrings(schema()?),
        "FieldsV1" | "JSON" | "RawExtension" => Kind::Json,
        _ => return ty.alias().filter(|shape| !matches!(shape, Shape::Any(_))).and_then(|shape| kind(table, shape)),
    })
}

#[cfg(test)]
mod tests {
    use super::{Codec, Kind, Message, Table, field};

    fn check(message: &Message) {
        let numbers: Vec<u32> = message.fields.iter().map(|field| field.number).collect();
        assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]), "{}: {numbers:?}", message.name);
        for field in &message.fields {
            if let Kind::Embedded(message) = &field.kind {
                check(message);
            }
        }
    }

    #[test]
    fn numbers_are_unique() {
        Codec::builtin().messages.iter().for_each(check);
    }

    #[test]
    fn no_field_is_forgotten() {
        let table = Table::builtin();
        for ty in table.types() {
            for known in ty.fields().iter().filter(|field| field.number() != 0) {
                assert!(field(table, known).is_some(), "{}: {}", ty.name(), known.name());
            }
        }
    }
}
