use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use tokio::io::{DuplexStream, duplex};
use tokio::sync::{mpsc, oneshot};

use super::exec::Streams;
use super::logs::LogReader;
use super::runtime::{MemoryRuntime, upgrade};
use super::state::KILLED;
use crate::{
    ContainerId, Duplex, Error, Exec, ExecOutput, ExitFuture, Output, Reader, Result, SandboxId, SandboxState, Session,
    Sessions, Writer,
};

/// Bytes that may be under way in one stream.
const BUFFER: usize = 64 << 10;

#[async_trait]
impl Sessions for MemoryRuntime {
    async fn exec_sync(&self, id: &ContainerId, command: &[String], timeout: Option<Duration>) -> Result<ExecOutput> {
        let plan = self.answer(id, command)?;
        let waits = async {
            let Some((takes, code)) = plan.end else { return std::future::pending().await };
            if !takes.is_zero() {
                tokio::time::sleep(takes).await;
            }
            code
        };
        let ends = async {
            tokio::select! {
                biased;
                code = waits => code,
                () = self.ended(id) => KILLED,
            }
        };
        let code = match timeout {
            Some(after) => tokio::time::timeout(after, ends).await.map_err(|_| Error::TimedOut { after })?,
            None => ends.await,
        };
        let collect = |wanted: Output| -> Bytes {
            let parts = plan.writes.iter().filter(|(_, output, _)| *output == wanted);
            parts
                .fold(BytesMut::new(), |mut all, (.., bytes)| {
                    all.extend_from_slice(bytes);
                    all
                })
                .freeze()
        };
        Ok(ExecOutput { stdout: collect(Output::Stdout), stderr: collect(Output::Stderr), code })
    }

    async fn exec(&self, id: &ContainerId, exec: Exec) -> Result<Session> {
        self.lock().running(id)?;
        check(&exec)?;
        let (session, streams, exit) = connect(&exec, exec.stdin);
        let (inner, id) = (Arc::downgrade(&self.0), id.clone());
        self.0.tasks.spawn(async move {
            let Some(runtime) = upgrade(&inner) else { return };
            end(exit, async |exit| {
                tokio::select! {
                    biased;
                    () = exit.closed() => None,
                    () = runtime.ended(&id) => Some(Ok(KILLED)),
                    code = runtime.perform(&id, &exec.command, streams) => Some(code),
                }
            })
            .await;
        });
        Ok(session)
    }

    async fn attach(&self, id: &ContainerId, exec: Exec) -> Result<Session> {
        let (stdin, tty, next) = {
            let state = self.lock();
            let row = state.running(id)?;
            (row.config.stdin && exec.stdin, row.config.tty, row.log.end())
        };
        let exec = Exec { tty, stderr: exec.stderr && !tty, ..exec };
        let (session, streams, exit) = connect(&exec, stdin);
        let (inner, id) = (Arc::downgrade(&self.0), id.clone());
        let reader = LogReader::new(inner.clone(), id.clone(), next);
        self.0.tasks.spawn(async move {
            end(exit, async |exit| {
                tokio::select! {
                    biased;
                    () = exit.closed() => return None,
                    () = relay(reader, streams) => {}
                }
                let runtime = upgrade(&inner)?;
                let code = runtime.lock().container(&id).ok().and_then(|row| row.state.exit_code());
                Some(Ok(code.unwrap_or(KILLED)))
            })
            .await;
        });
        Ok(session)
    }

    async fn port_forward(&self, id: &SandboxId, port: u16) -> Result<Box<dyn Duplex>> {
        let handler = {
            let state = self.lock();
            let sandbox = state.sandbox(id)?;
            if sandbox.state == SandboxState::NotReady {
                return Err(Error::WrongState { id: id.to_string(), found: "not ready", wanted: "ready" });
            }
            let running = sandbox.containers.iter().filter_map(|id| state.running(id).ok());
            let mut servers = running.flat_map(|row| &row.stage.servers);
            servers.find(|(served, _)| *served == port).map(|(_, handler)| handler.clone())
        };
        let refused = || Error::failed(format!("dial tcp4 127.0.0.1:{port}: connect: connection refused"));
        let handler = handler.ok_or_else(refused)?;
        let (ours, theirs) = duplex(BUFFER);
        self.0.tasks.spawn(handler.serve(theirs));
        Ok(Box::new(ours))
    }
}

fn check(exec: &Exec) -> Result<()> {
    let message = if exec.command.is_empty() {
        "command cannot be empty"
    } else if !exec.stdin && !exec.stdout && !exec.stderr {
        "one of `stdin`, `stdout`, or `stderr` must be set"
    } else if exec.tty && exec.stderr {
        "`tty` and `stderr` cannot both be true"
    } else {
        return Ok(());
    };
    Err(Error::Invalid { message: message.into() })
}

/// Both sides of a session.
fn connect(exec: &Exec, stdin: bool) -> (Session, Streams, oneshot::Sender<Result<i32>>) {
    let pair = |wanted: bool| -> (Option<DuplexStream>, Option<DuplexStream>) {
        if !wanted {
            return (None, None);
        }
        let (ours, theirs) = duplex(BUFFER);
        (Some(ours), Some(theirs))
    };
    let (stdin, stdin_inside) = pair(stdin);
    let (stdout, stdout_inside) = pair(exec.stdout);
    let (stderr, stderr_inside) = pair(exec.stderr);
    let (exit, exited) = oneshot::channel();
    let exit_future: ExitFuture =
        Box::pin(async move { exited.await.unwrap_or_else(|_| Err(Error::Unavailable { source: None })) });
    let session = Session {
        stdin: stdin.map(|stream| Box::new(stream) as Writer),
        stdout: stdout.map(|stream| Box::new(stream) as Reader),
        stderr: stderr.map(|stream| Box::new(stream) as Reader),
        // Nothing in memory draws on a terminal, so sizes only need somewhere to go.
        resize: exec.tty.then(|| mpsc::channel(1).0),
        exit: exit_future,
    };
    let streams = Streams { stdin: stdin_inside, stdout: stdout_inside, stderr: stderr_inside, tty: exec.tty };
    (session, streams, exit)
}

/// Tells the session how it ended, after `run` and its streams are gone.
async fn end<R>(mut exit: oneshot::Sender<Result<i32>>, run: R)
where
    R: AsyncFnOnce(&mut oneshot::Sender<Result<i32>>) -> Option<Result<i32>>,
{
    if let Some(code) = run(&mut exit).await {
        // A session that hung up meanwhile does not care.
        exit.send(code).ok();
    }
}

async fn relay(mut reader: LogReader, mut streams: Streams) {
    // Held open unread: a container in memory does not care what is typed.
    let _stdin = streams.stdin.take();
    while let Some(entries) = reader.more().await {
        for entry in entries {
            streams.write(entry.output, &entry.bytes).await;
        }
    }
}
