//! Writes the committed tables of `k8s-api`.
//!
//! ```text
//! cargo run -p k8s-api-generate -- OPENAPI GO OUT
//! ```
//! - `OPENAPI`: folder with `swagger-v1.36.json`, `v3-v1.36/` and `discovery-aggregated-v1.36.json`
//! - `GO`: `staging/src/k8s.io` of Kubernetes' source at the same version, for what OpenAPI
//!   documents do not say: names of Go types, protobuf numbers, pointers
//! - `OUT`: `k8s-api/src/generated`
#![forbid(unsafe_code)]

mod go;
mod schema;

use std::{error::Error, fs, path::PathBuf};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(openapi), Some(go), Some(out)) = (arguments.next(), arguments.next(), arguments.next()) else {
        return Err("usage: k8s-api-generate OPENAPI GO OUT".into());
    };
    fs::write(out.join("schema.txt"), schema::table(&openapi, &go)?)?;
    Ok(())
}
