use std::fmt;

use super::ParseError;

/// Which field values are meant.
///
/// Only equality is known; which fields there are is for the resource to say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct FieldSelector {
    terms: Box<[Term]>,
}

/// One condition on one field.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Term {
    /// `metadata.name`.
    pub field: Box<str>,
    /// Whether the field must have the value, or must not.
    pub equal: bool,
    /// The value.
    pub value: Box<str>,
}

impl FieldSelector {
    /// Matches whatever comes.
    pub fn everything() -> Self {
        Self::default()
    }

    /// Matches objects whose field has this value.
    pub fn equal(field: &str, value: &str) -> Self {
        Self { terms: Box::new([Term { field: field.into(), equal: true, value: value.into() }]) }
    }

    /// Reads the form of the `fieldSelector` query parameter: `metadata.name=a,status.phase!=Failed`.
    ///
    /// # Errors
    /// With upstream's message.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let mut parts: Vec<&str> = split_terms(text).collect();
        parts.sort_unstable();
        let terms = parts.into_iter().filter(|part| !part.is_empty()).map(|part| {
            let (field, equal, value) = split_term(part)
                .ok_or_else(|| ParseError::new(format!("invalid selector: '{text}'; can't understand '{part}'")))?;
            Ok(Term { field: field.into(), equal, value: unescape(value)?.into() })
        });
        Ok(Self { terms: terms.collect::<Result<_, ParseError>>()? })
    }

    /// Rewrites each condition; one whose field and value both become empty is left out.
    ///
    /// # Errors
    /// With the first error of `rewrite`.
    pub fn rewrite<E>(self, mut rewrite: impl FnMut(Term) -> Result<Term, E>) -> Result<Self, E> {
        let mut terms = Vec::with_capacity(self.terms.len());
        for term in self.terms {
            let term = rewrite(term)?;
            if !(term.field.is_empty() && term.value.is_empty()) {
                terms.push(term);
            }
        }
        Ok(Self { terms: terms.into() })
    }

    /// Whether an object whose fields `get` reads is meant; a field that is absent reads as empty.
    pub fn matches<'a>(&self, get: impl Fn(&str) -> Option<&'a str>) -> bool {
        self.terms.iter().all(|term| (get(&term.field).unwrap_or_default() == &*term.value) == term.equal)
    }

    /// Whether every object matches.
    pub fn is_everything(&self) -> bool {
        self.terms.is_empty()
    }

    /// The conditions, sorted by their text.
    pub fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// The only value that the field may have, if there is such.
    pub fn exact(&self, field: &str) -> Option<&str> {
        self.terms.iter().find(|term| term.equal && &*term.field == field).map(|term| &*term.value)
    }
}

impl fmt::Display for FieldSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (idx, term) in self.terms.iter().enumerate() {
            let separator = if idx == 0 { "" } else { "," };
            let operator = if term.equal { "=" } else { "!=" };
            write!(f, "{separator}{}{operator}", term.field)?;
            for c in term.value.chars() {
                let escape = if matches!(c, '\\' | ',' | '=') { "\\" } else { "" };
                write!(f, "{escape}{c}")?;
            }
        }
        Ok(())
    }
}

/// Splits at commas that no backslash stands before.
fn split_terms(text: &str) -> impl Iterator<Item = &str> {
    let mut escaped = false;
    text.split(move |c| {
        let splits = c == ',' && !escaped;
        escaped = c == '\\' && !escaped;
        splits
    })
}

fn split_term(term: &str) -> Option<(&str, bool, &str)> {
    let place = term.char_indices().find(|(idx, c)| *c == '=' || term[*idx..].starts_with("!="))?.0;
    let (field, rest) = term.split_at(place);
    if let Some(value) = rest.strip_prefix("!=") {
        return Some((field, false, value));
    }
    rest.strip_prefix("==").or_else(|| rest.strip_prefix('=')).map(|value| (field, true, value))
}

fn unescape(value: &str) -> Result<String, ParseError> {
    let mut plain = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(c @ ('\\' | ',' | '=')) => plain.push(c),
                other => {
                    let sequence = other.map_or_else(|| "\\".to_owned(), |c| format!("\\{c}"));
                    let message = format!("invalid field selector: invalid escape sequence: {sequence}");
                    return Err(ParseError::new(message));
                }
            },
            // Upstream prints the character's number.
            ',' | '=' => {
                let number = u32::from(c);
                let message = format!("invalid field selector: unescaped character in value: {number}");
                return Err(ParseError::new(message));
            }
            c => plain.push(c),
        }
    }
    Ok(plain)
}
