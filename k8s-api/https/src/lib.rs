#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod error;
mod pki;
mod subject;
mod tls;

mod in_process;
mod pool;
mod rt;
mod serve;

pub mod kubeconfig;
mod transport;

pub use error::Error;
pub use in_process::{InProcess, in_process};
pub use kubeconfig::{Kubeconfig, client};
pub use pki::{Identity, Pki, api_server_names};
pub use pool::ResponseBody;
pub use serve::{Server, serve};
pub use tls::ServerTls;
pub use transport::{Access, Https, Token};
