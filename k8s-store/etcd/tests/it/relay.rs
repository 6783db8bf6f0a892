use std::io;
use std::sync::Arc;

use k8s_env::Tasks;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A port that leads to another, and can be cut: then what is sent goes nowhere, and nobody is told.
#[derive(Debug)]
pub(crate) struct Relay {
    pub(crate) port: u16,
    cut: Arc<watch::Sender<bool>>,
    _tasks: Tasks,
}

impl Relay {
    pub(crate) async fn to(target: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (cut, tasks) = (Arc::new(watch::Sender::new(false)), Tasks::new());
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
        self.cut.send_replace(cut);
    }
}

async fn carry(stream: TcpStream, target: u16, cut: &watch::Sender<bool>) -> io::Result<()> {
    whole(cut).await;
    let other = TcpStream::connect(("127.0.0.1", target)).await?;
    let ((here_out, here_in), (there_out, there_in)) = (stream.into_split(), other.into_split());
    // When one direction ends, so does the connection.
    tokio::select! {
        biased;
        end = one_way(here_out, there_in, cut) => end,
        end = one_way(there_out, here_in, cut) => end,
    }
}

async fn one_way(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, cut: &watch::Sender<bool>) -> io::Result<()> {
    let mut buffer = vec![0; 1 << 16];
    loop {
        let n = from.read(&mut buffer).await?;
        if n == 0 {
            return Ok(());
        }
        whole(cut).await;
        to.write_all(&buffer[..n]).await?;
    }
}

async fn whole(cut: &watch::Sender<bool>) {
    cut.subscribe().wait_for(|cut| !cut).await.unwrap();
}
