//! Checks that kinds share.

use k8s_api::field::{Error, ErrorList, Shown};
use k8s_api_kinds::{At, names};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

/// A count must not be negative.
pub(crate) fn non_negative(value: i64, at: &At<'_>, errors: &mut ErrorList) {
    if value < 0 {
        errors.push(Error::invalid(at, value, "must be greater than or equal to 0"));
    }
}

/// Counts of a status or a spec must not be negative; those that are absent are zero.
pub(crate) fn non_negatives<const N: usize>(counts: [(&str, Option<i64>); N], at: &At<'_>, errors: &mut ErrorList) {
    for (field, count) in counts {
        non_negative(count.unwrap_or_default(), &at.child(field), errors);
    }
}

/// Some counts cannot be greater than another.
pub(crate) fn not_greater<const N: usize>(
    counts: [(&str, Option<i32>, Option<i32>, &str); N],
    at: &At<'_>,
    errors: &mut ErrorList,
) {
    for (field, count, bound, detail) in counts {
        if count.unwrap_or_default() > bound.unwrap_or_default() {
            errors.push(Error::invalid(&at.child(field), count.unwrap_or_default(), detail));
        }
    }
}

/// The number of name collisions only rises.
pub(crate) fn collision_count(new: Option<i32>, old: Option<i32>, at: &At<'_>, errors: &mut ErrorList) {
    if old.is_some_and(|old| new.is_none_or(|new| new < old)) {
        let at = at.child("collisionCount");
        errors.push(Error::invalid(&at, new.unwrap_or_default(), "cannot be decremented"));
    }
}

/// A number or a percentage as messages show it.
pub(crate) struct Share<'a>(pub(crate) &'a IntOrString);

impl Shown for Share<'_> {
    fn shown(self) -> String {
        match self.0 {
            IntOrString::Int(number) => number.shown(),
            IntOrString::String(text) => text.shown(),
        }
    }
}

/// A number that is not negative, or a percentage.
pub(crate) fn number_or_percent(value: &IntOrString, at: &At<'_>, errors: &mut ErrorList) {
    match value {
        IntOrString::Int(number) => non_negative((*number).into(), at, errors),
        IntOrString::String(text) => {
            errors.extend(names::percent(text).into_iter().map(|message| Error::invalid(at, Share(value), message)));
        }
    }
}

/// A percentage of at most a hundred, or a number.
pub(crate) fn at_most_all(value: &IntOrString, at: &At<'_>, errors: &mut ErrorList) {
    if percent(value).is_some_and(|percent| percent > 100) {
        errors.push(Error::invalid(at, Share(value), "must not be greater than 100%"));
    }
}

/// Whether a share is nothing.
pub(crate) fn is_zero(value: &IntOrString) -> bool {
    match value {
        IntOrString::Int(number) => *number == 0,
        IntOrString::String(text) => percent(value).unwrap_or_else(|| text.parse().unwrap_or_default()) == 0,
    }
}

fn percent(value: &IntOrString) -> Option<i64> {
    let IntOrString::String(text) = value else { return None };
    text.strip_suffix('%').filter(|_| names::percent(text).is_empty()).map(|n| n.parse().unwrap_or(i64::MAX))
}
