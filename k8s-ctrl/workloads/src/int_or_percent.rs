//! Numbers that may stand as a share of another.
//!
//! Upstream: `k8s.io/apimachinery/pkg/util/intstr`.

use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

/// How a share that is no whole number is rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Round {
    Up,
    Down,
}

/// The number, or the share of `total`; `None` when the text is no percentage.
pub(crate) fn scaled(value: &IntOrString, total: i32, round: Round) -> Option<i32> {
    let text = match value {
        IntOrString::Int(number) => return Some(*number),
        IntOrString::String(text) => text,
    };
    let percent: i64 = text.strip_suffix('%')?.parse().ok()?;
    let hundredths = percent * i64::from(total);
    let whole = match round {
        Round::Up => -(-hundredths).div_euclid(100),
        Round::Down => hundredths.div_euclid(100),
    };
    i32::try_from(whole).ok()
}
