//! The grammars of names, labels, keys, ports and ids, each with upstream's words for what is wrong.
//!
//! Every function takes a value and gives one message for each mistake; nothing is allocated when there is none.
//! Matching is by hand instead of by regular expression: a name is checked in tens of nanoseconds.
//!
//! Upstream: `k8s.io/apimachinery/pkg/util/validation`, `.../pkg/api/validate/content`, `.../pkg/api/validation/name.go`.

use std::borrow::Cow;

use crate::NameRule;

/// What is wrong with a value: one message for each mistake, none when it is well-formed.
pub type Messages = Vec<Cow<'static, str>>;

/// The longest DNS label.
pub const LABEL_MAX: usize = 63;
/// The longest DNS subdomain.
pub const SUBDOMAIN_MAX: usize = 253;

const LABEL_FMT: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const SUBDOMAIN_FMT: &str = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
const LABEL_KEY_FMT: &str = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const LABEL_KEY_WORDS: &str =
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const SUBDOMAIN_WORDS: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, \
     '-' or '.', and must start and end with an alphanumeric character";

/// The message for a value that does not match an expression, with examples of values that do.
pub fn regex_error(words: &str, expression: &str, examples: &[&str]) -> String {
    if examples.is_empty() {
        return format!("{words} (regex used for validation is '{expression}')");
    }
    let mut text = format!("{words} (e.g. ");
    for (i, example) in examples.iter().enumerate() {
        text.push_str(if i > 0 { " or '" } else { "'" });
        text.push_str(example);
        text.push_str("', ");
    }
    text.push_str("regex used for validation is '");
    text.push_str(expression);
    text.push_str("')");
    text
}

/// The message for a number out of its range.
pub fn range_error(low: i64, high: i64) -> String {
    format!("must be between {low} and {high}, inclusive")
}

/// The message for a text that is too long.
pub fn max_len_error(max: usize) -> String {
    format!("must be no more than {max} characters")
}

fn too_long_by(unit: &str, value: &str, max: usize) -> Messages {
    if value.len() > max { vec![format!("must be no more than {max} {unit}").into()] } else { Messages::new() }
}

fn lower(b: u8) -> bool {
    b.is_ascii_lowercase() || b.is_ascii_digit()
}

/// Whether `value` is one or more bytes of `inner`, the first and the last of `edge`.
fn framed(value: &str, edge: fn(u8) -> bool, inner: fn(u8) -> bool) -> bool {
    match value.as_bytes() {
        [] => false,
        [one] => edge(*one),
        [first, middle @ .., last] => edge(*first) && edge(*last) && middle.iter().all(|b| inner(*b)),
    }
}

fn matches_label(value: &str) -> bool {
    framed(value, lower, |b| lower(b) || b == b'-')
}

fn matches_subdomain(value: &str) -> bool {
    value.split('.').all(matches_label)
}

