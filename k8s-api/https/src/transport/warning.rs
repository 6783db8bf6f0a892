use http::header::{HeaderMap, WARNING};

/// What the server wants people to know: the texts of the `Warning` headers with code 299.
///
/// Upstream: `k8s.io/apimachinery/pkg/util/net`, `ParseWarningHeaders`.
pub(super) fn read(headers: &HeaderMap) -> Vec<String> {
    let mut warnings = Vec::new();
    for header in headers.get_all(WARNING) {
        let mut rest = std::str::from_utf8(header.as_bytes()).unwrap_or_default();
        while let Some((warning, after)) = one(rest) {
            warnings.extend(warning);
            rest = after;
        }
    }
    warnings
}

/// The first warning, if it is one for people, and what comes behind it: `299 - "text" "date", 299 ...`.
fn one(header: &str) -> Option<(Option<String>, &str)> {
    let (code, rest) = header.trim_start().split_once(' ')?;
    let (_agent, rest) = rest.trim_start().split_once(' ')?;
    let (text, rest) = quoted(rest.trim_start().strip_prefix('"')?)?;
    // A date in quotes may follow.
    let rest = rest.trim_start();
    let rest = rest.strip_prefix('"').and_then(quoted).map_or(rest, |(_, after)| after.trim_start());
    Some(((code == "299").then_some(text), rest.strip_prefix(',').unwrap_or_default()))
}

/// The text up to the closing quote, without backslashes, and what comes behind.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((plain, &text[at + 1..])),
            '\\' => plain.push(chars.next()?.1),
            c => plain.push(c),
        }
    }
    None
}
