#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod describe;
mod go;
mod registry;
mod schema;

use std::{error::Error, fs, path::PathBuf};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(shared), Some(go), Some(out)) = (arguments.next(), arguments.next(), arguments.next()) else {
        return Err("usage: k8s-api-generate SHARED GO OUT".into());
    };
    fs::write(out.join("schema.txt"), schema::table(&shared.join("openapi"), &go)?)?;
    let discovery = shared.join("golden/api/discovery_legacy.json");
    let swagger = serde_json::from_slice(&fs::read(shared.join("openapi/swagger-v1.36.json"))?)?;
    fs::write(out.join("registry.txt"), registry::table(&discovery, &swagger)?)?;
    let documents = out.join("../../openapi/src/generated");
    fs::write(documents.join("describe.rs"), describe::table(&swagger)?)?;
    fs::write(documents.join("every_group.txt"), describe::every_group(&swagger))?;
    Ok(())
}
