use std::path::PathBuf;
use std::sync::Arc;
use std::{fs, io};

use k8s_env::Tasks;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A port that leads to another, and can be cut: then what is sent goes nowhere, and nobody is told.
#[derive(Debug)]
pub(crate) struct Relay {
    pub(crate) port: u16,
    cut: Arc<watch::Sender<Cut>>,
    _tasks: Tasks,
}

/// Whose connections lead nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    Nobodys,
    Everybodys,
    /// Those of a process.
    Of(u32),
}

impl Relay {
    pub(crate) async fn to(target: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (cut, tasks) = (Arc::new(watch::Sender::new(Cut::Nobodys)), Tasks::new());
        let (state, spawner) = (Arc::clone(&cut), tasks.spawner());
        tasks.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = Arc::clone(&state);
                spawner.spawn(async move { drop(carry(stream, target, &state).await) });
            }
        });
        Self { port, cut, _tasks: tasks }
    }

    pub(crate) fn cut(&self, cut: bool) {
        self.cut.send_replace(if cut { Cut::Everybodys } else { Cut::Nobodys });
    }

    /// Cuts off one process, and nobody else.
    pub(crate) fn cut_off(&self, process: u32) {
        self.cut.send_replace(Cut::Of(process));
    }
}

impl Cut {
    fn concerns(self, client: &Client) -> bool {
        match self {
            Self::Nobodys => false,
            Self::Everybodys => true,
            Self::Of(process) => client.is(process),
        }
    }
}

/// The other end of a connection within this machine, as the system lists it among what a process has open.
struct Client(PathBuf);

impl Client {
    fn of(stream: &TcpStream) -> io::Result<Self> {
        // By local address, the number of the socket is the tenth word.
        let address = format!("0100007F:{:04X}", stream.peer_addr()?.port());
        let sockets = fs::read_to_string("/proc/net/tcp")?;
        let words = sockets.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        let number =
            words.filter(|words| words.get(1) == Some(&address.as_str())).find_map(|words| words.get(9).copied());
        let number = number.ok_or_else(|| io::Error::other("nobody has the other end"))?;
        Ok(Self(format!("socket:[{number}]").into()))
    }

    fn is(&self, process: u32) -> bool {
        let open = fs::read_dir(format!("/proc/{process}/fd")).into_iter().flatten().flatten();
        open.filter_map(|file| fs::read_link(file.path()).ok()).any(|file| file == self.0)
    }
}

async fn carry(stream: TcpStream, target: u16, cut: &watch::Sender<Cut>) -> io::Result<()> {
    let client = Client::of(&stream)?;
    whole(cut, &client).await;
    let other = TcpStream::connect(("127.0.0.1", target)).await?;
    let ((here_out, here_in), (there_out, there_in)) = (stream.into_split(), other.into_split());
    // When one direction ends, so does the connection.
    tokio::select! {
        biased;
        end = one_way(here_out, there_in, cut, &client) => end,
        end = one_way(there_out, here_in, cut, &client) => end,
    }
}

async fn one_way(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    cut: &watch::Sender<Cut>,
    client: &Client,
) -> io::Result<()> {
    let mut buffer = vec![0; 1 << 16];
    loop {
        let n = from.read(&mut buffer).await?;
        if n == 0 {
            return Ok(());
        }
        whole(cut, client).await;
        to.write_all(&buffer[..n]).await?;
    }
}

async fn whole(cut: &watch::Sender<Cut>, client: &Client) {
    cut.subscribe().wait_for(|cut| !cut.concerns(client)).await.unwrap();
}
