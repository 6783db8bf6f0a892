use std::io;
use std::sync::Arc;
use std::time::Duration;

use k8s_env::Tasks;
use parking_lot::Mutex;
use tokio::time::timeout;

use super::{Connect, Endpoint, Line};

/// How long an endpoint has to accept a connection.
const CONNECT: Duration = Duration::from_secs(2);

/// The endpoints, and a connection to the one in use.
///
/// Everybody shares one connection. When it breaks, or its member cannot serve, the next endpoint is tried.
#[derive(Debug)]
pub(crate) struct Pool {
    endpoints: Vec<Endpoint>,
    connect: Arc<dyn Connect>,
    state: Mutex<State>,
    /// Held by the one who connects, while the others wait for what comes of it.
    connecting: tokio::sync::Mutex<()>,
    tasks: Tasks,
}

#[derive(Debug, Default)]
struct State {
    /// Which endpoint is in use or is tried next.
    index: usize,
    line: Option<Line>,
    /// How many connections were made.
    made: u64,
}

impl Pool {
    pub(crate) fn new(endpoints: Vec<Endpoint>, connect: Arc<dyn Connect>) -> Self {
        let (state, connecting) = (Mutex::default(), tokio::sync::Mutex::new(()));
        Self { endpoints, connect, state, connecting, tasks: Tasks::new() }
    }

    /// The connection in use, or a new one.
    ///
    /// # Errors
    /// When the endpoint whose turn it is does not answer; the next call tries the next one.
    pub(crate) async fn line(&self) -> io::Result<Line> {
        if let Some(line) = self.usable() {
            return Ok(line);
        }
        let _turn = self.connecting.lock().await;
        if let Some(line) = self.usable() {
            return Ok(line);
        }
        let (index, number) = {
            let mut state = self.state.lock();
            state.made += 1;
            (state.index, state.made)
        };
        let opened = self.open(&self.endpoints[index], number).await;
        let mut state = self.state.lock();
        match opened {
            Ok(line) => {
                state.line = Some(line.clone());
                Ok(line)
            }
            Err(error) => {
                state.index = (index + 1) % self.endpoints.len();
                Err(error)
            }
        }
    }

    /// A connection to each endpoint in turn, for what is said to members and not to the cluster.
    ///
    /// # Errors
    /// When an endpoint does not answer.
    pub(crate) async fn line_to(&self, endpoint: &Endpoint) -> io::Result<Line> {
        self.open(endpoint, 0).await
    }

    pub(crate) fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    /// Leaves `line` for the next endpoint. Says nothing about a newer connection.
    pub(crate) fn leave(&self, line: &Line) {
        let mut state = self.state.lock();
        if state.line.as_ref().is_some_and(|used| used.number == line.number) {
            state.line = None;
            state.index = (state.index + 1) % self.endpoints.len();
        }
    }

    pub(crate) async fn close(&self) {
        self.state.lock().line = None;
        self.tasks.stop().await;
    }

    fn usable(&self) -> Option<Line> {
        let mut state = self.state.lock();
        if state.line.as_ref()?.is_closed() {
            state.line = None;
            state.index = (state.index + 1) % self.endpoints.len();
        }
        state.line.clone()
    }

    async fn open(&self, endpoint: &Endpoint, number: u64) -> io::Result<Line> {
        let line = async {
            let io = self.connect.connect(endpoint.authority.as_str(), endpoint.tls).await?;
            Line::new(number, endpoint.clone(), io, self.tasks.spawner()).await.map_err(io::Error::other)
        };
        timeout(CONNECT, line).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }
}
