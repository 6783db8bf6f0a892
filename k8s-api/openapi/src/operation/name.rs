//! Words that operation ids and descriptions are made of.

/// `Apps`, `RbacAuthorization`, `Core`: a group in operation ids.
pub(super) fn group_word(group: &str) -> String {
    if group.is_empty() {
        return "Core".to_owned();
    }
    group.strip_suffix(".k8s.io").unwrap_or(group).split('.').map(capital).collect()
}

/// `apps`, `rbacAuthorization`, `core`: a group in tags.
pub(super) fn group_tag(group: &str) -> String {
    let word = group_word(group);
    let first = word.get(..1).unwrap_or_default().to_ascii_lowercase();
    format!("{first}{}", word.get(1..).unwrap_or_default())
}

/// The word with a capital at its beginning.
pub(super) fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// The kind with the article that descriptions give it: none for plurals.
pub(super) fn with_article(kind: &str) -> String {
    if kind.ends_with('s') && !kind.ends_with("ss") {
        return kind.to_owned();
    }
    let vowel = kind.starts_with(['A', 'E', 'I', 'O', 'U', 'a', 'e', 'i', 'o', 'u']);
    format!("{} {kind}", if vowel { "an" } else { "a" })
}