fn matches_label_key(value: &str) -> bool {
    framed(value, |b| b.is_ascii_alphanumeric(), |b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// A DNS label (RFC 1123): at most 63 of `a-z0-9-`.
pub fn dns1123_label(value: &str) -> Messages {
    let mut messages = too_long_by("characters", value, LABEL_MAX);
    if !matches_label(value) {
        messages.push(if matches_subdomain(value) {
            "must not contain dots".into()
        } else {
            regex_error(
                "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start \
                 and end with an alphanumeric character",
                LABEL_FMT,
                &["my-name", "123-abc"],
            )
            .into()
        });
    }
    messages
}

/// A DNS subdomain (RFC 1123): labels with dots between, at most 253 bytes.
pub fn dns1123_subdomain(value: &str) -> Messages {
    subdomain_in("characters", value)
}

fn subdomain_in(unit: &str, value: &str) -> Messages {
    let mut messages = too_long_by(unit, value, SUBDOMAIN_MAX);
    if !matches_subdomain(value) {
        messages.push(regex_error(SUBDOMAIN_WORDS, SUBDOMAIN_FMT, &["example.com"]).into());
    }
    messages
}

/// A DNS subdomain whose labels may hold underscores.
pub fn dns1123_subdomain_with_underscore(value: &str) -> Messages {
    let mut messages = too_long_by("characters", value, SUBDOMAIN_MAX);
    let label = |l: &str| framed(l.strip_prefix('_').unwrap_or(l), lower, |b| lower(b) || matches!(b, b'-' | b'_'));
    if !value.split('.').all(label) {
        messages.push(
            regex_error(
                "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', \
                 and must start and end with an alphanumeric character",
                r"_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*",
                &["example.com"],
            )
            .into(),
        );
    }
    messages
}

/// A DNS subdomain in upper or lower case, as DRA and CSI driver names are.
pub fn dns1123_subdomain_caseless(value: &str) -> Messages {
    let mut messages = too_long_by("bytes", value, SUBDOMAIN_MAX);
    let label = |l: &str| framed(l, |b| b.is_ascii_alphanumeric(), |b| b.is_ascii_alphanumeric() || b == b'-');
    if !value.split('.').all(label) {
        messages.push(
            regex_error(
                "an RFC 1123 subdomain must consist of alphanumeric characters, '-' or '.', and must start and end \
                 with an alphanumeric character",
                SUBDOMAIN_FMT,
                &["Example.com"],
            )
            .into(),
        );
    }
    messages
}

/// A DNS label (RFC 1035): as RFC 1123's but starting with a letter.
pub fn dns1035_label(value: &str) -> Messages {
    let mut messages = too_long_by("characters", value, LABEL_MAX);
    if !(matches_label(value) && value.as_bytes()[0].is_ascii_lowercase()) {
        messages.push(
            regex_error(
                "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic \
                 character, and end with an alphanumeric character",
                "[a-z]([-a-z0-9]*[a-z0-9])?",
                &["my-name", "abc-123"],
            )
            .into(),
        );
    }
    messages
}

/// `*.` and a DNS subdomain (RFC 1034 section 4.3.3).
pub fn wildcard_dns1123_subdomain(value: &str) -> Messages {
    let mut messages = too_long_by("characters", value, SUBDOMAIN_MAX);
    if !value.strip_prefix("*.").is_some_and(matches_subdomain) {
        messages.push(
            regex_error(
                "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must \
                 consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
                &format!(r"\*\.{SUBDOMAIN_FMT}"),
                &["*.example.com"],
            )
            .into(),
        );
    }
    messages
}

/// A label key, also called a qualified name: a name, and before it perhaps a DNS subdomain and a slash.
pub fn qualified_name(value: &str) -> Messages {
    let wrong_name = || regex_error(LABEL_KEY_WORDS, LABEL_KEY_FMT, &["MyName", "my.name", "123-abc"]);
    let mut messages = Messages::new();
    let name = match value.split_once('/') {
        None => value,
        Some((_, name)) if name.contains('/') => {
            messages.push(
                format!(
                    "a valid label key {} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
                    wrong_name()
                )
                .into(),
            );
            return messages;
        }
        Some(("", name)) => {
            messages.push("prefix part must be non-empty".into());
            name
        }
        Some((prefix, name)) => {
            messages.extend(subdomain_in("bytes", prefix).into_iter().map(|m| format!("prefix part {m}").into()));
            name
        }
    };
    if name.is_empty() {
        messages.push("name part must be non-empty".into());
    } else if name.len() > LABEL_MAX {
        messages.push("name part must be no more than 63 bytes".into());
    }
    if !matches_label_key(name) {
        messages.push(format!("name part {}", wrong_name()).into());
    }
    messages
}

/// The value of a label: empty, or at most 63 of `A-Za-z0-9-_.` that start and end with a letter or digit.
pub fn label_value(value: &str) -> Messages {
    let mut messages = too_long_by("bytes", value, LABEL_MAX);
    if !value.is_empty() && !matches_label_key(value) {
        messages.push(
            regex_error(
                "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and \
                 must start and end with an alphanumeric character",
                &format!("({LABEL_KEY_FMT})?"),
                &["MyValue", "my_value", "12345"],
            )
            .into(),
        );
    }
    messages
}

/// An identifier as in C.
pub fn c_identifier(value: &str) -> Messages {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let fits = value.bytes().all(word) && value.bytes().next().is_some_and(|b| !b.is_ascii_digit());
    if fits {
        return Messages::new();
    }
    vec![
        regex_error(
            "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric \
             characters or '_'",
            "[A-Za-z_][A-Za-z0-9_]*",
            &["my_name", "MY_NAME", "MyName"],
        )
        .into(),
    ]
}

/// The name of an environment variable by the strict rule.
pub fn env_var_name(value: &str) -> Messages {
    let word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    let mut messages = Messages::new();
    if !value.bytes().all(word) || value.bytes().next().is_none_or(|b| b.is_ascii_digit()) {
        messages.push(
            regex_error(
                "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', \
                 and must not start with a digit",
                "[-._a-zA-Z][-._a-zA-Z0-9]*",
                &["my.env-name", "MY_ENV.NAME", "MyEnvName1"],
            )
            .into(),
        );
    }
    messages.extend(upwards(value));
    messages
}

/// The name of an environment variable by the rule in force since 1.34: printable ASCII without `=`.
pub fn relaxed_env_var_name(value: &str) -> Messages {
    let mut messages = Messages::new();
    if value.is_empty() {
        messages.push("environment variable name must be non-empty".into());
    }
    if !value.bytes().all(|b| (b' '..=b'~').contains(&b) && b != b'=') {
        messages.push(
            "a valid environment variable name must consist only of printable ASCII characters other than '='".into(),
        );
    }
    messages
}

/// A key of a ConfigMap or Secret, usable as a file name.
pub fn config_map_key(value: &str) -> Messages {
    let mut messages = too_long_by("characters", value, SUBDOMAIN_MAX);
    let word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    if value.is_empty() || !value.bytes().all(word) {
        messages.push(
            regex_error(
                "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
                "[-._a-zA-Z0-9]+",
                &["key.name", "KEY_NAME", "key-name"],
            )
            .into(),
        );
    }
    messages.extend(upwards(value));
    messages
}

fn upwards(value: &str) -> Option<Cow<'static, str>> {
    match value {
        "." => Some("must not be '.'".into()),
        ".." => Some("must not be '..'".into()),
        _ if value.starts_with("..") => Some("must not start with '..'".into()),
        _ => None,
    }
}

/// The number of a port.
pub fn port_num(port: i64) -> Messages {
    in_range(port, 1, 65535)
}

/// A number between `low` and `high`, both included.
pub fn in_range(value: i64, low: i64, high: i64) -> Messages {
    if (low..=high).contains(&value) { Messages::new() } else { vec![range_error(low, high).into()] }
}

/// A Unix user id.
pub fn user_id(uid: i64) -> Messages {
    in_range(uid, 0, i64::from(i32::MAX))
}

/// A Unix group id.
pub fn group_id(gid: i64) -> Messages {
    in_range(gid, 0, i64::from(i32::MAX))
}

/// The name of a port (RFC 6335): at most 15 of `a-z0-9-`, a letter among them.
pub fn port_name(value: &str) -> Messages {
    let mut messages = too_long_by("characters", value, 15);
    if value.is_empty() || !value.bytes().all(|b| lower(b) || b == b'-') {
        messages.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)".into());
    }
    if !value.bytes().any(|b| b.is_ascii_lowercase()) {
        messages.push("must contain at least one letter (a-z)".into());
    }
    if value.contains("--") {
        messages.push("must not contain consecutive hyphens".into());
    }
    if value.starts_with('-') || value.ends_with('-') {
        messages.push("must not begin or end with a hyphen".into());
    }
    messages
}

