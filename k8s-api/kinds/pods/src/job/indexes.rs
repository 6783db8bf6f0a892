//! Sets of completion indexes, written `1,3-5,7`.

use k8s_api::field::quote;

/// How many indexes a text names; each below `completions`, in rising order.
pub(super) fn count(text: &str, completions: i32) -> Result<i32, String> {
    let mut last: Option<i32> = None;
    let mut total = 0;
    for part in text.split(',').filter(|_| !text.is_empty()) {
        let (first, end) = interval(part, completions)?;
        if let Some(last) = last.filter(|last| *last >= first) {
            return Err(format!("non-increasing order, previous: {last}, current: {first}"));
        }
        total += end - first + 1;
        last = Some(end);
    }
    Ok(total)
}

/// The first index that two texts both name; parts that cannot be read are passed over.
pub(super) fn overlap(one: &str, other: &str, completions: i32) -> Option<i32> {
    let parts = |text: &str| -> Vec<(i32, i32)> {
        text.split(',').filter(|_| !text.is_empty()).filter_map(|part| interval(part, completions).ok()).collect()
    };
    let (one, other) = (parts(one), parts(other));
    let both = one.iter().flat_map(|a| other.iter().map(move |b| (a.0.max(b.0), a.1.min(b.1))));
    both.filter(|(first, last)| first <= last).map(|(first, _)| first).min()
}

fn interval(part: &str, completions: i32) -> Result<(i32, i32), String> {
    let mut limits = part.split('-');
    let (first, last, more) = (limits.next().unwrap_or_default(), limits.next(), limits.next());
    if more.is_some() {
        let part = quote(part);
        return Err(format!(
            "the fragment {part} violates the requirement that an index interval can have at most two parts separated \
             by '-'"
        ));
    }
    let first = index(first, completions)?;
    let Some(last) = last else { return Ok((first, first)) };
    let last = index(last, completions)?;
    if first >= last {
        return Err(format!("non-increasing order, previous: {first}, current: {last}"));
    }
    Ok((first, last))
}

fn index(text: &str, completions: i32) -> Result<i32, String> {
    let number: i64 =
        text.parse().map_err(|_| format!("cannot convert string to integer for index: {}", quote(text)))?;
    if number >= completions.into() {
        return Err(format!("too large index: {}", quote(text)));
    }
    Ok(number as i32)
}
