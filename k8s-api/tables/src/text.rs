use jiff::Timestamp;
use k8s_api::{GroupVersionResource, Object};
use serde_json::Value;

use crate::{columns, row};

/// The gap between columns, as kubectl leaves it.
const GAP: usize = 3;

/// Objects as `kubectl get` prints them: the columns of priority 0, or with `wide` all of them, aligned.
///
/// Every line ends with a newline. Without objects there is no header either.
///
/// Upstream: `k8s.io/cli-runtime/pkg/printers/tableprinter.go`.
pub fn text(resource: &GroupVersionResource, objects: &[Object], now: Timestamp, wide: bool) -> String {
    if objects.is_empty() {
        return String::new();
    }
    let shown: Vec<usize> = columns(resource)
        .iter()
        .enumerate()
        .filter(|(_, column)| wide || column.priority == 0)
        .map(|(i, _)| i)
        .collect();
    let header = shown.iter().map(|i| columns(resource)[*i].name.to_uppercase()).collect();
    let mut lines: Vec<Vec<String>> = vec![header];
    for object in objects {
        let cells = row(resource, object, now).cells;
        lines.push(shown.iter().map(|i| cells.get(*i).map(cell).unwrap_or_default()).collect());
    }
    aligned(&lines)
}

fn cell(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "<none>".to_owned(),
        other => other.to_string(),
    }
}

fn aligned(lines: &[Vec<String>]) -> String {
    let n_columns = lines.first().map_or(0, Vec::len);
    let width = |i: usize| lines.iter().map(|line| line[i].chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..n_columns).map(width).collect();
    let mut out = String::new();
    for line in lines {
        let mut text = String::new();
        for (cell, width) in line.iter().zip(&widths) {
            text.push_str(cell);
            text.extend(std::iter::repeat_n(' ', width + GAP - cell.chars().count()));
        }
        // kubectl leaves the last column as wide as its text.
        out.push_str(text.trim_end());
        out.push('\n');
    }
    out
}
