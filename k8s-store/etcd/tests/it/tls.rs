//! TLS with certificates on both ends, to a real etcd and to a store of ours.

use std::time::Duration;

use k8s_store::{Error, KeyRange, Memory, Store, StoreExt, WatchOptions};
use k8s_store_etcd::{ClientTls, Etcd};
use k8s_store_etcd_server::{EtcdServer, ServerTls};
use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use tokio::net::TcpListener;

use crate::peer::{Peer, Scratch};

struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key, in PEM.
struct Identity(String, String);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    fn identity(&self) -> Identity {
        let mut params = CertificateParams::new(["127.0.0.1".to_owned(), "localhost".to_owned()]).unwrap();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().unwrap();
        Identity(params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }

    fn client(&self, identity: Option<&Identity>) -> ClientTls {
        let identity = identity.map(|Identity(chain, key)| (chain.as_bytes(), key.as_bytes()));
        ClientTls::from_pem(self.pem.as_bytes(), identity).unwrap()
    }
}

/// Who knows the authority and is known to it is served, and nobody else.
async fn check(url: String, ours: &Authority) {
    let connect = |tls| Etcd::builder([url.clone()]).tls(tls).patience(Duration::from_secs(10)).connect();
    let store = connect(ours.client(Some(&ours.identity()))).await.unwrap();
    let mut watch = store.watch(KeyRange::all(), WatchOptions::from_now()).await.unwrap();
    store.put("a".into(), "1".into()).await.unwrap();
    assert_eq!(watch.next().await.unwrap().unwrap().events[0].kv.value, "1");

    let impatient = |tls| Etcd::builder([url.clone()]).tls(tls).patience(Duration::from_secs(1)).connect();
    let theirs = Authority::new();
    for stranger in [ours.client(None), ours.client(Some(&theirs.identity())), theirs.client(Some(&ours.identity()))] {
        let error = impatient(stranger).await.unwrap_err();
        assert!(matches!(error, Error::Unavailable { .. }), "{error}");
    }
}

#[tokio::test]
async fn both_ends_of_a_real_etcd_are_known() {
    let (authority, folder) = (Authority::new(), Scratch::new());
    let Identity(chain, key) = authority.identity();
    let write = |name: &str, text: &str| {
        let path = folder.0.join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (ca, chain, key) = (write("ca", &authority.pem), write("chain", &chain), write("key", &key));
    let arguments = ["--client-cert-auth", "--trusted-ca-file", &ca, "--cert-file", &chain, "--key-file", &key];
    let Some(peer) = Peer::start("https", &arguments) else { return };
    check(peer.url.clone(), &authority).await;
}

#[tokio::test]
async fn both_ends_of_a_served_store_are_known() {
    let authority = Authority::new();
    let Identity(chain, key) = authority.identity();
    let tls = ServerTls::from_pem(chain.as_bytes(), key.as_bytes(), Some(authority.pem.as_bytes())).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = EtcdServer::new(Memory::new()).serve(listener, Some(tls)).unwrap();
    check(format!("https://{}", server.local_addr()), &authority).await;
    server.stop().await;
}
