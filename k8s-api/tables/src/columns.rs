use std::borrow::Cow;
use std::sync::{LazyLock, OnceLock};

use k8s_api::GroupVersionResource;
use k8s_api_openapi::Descriptions;
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

/// Tables by resource as `deployments.apps`, in the order of these names.
static TABLES: LazyLock<Vec<Table>> = LazyLock::new(|| parse(include_str!("generated/columns.txt")));

static GENERIC: LazyLock<Table> = LazyLock::new(|| Table {
    resource: "",
    root: "io.k8s.api.core.v1.ConfigMap", // the smallest of those that have the metadata of objects
    lines: vec![
        "Name|string|name|0|@io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta.name",
        "Created At|date||0|@io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta.creationTimestamp",
    ],
    columns: OnceLock::new(),
});

/// The columns of a resource, in order; the name and the time of creation where upstream prints nothing particular.
pub fn columns(resource: &GroupVersionResource) -> &'static [Column] {
    let known = if resource.group.is_empty() { find(&resource.resource) } else { find(&resource.group_resource()) };
    let table = known.unwrap_or(&*GENERIC);
    table.columns.get_or_init(|| table.describe())
}

fn find(resource: &str) -> Option<&'static Table> {
    let place = TABLES.binary_search_by(|table| table.resource.cmp(resource)).ok()?;
    TABLES.get(place)
}

struct Table {
    resource: &'static str,
    /// The type of the objects, whose fields' descriptions columns have.
    root: &'static str,
    lines: Vec<&'static str>,
    /// Made when first shown: to collect the descriptions of a type takes a while.
    columns: OnceLock<Vec<Column>>,
}

fn parse(text: &'static str) -> Vec<Table> {
    let mut tables: Vec<Table> = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if let Some(column) = line.strip_prefix(' ') {
            tables.last_mut().into_iter().for_each(|table| table.lines.push(column));
        } else if let Some((resource, root)) = line.split_once(' ') {
            tables.push(Table { resource, root, lines: Vec::new(), columns: OnceLock::new() });
        }
    }
    tables
}

impl Table {
    fn describe(&self) -> Vec<Column> {
        let descriptions = Descriptions::of([self.root]);
        self.lines.iter().filter_map(|line| column(line, &descriptions)).collect()
    }
}

fn column(line: &'static str, descriptions: &Descriptions) -> Option<Column> {
    let mut parts = line.splitn(5, '|');
    let (name, data_type, format) = (parts.next()?, parts.next()?, parts.next()?);
    let priority = parts.next()?.parse().ok()?;
    let text = parts.next()?;
    let description = match text.strip_prefix('@').and_then(|reference| reference.rsplit_once('.')) {
        Some((ty, field)) => descriptions.field(ty, field).unwrap_or_default().to_owned().into(),
        None if text.contains("\\n") => text.replace("\\n", "\n").into(),
        None => text.into(),
    };
    Some(Column { name, data_type, format, description, priority })
}
