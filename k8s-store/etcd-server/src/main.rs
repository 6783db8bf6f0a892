//! A store served as etcd: `k8s-store-etcd-server --listen http://127.0.0.1:2379 --memory`.
#![forbid(unsafe_code)]

mod command;

use std::process::ExitCode;

use clap::Parser;
use tokio::runtime::Runtime;

/// Every request makes and drops many small things, on several threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = command::Arguments::parse();
    let end = Runtime::new().map_err(command::Failure::from).and_then(|runtime| runtime.block_on(arguments.run()));
    match end {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("k8s-store-etcd-server: {failure}");
            ExitCode::FAILURE
        }
    }
}
