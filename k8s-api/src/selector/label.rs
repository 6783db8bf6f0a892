use std::collections::BTreeMap;
use std::fmt;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::{Operator, ParseError, Requirement, parse};
use crate::field;

/// Which labels are meant.
///
/// The default is [`Selector::everything`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Selector {
    /// Sorted by key.
    requirements: Box<[Requirement]>,
    nothing: bool,
}

impl Selector {
    /// Matches whatever comes.
    pub fn everything() -> Self {
        Self::default()
    }

    /// Matches nothing at all.
    pub fn nothing() -> Self {
        Self { nothing: true, ..Self::default() }
    }

    /// All of these conditions together.
    pub fn all(requirements: impl IntoIterator<Item = Requirement>) -> Self {
        let mut requirements: Vec<_> = requirements.into_iter().collect();
        requirements.sort_by(|a, b| a.key().cmp(b.key()));
        Self { requirements: requirements.into(), nothing: false }
    }

    /// Reads the form of the `labelSelector` query parameter: `app=web,tier in (a,b),!canary`.
    ///
    /// # Errors
    /// With upstream's message.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        parse::requirements(text).map(Self::all)
    }

    /// Reads the form that stands in objects. `None` matches nothing, an empty one everything.
    ///
    /// # Errors
    /// When an operator is unknown, or does not go together with its key and values.
    pub fn of(object: Option<&LabelSelector>) -> Result<Self, ParseError> {
        let Some(object) = object else { return Ok(Self::nothing()) };
        let mut requirements = Vec::new();
        for (key, value) in object.match_labels.iter().flatten() {
            requirements.push(Requirement::new(key, Operator::Equals, &[value])?);
        }
        for expression in object.match_expressions.iter().flatten() {
            let operator = match &*expression.operator {
                "In" => Operator::In,
                "NotIn" => Operator::NotIn,
                "Exists" => Operator::Exists,
                "DoesNotExist" => Operator::DoesNotExist,
                other => {
                    let quoted = field::quote(other);
                    return Err(ParseError::new(format!("{quoted} is not a valid label selector operator")));
                }
            };
            let values = expression.values.as_deref().unwrap_or_default();
            requirements.push(Requirement::new(&expression.key, operator, values)?);
        }
        Ok(Self::all(requirements))
    }

    /// Matches objects that have all of these labels, as the `selector` of a Service does; keys and values are not
    /// checked, and an empty map matches everything.
    pub fn of_map(labels: &BTreeMap<String, String>) -> Self {
        Self::all(labels.iter().map(|(key, value)| Requirement::unchecked(key, Operator::Equals, &[value])))
    }

    /// Whether these labels are meant. An object without labels passes `None`.
    pub fn matches<'a>(&self, labels: impl Into<Option<&'a BTreeMap<String, String>>>) -> bool {
        let labels = labels.into();
        self.matches_with(|key| labels.and_then(|labels| labels.get(key)).map(String::as_str))
    }

    /// As [`Selector::matches`], for labels kept in any other way.
    pub fn matches_with<'a>(&self, get: impl Fn(&str) -> Option<&'a str>) -> bool {
        !self.nothing && self.requirements.iter().all(|requirement| requirement.matches(get(requirement.key())))
    }

    /// Whether every object matches.
    pub fn is_everything(&self) -> bool {
        !self.nothing && self.requirements.is_empty()
    }

    /// Whether it was made to match nothing.
    pub fn is_nothing(&self) -> bool {
        self.nothing
    }

    /// The conditions, sorted by key.
    pub fn requirements(&self) -> &[Requirement] {
        &self.requirements
    }

    /// The only value that the label may have, if there is such.
    pub fn exact(&self, key: &str) -> Option<&str> {
        let requirement = self.requirements.iter().find(|requirement| requirement.key() == key)?;
        let exact = matches!(requirement.operator(), Operator::In | Operator::Equals | Operator::DoubleEquals);
        let mut values = requirement.values();
        (exact && values.len() == 1).then(|| values.next()).flatten()
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (idx, requirement) in self.requirements.iter().enumerate() {
            let separator = if idx == 0 { "" } else { "," };
            write!(f, "{separator}{requirement}")?;
        }
        Ok(())
    }
}
