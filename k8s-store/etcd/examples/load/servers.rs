use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::Result;

/// A server that is killed when this is dropped.
pub(crate) struct Server {
    pub(crate) name: String,
    pub(crate) url: String,
    command: Option<Command>,
    process: Option<Child>,
}

impl Server {
    /// One that runs already.
    pub(crate) fn running(url: &str) -> Self {
        Self { name: url.to_owned(), url: url.to_owned(), command: None, process: None }
    }

    fn start(name: &str, url: &str, program: &Path, arguments: &[&str]) -> Result<Self> {
        let mut command = Command::new(program);
        command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
        let process = Some(command.spawn()?);
        Ok(Self { name: name.to_owned(), url: url.to_owned(), command: Some(command), process })
    }

    /// A real one, alone.
    pub(crate) fn etcd(program: &Path, dir: &Path) -> Result<Self> {
        let (url, peers) = (free_url()?, free_url()?);
        let (cluster, data) = (format!("default={peers}"), dir.join("etcd"));
        let data = data.to_string_lossy();
        let clients = ["--listen-client-urls", &url, "--advertise-client-urls", &url];
        let members = ["--listen-peer-urls", &peers, "--initial-advertise-peer-urls", &peers];
        let rest = ["--initial-cluster", &cluster, "--data-dir", &data, "--log-level", "error"];
        let quota = ["--quota-backend-bytes", "8589934592"];
        Self::start("etcd", &url, program, &[&clients[..], &members, &rest, &quota].concat())
    }

    pub(crate) fn ours_durable(program: &Path, dir: &Path) -> Result<Self> {
        let (url, data) = (free_url()?, dir.join("durable"));
        Self::start("ours, durable", &url, program, &["--listen", &url, "--data-dir", &data.to_string_lossy()])
    }

    pub(crate) fn ours_in_memory(program: &Path) -> Result<Self> {
        let url = free_url()?;
        Self::start("ours, memory", &url, program, &["--listen", &url, "--memory"])
    }

    pub(crate) fn process(&self) -> Option<u32> {
        self.process.as_ref().map(Child::id)
    }

    /// Kills it, without a warning, and starts it again.
    pub(crate) fn restart(&mut self) -> Result<()> {
        let command = self.command.as_mut().ok_or("a server that runs already is not started again")?;
        if let Some(mut process) = self.process.take() {
            process.kill()?;
            process.wait()?;
        }
        self.process = Some(command.spawn()?);
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            let _gone_already = process.kill();
            let _gone_already = process.wait();
        }
    }
}

fn free_url() -> Result<String> {
    Ok(format!("http://{}", TcpListener::bind("127.0.0.1:0")?.local_addr()?))
}

fn of_process(process: u32, file: &str) -> Result<String> {
    Ok(std::fs::read_to_string(PathBuf::from(format!("/proc/{process}")).join(file))?)
}

/// The processor time that a process had so far; none if it is not known which.
pub(crate) fn processor_time(process: Option<u32>) -> Result<Duration> {
    /// The system counts in hundredths of a second, whatever its clock.
    const TICK: Duration = Duration::from_millis(10);
    let Some(process) = process else { return Ok(Duration::ZERO) };
    let stat = of_process(process, "stat")?;
    // The name in brackets may hold spaces; user and system time are the 12th and 13th after it.
    let (_, fields) = stat.rsplit_once(')').ok_or("no name in brackets")?;
    let times = fields.split_whitespace().skip(11).take(2).map(str::parse::<u32>);
    Ok(TICK * times.sum::<std::result::Result<u32, _>>()?)
}

/// How much memory a process has, in MiB.
pub(crate) fn resident(process: u32) -> Result<u64> {
    let status = of_process(process, "status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    let kib: u64 = line.split_whitespace().next().ok_or("no size")?.parse()?;
    Ok(kib >> 10)
}
