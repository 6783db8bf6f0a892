use std::cmp::Ordering;

/// Compares API versions by how much they promise: `v10`, `v2`, `v1`, `v2beta1`, `v1beta2`, `v1alpha1`, then all that do
/// not look like versions by name. [`Ordering::Less`] means that the first is preferred.
pub fn compare_versions(a: &str, b: &str) -> Ordering {
    match (parse(a), parse(b)) {
        (Some(a), Some(b)) => b.cmp(&a),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => a.cmp(b),
    }
}

/// Stability (2 for general availability), major number and number of the stage.
fn parse(version: &str) -> Option<(u8, u64, u64)> {
    let rest = version.strip_prefix('v')?;
    let (major, stage) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len()));
    let major = number(major)?;
    if stage.is_empty() {
        Some((2, major, 0))
    } else if let Some(minor) = stage.strip_prefix("beta") {
        Some((1, major, number(minor)?))
    } else {
        Some((0, major, number(stage.strip_prefix("alpha")?)?))
    }
}

fn number(digits: &str) -> Option<u64> {
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    if plain { digits.parse().ok() } else { None }
}
