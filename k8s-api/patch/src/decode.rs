//! Bodies of requests, read by the schema of the kind they should be.

mod body;
mod strict;
mod target;
mod walk;

use serde_json::Value;

pub(crate) use body::with_kind;
pub use body::{MediaType, body, summary, tree};
pub(crate) use strict::Strict;
pub(crate) use target::Refusal;
pub use target::Target;
pub(crate) use walk::{Flavour, walk};

pub use crate::yaml::is_too_deep;

/// What happens to unknown and repeated fields, as the `fieldValidation` query parameter says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strictness {
    /// The request fails.
    Strict,
    /// The client is warned.
    #[default]
    Warn,
    /// They are dropped silently.
    Ignore,
}

impl Strictness {
    /// Reads the query parameter; `None` if it means nothing.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "Strict" => Some(Self::Strict),
            "" | "Warn" => Some(Self::Warn),
            "Ignore" => Some(Self::Ignore),
            _ => None,
        }
    }
}

/// An object as its schema knows it, with whatever the client should be warned of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decoded {
    /// The object, with `apiVersion` and `kind`. Quantities and times are in canonical form.
    pub tree: Value,
    /// Texts of `Warning` headers, in order; none but with [`Strictness::Warn`].
    pub warnings: Vec<String>,
}
