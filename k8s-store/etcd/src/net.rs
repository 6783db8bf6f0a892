//! Connections: one at a time, to whichever endpoint works.

mod connect;
mod line;
mod pool;
mod tls;

pub use connect::{Connect, Io};
pub(crate) use connect::{Endpoint, Sockets};
pub(crate) use line::{Line, LineError};
pub(crate) use pool::Pool;
pub use tls::ClientTls;
