use std::collections::BTreeMap;

/// What the masks `<rv1>`, `<rv2>` stand for in one run.
pub(super) type Bound = BTreeMap<String, String>;

const MASKS: [&str; 19] = [
    "uid",
    "time",
    "microtime",
    "rv",
    "age",
    "clusterIP",
    "nodePort",
    "jwt",
    "present",
    "hash",
    "continue",
    "id",
    "hostname",
    "128 hex digits",
    "omitted",
    "sha512 of document, 128 upper hex digits",
    "etag",
    "token",
    "audience",
];

/// Whether `actual` is what the masked text `expected` says. Numbered revisions are bound at their first use.
pub(super) fn matches(expected: &str, actual: &str, bound: &mut Bound) -> bool {
    let (expected, actual) = (without_luck(expected), without_luck(actual));
    let pieces = pieces(&expected);
    let mut rest = actual.as_str();
    let mut open: Option<&str> = None;
    for piece in pieces {
        match piece {
            Piece::Mask(name) => {
                if let Some(value) = bound.get(name) {
                    let Some(after) = rest.strip_prefix(value.as_str()) else { return false };
                    rest = after;
                } else {
                    open = Some(name);
                }
            }
            Piece::Text(text) => match open.take() {
                None => match rest.strip_prefix(text) {
                    Some(after) => rest = after,
                    None => return false,
                },
                Some(name) => match rest.find(text) {
                    Some(at) => {
                        bind(name, &rest[..at], bound);
                        rest = &rest[at + text.len()..];
                    }
                    None => return false,
                },
            },
        }
    }
    match open {
        Some(name) => {
            bind(name, rest, bound);
            !rest.is_empty() || name == "omitted"
        }
        None => rest.is_empty(),
    }
}

fn bind(name: &str, value: &str, bound: &mut Bound) {
    if is_numbered(name) {
        bound.insert(name.to_owned(), value.to_owned());
    }
}

/// Replaces the numbered masks of a request by what they are bound to, and plain ones by something stale.
pub(super) fn fill(text: &str, bound: &Bound) -> String {
    let mut out = String::new();
    for piece in pieces(text) {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Mask("rv") => out.push('1'),
            Piece::Mask("uid") => out.push_str("00000000-0000-0000-0000-000000000000"),
            Piece::Mask("time") => out.push_str("2026-01-01T00:00:00Z"),
            Piece::Mask(name) => out.push_str(bound.get(name).map_or("1", String::as_str)),
        }
    }
    out
}

enum Piece<'a> {
    Text(&'a str),
    Mask(&'a str),
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut out = Vec::new();
    let (mut start, mut from) = (0, 0);
    while let Some(at) = text[from..].find('<').map(|at| at + from) {
        let name = text[at + 1..].find('>').map(|end| &text[at + 1..at + 1 + end]);
        match name.filter(|name| MASKS.contains(name) || is_numbered(name)) {
            Some(name) => {
                if at > start {
                    out.push(Piece::Text(&text[start..at]));
                }
                out.push(Piece::Mask(name));
                start = at + name.len() + 2;
                from = start;
            }
            None => from = at + 1,
        }
    }
    if start < text.len() {
        out.push(Piece::Text(&text[start..]));
    }
    out
}

fn is_numbered(name: &str) -> bool {
    name.strip_prefix("rv").is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

/// Covers what the recordings show of chance without masking it.
fn without_luck(text: &str) -> String {
    let text = cover(text, "kube-api-access-", |c| c.is_ascii_alphanumeric() || c == '<' || c == '>');
    // The recorded server's pods had a volume source of its vendor's, which moved the lines of a printed difference.
    let text = cover(&text, "@@ -", |c| c.is_ascii_digit() || matches!(c, ',' | ' ' | '+' | '-'));
    cover(&text, "in record (", |c| c.is_ascii_digit())
}

fn cover(text: &str, before: &str, covered: impl Fn(char) -> bool) -> String {
    let mut parts = text.split(before);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str(before);
        out.push('?');
        out.push_str(part.trim_start_matches(&covered));
    }
    out
}
