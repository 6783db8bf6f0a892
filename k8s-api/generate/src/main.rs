#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod bootstrap;
mod columns;
mod describe;
mod enumeration;
mod go;
mod internal;
mod policy;
mod registry;
mod schema;

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(out), Some(shared)) = (arguments.next(), arguments.next()) else {
        return Err("usage: k8s-api-generate OUT SHARED [KUBERNETES]".into());
    };
    let swagger = serde_json::from_slice(&fs::read(shared.join("openapi/swagger-v1.36.json"))?)?;
    from_answers(&out, &shared, &swagger)?;
    match arguments.next() {
        Some(kubernetes) => from_source(&out, &shared, &swagger, &kubernetes),
        None => Ok(()),
    }
}

/// What the documents and recordings tell alone.
fn from_answers(out: &Path, shared: &Path, swagger: &Value) -> Result<()> {
    let recorded = |topic: &str| shared.join("golden/api").join(topic);
    write(out, "src/generated/registry.txt", &registry::table(&recorded("discovery_legacy.json"), swagger)?)?;
    write(out, "openapi/src/generated/describe.rs", &describe::table(swagger)?)?;
    write(out, "openapi/src/generated/every_group.txt", &describe::every_group(swagger))?;
    write(out, "server/src/authorize/rbac/generated/policy.txt", &policy::table(&recorded("bootstrap_rbac.json"))?)?;
    let (services, flows) = (recorded("bootstrap_apiservices.json"), recorded("bootstrap_flowcontrol.json"));
    write(out, "server/src/bootstrap/generated/objects.jsonl", &bootstrap::objects(&[&services, &flows])?)?;
    write(out, "tables/src/generated/columns.txt", &columns::table(&recorded("tables_columns.json"), swagger)?)
}

/// What needs the source of the same release, too.
fn from_source(out: &Path, shared: &Path, swagger: &Value, kubernetes: &Path) -> Result<()> {
    let third = shared.join("openapi/v3-v1.36");
    write(out, "kinds/src/generated/internal.txt", &internal::table(kubernetes)?)?;
    write(out, "src/generated/schema.txt", &schema::table(swagger, &third, kubernetes)?)
}

fn write(out: &Path, file: &str, text: &str) -> Result<()> {
    let path = out.join(file);
    fs::create_dir_all(path.parent().unwrap_or(out))?;
    Ok(fs::write(path, text)?)
}
