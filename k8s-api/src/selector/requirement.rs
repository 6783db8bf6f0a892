use std::fmt;

use serde_json::Value;

use super::ParseError;
use super::names::{label_key_errors, label_value_errors};
use crate::field::{self, Error, Path};

/// How a label is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// The label is there and has one of the values.
    In,
    /// The label is not there or has none of the values.
    NotIn,
    /// The label is there and has this value.
    Equals,
    /// The same, written `==`.
    DoubleEquals,
    /// The label is not there or has another value.
    NotEquals,
    /// The label is there.
    Exists,
    /// The label is not there.
    DoesNotExist,
    /// The label is there and is a whole number above this one.
    GreaterThan,
    /// The label is there and is a whole number below this one.
    LessThan,
}

/// One condition on one label.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Requirement {
    key: Box<str>,
    operator: Operator,
    /// Sorted when the requirement was parsed.
    values: Box<[Box<str>]>,
}

impl Requirement {
    /// A condition, if key, operator and values go together.
    ///
    /// # Errors
    /// With all that is wrong, as upstream lists it.
    pub fn new<S: AsRef<str>>(key: &str, operator: Operator, values: &[S]) -> Result<Self, ParseError> {
        Self::at(&Path::root(), key, operator, values)
    }

    /// As [`Requirement::new`], with errors that say where in an object the condition stands.
    ///
    /// # Errors
    /// With all that is wrong, as upstream lists it.
    pub fn at<S: AsRef<str>>(path: &Path, key: &str, operator: Operator, values: &[S]) -> Result<Self, ParseError> {
        let mut errors = Vec::new();
        if let Some(error) = key_error(&path.child("key"), key) {
            errors.push(error);
        }
        errors.extend(count_error(&path.child("values"), operator, values));
        for (idx, value) in values.iter().enumerate() {
            let path = path.child("values").index(idx);
            let value = value.as_ref();
            if matches!(operator, Operator::GreaterThan | Operator::LessThan) && value.parse::<i64>().is_err() {
                errors.push(Error::invalid(&path, value, "for 'Gt', 'Lt' operators, the value must be an integer"));
            }
            let wrong = label_value_errors(value);
            if !wrong.is_empty() {
                errors.push(Error::invalid(&path.key(key), value, wrong.join("; ")));
            }
        }
        if errors.is_empty() {
            Ok(Self::unchecked(key, operator, values))
        } else {
            Err(ParseError::new(field::summary(&errors)))
        }
    }

    /// A condition that is known to be valid.
    pub(super) fn unchecked<S: AsRef<str>>(key: &str, operator: Operator, values: &[S]) -> Self {
        Self { key: key.into(), operator, values: values.iter().map(|v| Box::from(v.as_ref())).collect() }
    }

    /// The label.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// How it is compared.
    pub fn operator(&self) -> Operator {
        self.operator
    }

    /// What it is compared with.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &str> {
        self.values.iter().map(|value| &**value)
    }

    /// Whether a label with this value, or an absent label, fulfils the condition.
    pub fn matches(&self, label: Option<&str>) -> bool {
        match self.operator {
            Operator::In | Operator::Equals | Operator::DoubleEquals => label.is_some_and(|label| self.has(label)),
            Operator::NotIn | Operator::NotEquals => !label.is_some_and(|label| self.has(label)),
            Operator::Exists => label.is_some(),
            Operator::DoesNotExist => label.is_none(),
            Operator::GreaterThan => self.compare(label, |label, bound| label > bound),
            Operator::LessThan => self.compare(label, |label, bound| label < bound),
        }
    }

    fn has(&self, label: &str) -> bool {
        self.values.iter().any(|value| **value == *label)
    }

    fn compare(&self, label: Option<&str>, holds: fn(i64, i64) -> bool) -> bool {
        let number = |text: &str| text.parse::<i64>().ok();
        let [bound] = &*self.values else { return false };
        label.and_then(number).zip(number(bound)).is_some_and(|(label, bound)| holds(label, bound))
    }
}

/// What is wrong with a label key.
pub(super) fn key_error(path: &Path, key: &str) -> Option<Error> {
    let wrong = label_key_errors(key);
    (!wrong.is_empty()).then(|| Error::invalid(path, key, wrong.join("; ")))
}

fn count_error<S: AsRef<str>>(path: &Path, operator: Operator, values: &[S]) -> Option<Error> {
    let n_values = values.len();
    let (wrong, rule) = match operator {
        Operator::In | Operator::NotIn => (n_values == 0, "for 'in', 'notin' operators, values set can't be empty"),
        Operator::Equals | Operator::DoubleEquals | Operator::NotEquals => {
            (n_values != 1, "exact-match compatibility requires one single value")
        }
        Operator::Exists | Operator::DoesNotExist => {
            (n_values != 0, "values set must be empty for exists and does not exist")
        }
        Operator::GreaterThan | Operator::LessThan => {
            (n_values != 1, "for 'Gt', 'Lt' operators, exactly one value is required")
        }
    };
    wrong.then(|| {
        let shown =
            if n_values == 0 { Value::Null } else { values.iter().map(|value| Value::from(value.as_ref())).collect() };
        Error::invalid(path, shown, rule)
    })
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (before, after) = match self.operator {
            Operator::DoesNotExist => return write!(f, "!{}", self.key),
            Operator::Exists => return f.write_str(&self.key),
            Operator::Equals => ("=", ""),
            Operator::DoubleEquals => ("==", ""),
            Operator::NotEquals => ("!=", ""),
            Operator::GreaterThan => (">", ""),
            Operator::LessThan => ("<", ""),
            Operator::In => (" in (", ")"),
            Operator::NotIn => (" notin (", ")"),
        };
        let mut values: Vec<&str> = self.values().collect();
        values.sort_unstable();
        write!(f, "{}{before}{}{after}", self.key, values.join(","))
    }
}