/// A percentage, `12%`.
pub fn percent(value: &str) -> Messages {
    if value.strip_suffix('%').is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit())) {
        return Messages::new();
    }
    vec![
        regex_error(
            "a valid percent string must be a numeric string followed by an ending '%'",
            "[0-9]+%",
            &["1%", "93%"],
        )
        .into(),
    ]
}

/// The name of an HTTP header.
pub fn http_header_name(value: &str) -> Messages {
    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return Messages::new();
    }
    vec![
        regex_error(
            "a valid HTTP header must consist of alphanumeric characters or '-'",
            "[-A-Za-z0-9]+",
            &["X-Header-Name"],
        )
        .into(),
    ]
}

/// The reason of a condition.
pub fn condition_reason(value: &str) -> Messages {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let fits = value.bytes().next().is_some_and(|b| b.is_ascii_alphabetic())
        && value.bytes().all(|b| word(b) || matches!(b, b',' | b':'))
        && value.bytes().last().is_some_and(word);
    if fits {
        return Messages::new();
    }
    vec![
        regex_error(
            "a condition reason must start with alphabetic character, optionally followed by a string of \
             alphanumeric characters or '_,:', and must end with an alphanumeric character or '_'",
            "[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?",
            &["my_name", "MY_NAME", "MyName", "ReasonA,ReasonB", "ReasonA:ReasonB"],
        )
        .into(),
    ]
}

/// A name that can stand as one segment of a path.
pub fn path_segment(value: &str) -> Messages {
    match value {
        "." => vec!["may not be '.'".into()],
        ".." => vec!["may not be '..'".into()],
        _ => path_segment_prefix(value),
    }
}

/// The beginning of a name that will stand as one segment of a path.
pub fn path_segment_prefix(value: &str) -> Messages {
    let mut messages = Messages::new();
    if value.contains('/') {
        messages.push("may not contain '/'".into());
    }
    if value.contains('%') {
        messages.push("may not contain '%'".into());
    }
    messages
}

/// A name of a kind whose names follow `rule`; with `prefix`, the beginning of one that will be generated.
pub fn by_rule(rule: NameRule, value: &str, prefix: bool) -> Messages {
    match rule {
        NameRule::PathSegment if prefix => path_segment_prefix(value),
        NameRule::PathSegment => path_segment(value),
        _ => {
            let masked = if prefix { mask_trailing_dash(value) } else { value.into() };
            match rule {
                NameRule::Label => dns1123_label(&masked),
                NameRule::Label1035 => dns1035_label(&masked),
                NameRule::Subdomain | NameRule::PathSegment => dns1123_subdomain(&masked),
            }
        }
    }
}

/// A prefix may end with a dash since something follows it. Upstream puts a letter in place of the last two bytes.
fn mask_trailing_dash(name: &str) -> Cow<'_, str> {
    match name.strip_suffix('-') {
        Some(rest) if !rest.is_empty() => {
            let mut kept = rest.to_owned();
            kept.pop();
            kept.push('a');
            kept.into()
        }
        _ => name.into(),
    }
}
