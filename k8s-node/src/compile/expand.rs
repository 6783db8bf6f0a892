use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Container;

/// Replaces `$(NAME)` by what `find` knows; `$$` is a dollar, and what nobody knows stays as it is.
///
/// Upstream: `k8s.io/kubernetes/third_party/forked/golang/expansion`.
pub(crate) fn expand<'a>(text: &str, find: impl Fn(&str) -> Option<&'a str>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let (before, dollar) = rest.split_at(at);
        out.push_str(before);
        let after = &dollar[1..];
        if let Some(more) = after.strip_prefix('$') {
            out.push('$');
            rest = more;
        } else if let Some((name, more)) = after.strip_prefix('(').and_then(|inner| inner.split_once(')')) {
            match find(name) {
                Some(value) => out.push_str(value),
                None => out.push_str(&dollar[..name.len() + 3]),
            }
            rest = more;
        } else {
            out.push('$');
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

/// Expands each word of a command with the container's environment.
pub(crate) fn words(words: Option<&Vec<String>>, envs: &[(String, String)]) -> Vec<String> {
    let known: BTreeMap<&str, &str> = envs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    words.into_iter().flatten().map(|word| expand(word, |name| known.get(name).copied())).collect()
}

/// Expands a command with those variables that the container spells out, as probes do.
pub(crate) fn only_static(words: &[String], container: &Container) -> Vec<String> {
    let envs = container.env.iter().flatten();
    let known: BTreeMap<&str, &str> = envs.filter_map(|env| Some((env.name.as_str(), env.value.as_deref()?))).collect();
    words.iter().map(|word| expand(word, |name| known.get(name).copied())).collect()
}

#[cfg(test)]
mod tests {
    use super::expand;

    #[test]
    fn references_are_replaced_and_escapes_kept() {
        let known = |name: &str| match name {
            "A" => Some("1"),
            "EMPTY" => Some(""),
            _ => None,
        };
        let cases = [
            ("plain", "plain"),
            ("$(A)", "1"),
            ("x$(A)y$(A)", "x1y1"),
            ("$$(A)", "$(A)"),
            ("$$$(A)", "$1"),
            ("$(B)", "$(B)"),
            ("$(EMPTY)-", "-"),
            ("$(A", "$(A"),
            ("$A", "$A"),
            ("end$", "end$"),
        ];
        for (text, expected) in cases {
            assert_eq!(expand(text, known), expected, "{text}");
        }
    }
}
