//! The command: `verify`, `status`, `snapshot`, `restore`, `defrag` and `upgrade` of a store that nobody has open.

#![forbid(unsafe_code)]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use k8s_store::Error;
use k8s_store_durable::disk::Directory;
use k8s_store_durable::format::VERSION;
use k8s_store_durable::tools::{self, Report};

const USAGE: &str = "\
usage: k8s-store-durable COMMAND
  verify DIR|FILE       read everything, check every checksum, and say where damage is
  status DIR|FILE       what a store or a snapshot holds
  snapshot DIR FILE     write a snapshot of a store
  restore FILE DIR      make a store from a snapshot
  defrag DIR            give back what is not needed
  upgrade DIR           bring a store to the version of the format that this release writes
";

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let words: Vec<_> = arguments.iter().map(PathBuf::as_path).collect();
    let said = match words.as_slice() {
        [command, of] if command.as_os_str() == "verify" => report(of).map(|report| format!("ok: {}", line(&report))),
        [command, of] if command.as_os_str() == "status" => report(of).map(|report| line(&report)),
        [command, directory, file] if command.as_os_str() == "snapshot" => {
            tools::snapshot(directory, file).map(|revision| format!("revision {revision} is in {}", file.display()))
        }
        [command, file, directory] if command.as_os_str() == "restore" => {
            tools::restore(file, directory).map(|revision| format!("{} is at revision {revision}", directory.display()))
        }
        [command, directory] if command.as_os_str() == "defrag" => defragment(directory),
        [command, directory] if command.as_os_str() == "upgrade" => tools::upgrade(directory)
            .map(|before| format!("{} had version {before} and has version {VERSION}", directory.display())),
        _ => {
            say(&mut std::io::stderr(), USAGE);
            return ExitCode::from(2);
        }
    };
    match said {
        Ok(text) => {
            say(&mut std::io::stdout(), &format!("{text}\n"));
            ExitCode::SUCCESS
        }
        Err(error) => {
            say(&mut std::io::stderr(), &format!("error: {}\n", chain(&error)));
            ExitCode::FAILURE
        }
    }
}

/// Nobody is left to tell if this fails.
fn say(to: &mut dyn Write, text: &str) {
    let _nobody_listens = to.write_all(text.as_bytes());
}

fn report(of: &Path) -> Result<Report, Error> {
    if of.is_file() {
        return tools::verify_snapshot(of);
    }
    let disk = Directory::existing(of).map_err(|error| Error::Unavailable { source: std::sync::Arc::new(error) })?;
    tools::verify(&disk)
}

fn defragment(directory: &Path) -> Result<String, Error> {
    let before = report(directory)?.size;
    tools::defragment(directory)?;
    let after = report(directory)?.size;
    Ok(format!("{before} bytes before, {after} after"))
}

fn line(report: &Report) -> String {
    let Report { version, revision, oldest, keys, leases, frames, files, size, hash } = report;
    format!(
        "version {version}, revision {revision}, oldest {oldest}, {keys} keys, {leases} leases, {frames} frames, \
         {files} files, {size} bytes, hash {hash:08x}"
    )
}

fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(below) = source {
        text = format!("{text}: {below}");
        source = below.source();
    }
    text
}
