//! Fields that may be absent or empty, which means the same in most of them.

#![expect(clippy::ref_option, reason = "fields of k8s-openapi are passed as they are")]

/// Fills an absent or empty text.
pub(crate) fn or_text(value: &mut Option<String>, default: &str) {
    if value.as_ref().is_none_or(String::is_empty) {
        *value = Some(default.to_owned());
    }
}

/// Fills an absent or zero number.
pub(crate) fn or_number(value: &mut Option<i32>, default: i32) {
    if value.unwrap_or_default() == 0 {
        *value = Some(default);
    }
}

/// The text, empty when absent.
pub(crate) fn text(value: &Option<String>) -> &str {
    value.as_deref().unwrap_or_default()
}

/// The items, none when absent.
pub(crate) fn items<T>(value: &Option<Vec<T>>) -> &[T] {
    value.as_deref().unwrap_or_default()
}

/// The items to change, none when absent.
pub(crate) fn items_mut<T>(value: &mut Option<Vec<T>>) -> &mut [T] {
    value.as_deref_mut().unwrap_or_default()
}
