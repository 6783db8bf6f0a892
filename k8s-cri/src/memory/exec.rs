use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream};

use super::runtime::MemoryRuntime;
use super::shell::{self, Plan, Scene};
use crate::{ContainerId, ExecOutput, Output, Result};

/// Longest line that the interactive shell reads.
const LINE: u64 = 64 << 10;

/// The container's side of a session's streams.
pub(super) struct Streams {
    pub(super) stdin: Option<DuplexStream>,
    pub(super) stdout: Option<DuplexStream>,
    pub(super) stderr: Option<DuplexStream>,
    pub(super) tty: bool,
}

impl Streams {
    /// Writes where the session listens; a session that hung up is no news to the writer.
    pub(super) async fn write(&mut self, output: Output, bytes: &[u8]) {
        let with_returns;
        let (stream, bytes) = if self.tty {
            with_returns = String::from_utf8_lossy(bytes).replace('\n', "\r\n");
            (&mut self.stdout, with_returns.as_bytes())
        } else {
            let stream = match output {
                Output::Stdout => &mut self.stdout,
                Output::Stderr => &mut self.stderr,
            };
            (stream, bytes)
        };
        if let Some(stream) = stream
            && stream.write_all(bytes).await.is_err()
        {
            stream.shutdown().await.ok();
        }
    }
}

impl MemoryRuntime {
    /// Foresees what a command does in a running container: as scripted, as the shell knows it, or nothing at all
    /// with code 0.
    pub(super) fn answer(&self, id: &ContainerId, command: &[String]) -> Result<Plan> {
        let state = self.lock();
        let row = state.running(id)?;
        if let Some(script) = row.stage.execs.iter().rev().find(|script| command.starts_with(&script.command)) {
            let ExecOutput { stdout, stderr, code } = script.output.clone();
            let mut writes = vec![(script.takes, Output::Stdout, stdout), (script.takes, Output::Stderr, stderr)];
            writes.retain(|(.., bytes)| !bytes.is_empty());
            return Ok(Plan { writes, end: Some((script.takes, code)), ..Plan::default() });
        }
        let sandbox = state.sandbox(&row.sandbox)?.config.clone();
        let scene = Scene { hostname: &sandbox.hostname, config: &row.config, files: &self.0.files };
        let nothing = || Plan { end: Some((Duration::ZERO, 0)), ..Plan::default() };
        Ok(shell::plan(command, &scene).unwrap_or_else(nothing))
    }

    /// Runs a command to its end and answers the exit code.
    pub(super) async fn perform(&self, id: &ContainerId, command: &[String], mut streams: Streams) -> Result<i32> {
        match (command, streams.stdin.take()) {
            ([cat], Some(stdin)) if cat == "cat" => copy(stdin, streams).await,
            ([sh], Some(stdin)) if shell::is_shell(sh) => self.interact(id, stdin, streams).await,
            (command, _) => {
                let plan = self.answer(id, command)?;
                Ok(play(plan, &mut streams).await)
            }
        }
    }

    /// A shell that reads its commands from the session.
    async fn interact(&self, id: &ContainerId, stdin: DuplexStream, mut streams: Streams) -> Result<i32> {
        let mut lines = BufReader::new(stdin);
        let mut code = 0;
        loop {
            if streams.tty {
                streams.write(Output::Stdout, b"# ").await;
            }
            let mut line = Vec::new();
            match (&mut lines).take(LINE).read_until(b'\n', &mut line).await {
                Ok(n) if n > 0 => {}
                _ => return Ok(code),
            }
            let line = String::from_utf8_lossy(&line).trim().to_owned();
            if let Some(exit) = line.strip_prefix("exit") {
                return Ok(exit.trim().parse().unwrap_or(code));
            }
            if !line.is_empty() {
                let plan = self.answer(id, &["sh".into(), "-c".into(), line])?;
                code = play(plan, &mut streams).await;
            }
        }
    }
}

async fn play(plan: Plan, streams: &mut Streams) -> i32 {
    let start = tokio::time::Instant::now();
    for (after, output, bytes) in plan.writes {
        sleep_until(start, after).await;
        streams.write(output, &bytes).await;
    }
    match plan.end {
        Some((after, code)) => {
            sleep_until(start, after).await;
            code
        }
        None => std::future::pending().await,
    }
}

/// Waits for a moment, unless it is the start: a timer of no length would still yield.
async fn sleep_until(start: tokio::time::Instant, after: Duration) {
    if !after.is_zero() {
        tokio::time::sleep_until(start + after).await;
    }
}

async fn copy(mut stdin: DuplexStream, mut streams: Streams) -> Result<i32> {
    let mut buffer = vec![0; 16 << 10];
    while let Ok(n) = stdin.read(&mut buffer).await {
        if n == 0 {
            break;
        }
        streams.write(Output::Stdout, &buffer[..n]).await;
    }
    Ok(0)
}
