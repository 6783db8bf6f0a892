use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use k8s_store::{Maintenance, Memory};
use k8s_store_durable::Durable;
use k8s_store_etcd_server::{Backend, EtcdServer, ServerTls};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// Serves a store as etcd's version 3.
#[derive(Debug, clap::Parser)]
#[command(name = "k8s-store-etcd-server")]
pub(crate) struct Arguments {
    /// Where to listen: http://ADDRESS:PORT, or https:// with a certificate. Port 0 is any free one.
    #[arg(long, default_value = "http://127.0.0.1:2379")]
    listen: String,
    #[command(flatten)]
    place: Place,
    /// The name of the only member.
    #[arg(long, default_value = "default")]
    name: String,
    /// How many events of history are kept at most; what exceeds it is compacted.
    #[arg(long, default_value_t = 1_000_000)]
    history: usize,
    /// How many bytes of history are kept at most in a data directory; what exceeds it is compacted.
    #[arg(long, default_value_t = 1 << 30)]
    history_bytes: usize,
    /// The server's certificate chain, in PEM.
    #[arg(long, requires = "key_file")]
    cert_file: Option<PathBuf>,
    /// The certificate's key, in PEM.
    #[arg(long, requires = "cert_file")]
    key_file: Option<PathBuf>,
    /// Serve only clients with a certificate of one of these authorities, in PEM.
    #[arg(long, requires = "cert_file")]
    trusted_ca_file: Option<PathBuf>,
    /// How often watches that want it hear of progress, in seconds.
    #[arg(long, default_value_t = 600)]
    watch_progress_notify_interval: u64,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Place {
    /// Keep the data in this folder.
    #[arg(long)]
    data_dir: Option<PathBuf>,
    /// Keep the data in memory; it is gone when the server stops.
    #[arg(long)]
    memory: bool,
}

/// Why the server ended, for the one who started it.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl Arguments {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let (scheme, address) = self.listen.split_once("://").unwrap_or(("http", &self.listen));
        let tls = self.tls(scheme)?;
        let store = self.store().await?;
        let listener = TcpListener::bind(address).await.map_err(|error| about(&self.listen, error))?;
        let url = format!("{scheme}://{}", listener.local_addr()?);
        let server = EtcdServer::builder(Arc::clone(&store))
            .name(&self.name)
            .client_url(&url)
            .progress_interval(Duration::from_secs(self.watch_progress_notify_interval))
            .build();
        let server = server.serve(listener, tls).map_err(|error| about(&self.listen, error))?;
        // Whoever started it with port 0 reads here where it is.
        writeln!(io::stdout(), "serving etcd's API at {url}")?;
        stop_signal().await?;
        server.stop().await;
        store.close().await.map_err(|error| about("closing the store", error))
    }

    async fn store(&self) -> Result<Arc<dyn Backend>, Failure> {
        match &self.place.data_dir {
            Some(folder) => {
                let builder = Durable::builder().history(self.history).history_bytes(self.history_bytes);
                let store = builder.open(folder).await;
                Ok(Arc::new(store.map_err(|error| about(&folder.display().to_string(), chain(&error)))?))
            }
            None => Ok(Arc::new(Memory::builder().history(self.history).build())),
        }
    }

    fn tls(&self, scheme: &str) -> Result<Option<ServerTls>, Failure> {
        match (scheme, &self.cert_file, &self.key_file) {
            ("http", None, _) => Ok(None),
            ("https", Some(certificate), Some(key)) => {
                let client_ca = self.trusted_ca_file.as_deref().map(read).transpose()?;
                let tls = ServerTls::from_pem(&read(certificate)?, &read(key)?, client_ca.as_deref());
                tls.map(Some).map_err(|error| about(&certificate.display().to_string(), error))
            }
            ("http" | "https", ..) => {
                Err(Failure("--cert-file and --key-file go with https://, and it with them".into()))
            }
            (scheme, ..) => Err(Failure(format!("--listen: {scheme}:// is neither http:// nor https://"))),
        }
    }
}

async fn stop_signal() -> io::Result<()> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        biased;
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| about(&path.display().to_string(), error))
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn about(what: &str, why: impl fmt::Display) -> Failure {
    Failure(format!("{what}: {why}"))
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self(error.to_string())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
