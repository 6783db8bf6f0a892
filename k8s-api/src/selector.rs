//! Which objects are meant: selectors over labels and over fields.
//!
//! Upstream: `k8s.io/apimachinery/pkg/{labels,fields}`. A selector is made once; matching allocates nothing.
//!
//! ```
//! use std::collections::BTreeMap;
//! use k8s_api::selector::{FieldSelector, Selector};
//!
//! let selector = Selector::parse("app in (web, db), !canary").unwrap();
//! let labels = BTreeMap::from([("app".to_owned(), "web".to_owned())]);
//! assert!(selector.matches(&labels));
//! assert!(!selector.matches(None));
//! assert_eq!(selector.to_string(), "app in (db,web),!canary");
//!
//! let fields = FieldSelector::parse("spec.nodeName=n1,status.phase!=Failed").unwrap();
//! assert_eq!(fields.exact("spec.nodeName"), Some("n1"));
//! ```

mod field;
mod label;
mod names;
mod parse;
mod requirement;

pub use field::{FieldSelector, Term};
pub use label::Selector;
pub use names::{label_key_errors, label_value_errors};
pub use requirement::{Operator, Requirement};

/// Why a text, or an object, is no selector.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ParseError(String);

impl ParseError {
    fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}
