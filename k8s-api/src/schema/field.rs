use super::{Shape, Table};
use crate::Name;

/// One field of a type.
#[derive(Clone, Debug)]
pub struct Field {
    pub(super) name: Name,
    pub(super) shape: Shape,
    pub(super) number: u16,
    pub(super) outer_number: u16,
    pub(super) position: u16,
    pub(super) required: bool,
    pub(super) omit: Omit,
    pub(super) pointer: bool,
    /// What most fields do not have; apart, because it is the larger half.
    pub(super) rare: Option<Box<Rare>>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Rare {
    pub(super) list: ListKind,
    pub(super) list_map_keys: Box<[Name]>,
    pub(super) map: Option<MapKind>,
    pub(super) merge: bool,
    pub(super) replace: bool,
    pub(super) retain_keys: bool,
    pub(super) merge_key: Option<Name>,
    pub(super) go_type: Option<Name>,
    pub(super) documented_default: Option<Name>,
    pub(super) values: Box<[Name]>,
}

/// When upstream leaves a field out of the JSON that it writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Omit {
    /// Never: what is unset is written as `""`, `0`, `false`, `null` or `{}`.
    Never,
    /// When it is `""`, `0`, `false`, null or an empty list or map.
    ///
    /// As Go has it, a struct that is no pointer is never empty: it is written as `{}`.
    Empty,
    /// When nothing in it is set, also if it is a struct.
    Zero,
}

/// How the items of a list are told apart in server-side apply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ListKind {
    /// Nothing is said: the list is replaced as a whole.
    #[default]
    Unspecified,
    /// The list is replaced as a whole.
    Atomic,
    /// Items are scalars and each occurs once.
    Set,
    /// Items are objects with the key fields of [`Field::list_map_keys`].
    Map,
}

/// Whether an object's fields have owners of their own in server-side apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapKind {
    /// The object is replaced as a whole.
    Atomic,
    /// Each field has owners of its own.
    Granular,
}

/// What strategic merge patch does with a field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Patch<'a> {
    /// Lists are merged by key or, for scalars, as sets.
    pub merge: bool,
    /// The patch's value takes the place of the present one.
    pub replace: bool,
    /// The patch may say which keys of an object to keep (`$retainKeys`).
    pub retain_keys: bool,
    /// The key field of merged lists of objects.
    pub merge_key: Option<&'a str>,
}

impl Field {
    /// Its key in JSON.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What JSON it takes.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Its number in the protobuf encoding; 0 for what is not there, such as `kind` of an object.
    pub fn number(&self) -> u16 {
        self.number
    }

    /// The number of the message that holds it in the protobuf encoding; 0 if that is the type itself.
    ///
    /// Go embeds some structs whose fields JSON shows in place: those of a probe's handler, or of a volume's source.
    pub fn outer_number(&self) -> u16 {
        self.outer_number
    }

    /// Its place in the order in which upstream writes the fields of the type as JSON.
    pub fn position(&self) -> u16 {
        self.position
    }

    /// Whether OpenAPI documents call it required. Requests may lack it all the same: validation is code.
    pub fn is_required(&self) -> bool {
        self.required
    }

    /// When upstream leaves it out of what it writes.
    pub fn omit(&self) -> Omit {
        self.omit
    }

    /// Whether upstream leaves it out when it is empty: unless [`Omit::Never`].
    pub fn omits_empty(&self) -> bool {
        self.omit != Omit::Never
    }

    /// Whether it is a pointer in Go, so that absent and zero differ.
    pub fn is_pointer(&self) -> bool {
        self.pointer
    }

    /// How the items of the list are told apart in server-side apply.
    pub fn list(&self) -> ListKind {
        self.rare.as_ref().map_or(ListKind::Unspecified, |rare| rare.list)
    }

    /// The key fields of a list of [`ListKind::Map`], in upstream's order.
    pub fn list_map_keys(&self) -> &[Name] {
        self.rare.as_ref().map_or(&[], |rare| &rare.list_map_keys)
    }

    /// What the field says of its object or map; [`Type::map_kind`](super::Type::map_kind) may say it instead.
    pub fn map_kind(&self) -> Option<MapKind> {
        self.rare.as_ref()?.map
    }

    /// What strategic merge patch does with it.
    pub fn patch(&self) -> Patch<'_> {
        self.rare.as_ref().map_or_else(Patch::default, |rare| Patch {
            merge: rare.merge,
            replace: rare.replace,
            retain_keys: rare.retain_keys,
            merge_key: rare.merge_key.as_deref(),
        })
    }

    /// The Go type that upstream's decoder names when a value does not fit: `v1.Protocol`, `map[string]string`.
    pub fn go_type(&self, table: &Table) -> String {
        let named = self.rare.as_ref().and_then(|rare| rare.go_type.as_deref());
        named.map_or_else(|| self.shape.go_type(table), str::to_owned)
    }

    /// The Go type of one item or value of a list or map.
    pub fn go_item_type(&self, table: &Table) -> Option<String> {
        let named = self.rare.as_ref().and_then(|rare| rare.go_type.as_deref());
        let item = named.and_then(|name| name.strip_prefix("[]").or_else(|| Some(name.split_once(']')?.1)));
        match item {
            Some(item) => Some(item.trim_start_matches('*').to_owned()),
            None => self.shape.inner().map(|inner| inner.go_type(table)),
        }
    }

    /// The values that OpenAPI documents list for it, or for its items; none where it may have any.
    ///
    /// For documents: whether a request may have others is for validation to say.
    pub fn documented_values(&self) -> &[Name] {
        self.rare.as_ref().map_or(&[], |rare| &rare.values)
    }

    /// The default that OpenAPI v3 documents for it, as JSON.
    ///
    /// For OpenAPI documents only: nearly all are Go's zero values, and applying them would be wrong.
    pub fn documented_default(&self) -> Option<&str> {
        if let Some(default) = self.rare.as_ref().and_then(|rare| rare.documented_default.as_deref()) {
            return Some(default);
        }
        if self.pointer {
            return None;
        }
        let zero = self.required && self.omit == Omit::Never;
        match &self.shape {
            Shape::String if zero => Some("\"\""),
            Shape::Int32 | Shape::Int64 | Shape::Float if zero => Some("0"),
            Shape::Bool if zero => Some("false"),
            Shape::Object(_) => Some("{}"),
            _ => None,
        }
    }
}
