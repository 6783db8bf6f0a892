use super::{Table, TypeId};

/// What JSON a field takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A string.
    String,
    /// A whole number of 32 bits.
    Int32,
    /// A whole number of 64 bits.
    Int64,
    /// A number of double precision.
    Float,
    /// `true` or `false`.
    Bool,
    /// Bytes as a base64 string.
    Bytes,
    /// A time to the second, RFC 3339.
    Time,
    /// A time to the microsecond, RFC 3339.
    MicroTime,
    /// A quantity: a string, or a number that is read as one.
    Quantity,
    /// A whole number of 32 bits or a string.
    IntOrString,
    /// A span of time as Go writes it, `1m30s`.
    Duration,
    /// Whatever the type at this place accepts by code of its own: raw extensions, JSON values, field sets.
    Any(TypeId),
    /// A list of one shape.
    Array(Box<Shape>),
    /// An object with any keys and values of one shape.
    Map(Box<Shape>),
    /// An object with the fields of the type at this place.
    Object(TypeId),
}

impl Shape {
    /// The type of an object shape.
    pub fn object(&self) -> Option<TypeId> {
        match self {
            Self::Object(id) => Some(*id),
            _ => None,
        }
    }

    /// The shape of the items or values, of a list or a map.
    pub fn inner(&self) -> Option<&Self> {
        match self {
            Self::Array(inner) | Self::Map(inner) => Some(inner),
            _ => None,
        }
    }

    /// The Go type that upstream's decoder names for such a value: `int32`, `[]v1.Container`.
    ///
    /// A field of a named string or list type knows better: see [`Field::go_type`](super::Field::go_type).
    pub fn go_type(&self, table: &Table) -> String {
        let simple = match self {
            Self::String => "string",
            Self::Int32 => "int32",
            Self::Int64 => "int64",
            Self::Float => "float64",
            Self::Bool => "bool",
            Self::Bytes => "[]uint8",
            Self::Time => "v1.Time",
            Self::MicroTime => "v1.MicroTime",
            Self::Quantity => "resource.Quantity",
            Self::IntOrString => "intstr.IntOrString",
            Self::Duration => "v1.Duration",
            Self::Array(inner) => return format!("[]{}", inner.go_type(table)),
            Self::Map(inner) => return format!("map[string]{}", inner.go_type(table)),
            Self::Any(id) | Self::Object(id) => return table[*id].go_qualified().to_owned(),
        };
        simple.to_owned()
    }
}
