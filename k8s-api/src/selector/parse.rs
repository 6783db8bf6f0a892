//! The grammar of the `labelSelector` query parameter.

use std::collections::BTreeSet;

use super::requirement::key_error;
use super::{Operator, ParseError, Requirement};
use crate::field::Path;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Token {
    Close,
    Comma,
    Not,
    DoubleEquals,
    End,
    Equals,
    Error,
    Greater,
    Identifier,
    In,
    Less,
    NotEquals,
    NotIn,
    Open,
}

type Scanned<'a> = (Token, &'a str);

/// Reads all conditions, in the order they are written.
pub(super) fn requirements(text: &str) -> Result<Vec<Requirement>, ParseError> {
    // A zero byte ends the text for upstream's scanner.
    let text = text.split('\0').next().unwrap_or_default();
    let mut parser = Parser { rest: text };
    let mut found = Vec::new();
    loop {
        match parser.peek() {
            (Token::End, _) => return Ok(found),
            (Token::Identifier | Token::Not | Token::In | Token::NotIn, _) => {
                let requirement = parser.requirement();
                found.push(requirement.map_err(|e| ParseError::new(format!("unable to parse requirement: {e}")))?);
            }
            (_, word) => return unexpected(word, "!, identifier, or 'end of string'"),
        }
        match parser.next() {
            (Token::End, _) => return Ok(found),
            (Token::Comma, _) => match parser.peek() {
                (Token::Identifier | Token::Not | Token::In | Token::NotIn, _) => {}
                (_, word) => return unexpected(word, "identifier after ','"),
            },
            (_, word) => return unexpected(word, "',' or 'end of string'"),
        }
    }
}

fn unexpected<T>(word: &str, expected: &str) -> Result<T, ParseError> {
    Err(ParseError::new(format!("found '{word}', expected: {expected}")))
}

struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Scanned<'a> {
        scan(self.rest).0
    }

    fn next(&mut self) -> Scanned<'a> {
        let (scanned, rest) = scan(self.rest);
        self.rest = rest;
        scanned
    }

    fn requirement(&mut self) -> Result<Requirement, ParseError> {
        let (mut token, mut key) = self.next();
        let negated = token == Token::Not;
        if negated {
            (token, key) = self.next();
        }
        if !is_word(token) {
            return unexpected(key, "identifier");
        }
        if let Some(mut error) = key_error(&Path::root(), key) {
            // Upstream prints the path that it was not given.
            "<nil>".clone_into(&mut error.field);
            return Err(ParseError::new(error.to_string()));
        }
        let none: [&str; 0] = [];
        if negated {
            return Requirement::new(key, Operator::DoesNotExist, &none);
        }
        if matches!(self.peek().0, Token::End | Token::Comma) {
            return Requirement::new(key, Operator::Exists, &none);
        }
        let operator = self.operator()?;
        let values = match operator {
            Operator::In | Operator::NotIn => self.values()?,
            _ => BTreeSet::from([self.exact_value()?]),
        };
        Requirement::new(key, operator, &values.into_iter().collect::<Vec<_>>())
    }

    fn operator(&mut self) -> Result<Operator, ParseError> {
        match self.next() {
            (Token::In, _) => Ok(Operator::In),
            (Token::Equals, _) => Ok(Operator::Equals),
            (Token::DoubleEquals, _) => Ok(Operator::DoubleEquals),
            (Token::Greater, _) => Ok(Operator::GreaterThan),
            (Token::Less, _) => Ok(Operator::LessThan),
            (Token::NotIn, _) => Ok(Operator::NotIn),
            (Token::NotEquals, _) => Ok(Operator::NotEquals),
            (_, word) => unexpected(word, "in, notin, =, ==, !=, gt, lt"),
        }
    }

    fn exact_value(&mut self) -> Result<&'a str, ParseError> {
        if matches!(self.peek().0, Token::End | Token::Comma) {
            return Ok("");
        }
        match self.next() {
            (token, word) if is_word(token) => Ok(word),
            (_, word) => unexpected(word, "identifier"),
        }
    }

    fn values(&mut self) -> Result<BTreeSet<&'a str>, ParseError> {
        let (token, word) = self.next();
        if token != Token::Open {
            return Err(ParseError::new(format!("found '{word}' expected: '('")));
        }
        let (token, first) = self.peek();
        if token == Token::Close {
            self.next();
            return Ok(BTreeSet::from([""]));
        }
        if !is_word(token) && token != Token::Comma {
            return unexpected(first, "',', ')' or identifier");
        }
        let values = self.value_list()?;
        self.next();
        Ok(values)
    }

    /// Reads up to, and not including, the closing parenthesis.
    fn value_list(&mut self) -> Result<BTreeSet<&'a str>, ParseError> {
        let mut values = BTreeSet::new();
        loop {
            match self.next() {
                (token, word) if is_word(token) => {
                    values.insert(word);
                    match self.peek() {
                        (Token::Comma, _) => {}
                        (Token::Close, _) => return Ok(values),
                        (_, word) => return unexpected(word, "',' or ')'"),
                    }
                }
                (Token::Comma, _) => {
                    let next = self.peek().0;
                    if values.is_empty() || matches!(next, Token::Close | Token::Comma) {
                        values.insert("");
                    }
                    if next == Token::Close {
                        return Ok(values);
                    }
                }
                (_, word) => return unexpected(word, "',', or identifier"),
            }
        }
    }
}

/// `in` and `notin` may be keys and values as well.
fn is_word(token: Token) -> bool {
    matches!(token, Token::Identifier | Token::In | Token::NotIn)
}

fn is_symbol(c: char) -> bool {
    matches!(c, '=' | '!' | '(' | ')' | ',' | '>' | '<')
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// The next token and what follows it.
fn scan(text: &str) -> (Scanned<'_>, &str) {
    let text = text.trim_start_matches(is_space);
    let Some(first) = text.chars().next() else { return ((Token::End, ""), "") };
    if is_symbol(first) {
        return scan_symbol(text);
    }
    let (word, rest) = text.split_at(text.find(|c| is_symbol(c) || is_space(c)).unwrap_or(text.len()));
    let token = match word {
        "in" => Token::In,
        "notin" => Token::NotIn,
        _ => Token::Identifier,
    };
    ((token, word), rest)
}

/// Every symbol alone is a token, so the longest of one or two symbols is what counts.
fn scan_symbol(text: &str) -> (Scanned<'_>, &str) {
    let (token, len) = match text.as_bytes() {
        [b'=', b'=', ..] => (Token::DoubleEquals, 2),
        [b'!', b'=', ..] => (Token::NotEquals, 2),
        [b'=', ..] => (Token::Equals, 1),
        [b'!', ..] => (Token::Not, 1),
        [b'(', ..] => (Token::Open, 1),
        [b')', ..] => (Token::Close, 1),
        [b',', ..] => (Token::Comma, 1),
        [b'>', ..] => (Token::Greater, 1),
        [b'<', ..] => (Token::Less, 1),
        _ => (Token::Error, 0),
    };
    let (word, rest) = text.split_at(len);
    ((token, word), rest)
}
