use std::process::Command;

use k8s_store_etcd::Etcd;

use crate::peer::{Peer, program};

/// An etcd with the users `root`, whose password is `secret`, and `reader`, with `open`, who may read what begins with
/// `app/`.
pub(crate) async fn guarded(arguments: &[&str]) -> Option<Peer> {
    // The least work for a password that etcd allows.
    let arguments = [&["--bcrypt-cost", "4"], arguments].concat();
    let (etcdctl, peer) = (program("etcdctl")?, Peer::start("http", &arguments)?);
    Etcd::connect([peer.url.clone()]).await.unwrap();
    for command in [
        "user add root:secret",
        "user grant-role root root",
        "role add reading",
        "role grant-permission reading --prefix=true read app/",
        "user add reader:open",
        "user grant-role reader reading",
        "auth enable",
    ] {
        let output =
            Command::new(&etcdctl).args(["--endpoints", &peer.url]).args(command.split_whitespace()).output().unwrap();
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Some(peer)
}
