use k8s_api::GroupVersionKind;
use k8s_api::quantity::ParseError;

/// Why bytes are no object, or an object has no bytes.
///
/// Where upstream's generated code has words for it, these are they: clients see them in answers.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is nothing at all.
    #[error("empty data")]
    Empty,
    /// The bytes are something else than protobuf of Kubernetes.
    #[error("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")]
    Prefix,
    /// Nothing follows the prefix.
    #[error("empty body")]
    NoBody,
    /// The bytes end within a value.
    #[error("unexpected EOF")]
    Truncated,
    /// A number has more than 64 bits.
    #[error("proto: integer overflow")]
    Overflow,
    /// A length has its highest bit set.
    #[error("proto: negative length found during unmarshaling")]
    NegativeLength,
    /// A group ends that did not begin.
    #[error("proto: unexpected end of group")]
    EndOfGroup,
    /// There are no values of this wire type.
    #[error("proto: illegal wireType {0}")]
    WireType(u8),
    /// A message begins a field of no, or a negative, number.
    #[error("proto: {message}: illegal tag {number} (wire type {wire})")]
    Tag {
        /// The type's name in Go.
        message: &'static str,
        /// The number.
        number: i32,
        /// Number and wire type as they were read.
        wire: u64,
    },
    /// A message has the end of a group instead of a field.
    #[error("proto: {message}: wiretype end group for non-group")]
    StrayGroup {
        /// The type's name in Go.
        message: &'static str,
    },
    /// A field's value is of another wire type than the field.
    #[error("proto: wrong wireType = {found} for field {field}")]
    Field {
        /// The field's name in Go.
        field: String,
        /// What was found.
        found: u8,
    },
    /// Objects are nested deeper than JSON decoders follow.
    #[error("exceeded max depth")]
    Depth,
    /// A quantity that is none.
    #[error(transparent)]
    Quantity(#[from] ParseError),
    /// A time that RFC 3339 cannot write.
    #[error("Time.MarshalJSON: year outside of range [0,9999]")]
    Time,
    /// A field that holds JSON holds something else.
    #[error("field {field} is no well-formed JSON")]
    Json {
        /// The field's key.
        field: &'static str,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// There is no such kind, or it has no protobuf encoding.
    #[error("no protobuf encoding of kind \"{}\" in version \"{}\"", .0.kind, .0.api_version())]
    Kind(GroupVersionKind),
    /// A tree to encode has a value that does not fit its field.
    #[error("field {field} has a value of another type")]
    Misfit {
        /// The field's key.
        field: &'static str,
    },
}
