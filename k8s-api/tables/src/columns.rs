use std::borrow::Cow;
use std::sync::LazyLock;

use k8s_api::GroupVersionResource;
use serde::Serialize;

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Column {
    /// Its header.
    pub name: &'static str,
    /// The OpenAPI type of its cells: `string`, `integer`, `boolean`, `date`.
    #[serde(rename = "type")]
    pub data_type: &'static str,
    /// `name` for the column that names the object, else empty.
    pub format: &'static str,
    /// What it shows.
    pub description: Cow<'static, str>,
    /// 0 for columns that are always shown; higher ones need a wide terminal.
    pub priority: i32,
}

/// Tables by resource as `deployments.apps`, sorted.
static TABLES: LazyLock<Vec<(&'static str, Vec<Column>)>> =
    LazyLock::new(|| parse(include_str!("generated/columns.txt")));

static GENERIC: LazyLock<[Column; 2]> = LazyLock::new(|| {
    // Every table of a namespaced kind has these two, so the ones of Pods serve.
    let pods = find("pods").unwrap_or_default();
    let description = |idx: usize| pods.get(idx).map(|column| column.description.clone()).unwrap_or_default();
    [
        Column { name: "Name", data_type: "string", format: "name", description: description(0), priority: 0 },
        Column { name: "Created At", data_type: "date", format: "", description: description(4), priority: 0 },
    ]
});

/// The columns of a resource, in order; the name and the time of creation where upstream prints nothing particular.
pub fn columns(resource: &GroupVersionResource) -> &'static [Column] {
    let known = if resource.group.is_empty() { find(&resource.resource) } else { find(&resource.group_resource()) };
    known.unwrap_or(&*GENERIC)
}

fn find(resource: &str) -> Option<&'static [Column]> {
    let place = TABLES.binary_search_by(|(name, _)| (*name).cmp(resource)).ok()?;
    TABLES.get(place).map(|(_, columns)| columns.as_slice())
}

fn parse(text: &'static str) -> Vec<(&'static str, Vec<Column>)> {
    let lines = || text.lines().filter(|line| !line.starts_with('#'));
    let shared: Vec<&str> =
        lines().filter_map(|line| line.strip_prefix('@')?.split_once(' ').map(|(_, text)| text)).collect();
    let mut tables: Vec<(&str, Vec<Column>)> = Vec::new();
    for line in lines().filter(|line| !line.starts_with('@')) {
        match line.strip_prefix(' ') {
            None => tables.push((line, Vec::new())),
            Some(line) => {
                let column = column(line, &shared);
                if let Some(((_, columns), column)) = tables.last_mut().zip(column) {
                    columns.push(column);
                }
            }
        }
    }
    if let Some(columns) = tables.iter().find(|(name, _)| *name == "events").map(|(_, columns)| columns.clone()) {
        tables.push(("events.events.k8s.io", columns));
    }
    tables.sort_unstable_by_key(|(name, _)| *name);
    tables
}

fn column(line: &'static str, shared: &[&'static str]) -> Option<Column> {
    let mut parts = line.splitn(5, '|');
    let (name, data_type, format) = (parts.next()?, parts.next()?, parts.next()?);
    let priority = parts.next()?.parse().ok()?;
    let text = parts.next()?;
    let reference = text.strip_prefix('@').and_then(|idx| shared.get(idx.parse::<usize>().ok()?));
    let text = reference.copied().unwrap_or(text);
    let description = if text.contains("\\n") { text.replace("\\n", "\n").into() } else { text.into() };
    Some(Column { name, data_type, format, description, priority })
}
