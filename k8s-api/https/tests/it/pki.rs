use k8s_api_https::{Identity, Kubeconfig, Pki, ServerTls, api_server_names, client};
use k8s_env::Env;

use crate::fixture::{served, text, whoami};

#[tokio::test]
async fn a_certificate_says_who_one_is() {
    let served = served(whoami()).await;
    let users: [(&str, &[&str]); 3] =
        [("alone", &[]), ("system:node:a", &["system:nodes"]), ("ann", &["dev", "ops", "überall"])];
    for (name, groups) in users {
        let identity = served.pki.client(name, groups).unwrap();
        let config = Kubeconfig::embedded(&served.url(), served.pki.certificate_pem(), name, &identity);
        let client = client(&config, &served.env).unwrap();
        assert_eq!(client.identity().name, name);
        let expected = [groups, &["system:authenticated"]].concat().join(",");
        // As HTTP sees it, and as the client sees itself.
        assert_eq!(text(&client, "/").await.unwrap(), format!("{name} {expected}"));
        assert_eq!(client.identity().groups.join(","), expected);
        let id = &client.identity().extra["authentication.kubernetes.io/credential-id"][0];
        assert_eq!(id.len(), "X509SHA256=".len() + 64, "{id}");
    }
}

#[tokio::test]
async fn an_authority_survives_being_written_down() {
    let env = Env::simulated(1);
    let pki = Pki::generate(&env).unwrap();
    let again = Pki::from_identity(&pki.identity(), &env).unwrap();
    assert_eq!(pki.certificate_pem(), again.certificate_pem());
    // What the second signs the first's certificate vouches for, by simulated time.
    let identity = again.client("ann", &["a", "b"]).unwrap();
    assert!(ServerTls::new(&again.server(["localhost"]).unwrap(), Some(pki.certificate_pem()), &env).is_ok());
    assert!(identity.certificate_pem.starts_with("-----BEGIN CERTIFICATE-----\n"));
}

#[tokio::test]
async fn serial_numbers_come_from_the_seed_and_keys_do_not() {
    let [a, b] = [3, 3].map(|seed| Pki::generate(&Env::simulated(seed)).unwrap().identity());
    assert_ne!(a.key_pem, b.key_pem);
}

#[test]
fn what_is_no_name_is_refused() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _in = runtime.enter();
    let pki = Pki::generate(&Env::simulated(1)).unwrap();
    assert!(pki.server(["überall"]).is_err());
    let garbage = Identity { certificate_pem: "x".to_owned(), key_pem: "y".to_owned() };
    assert!(Pki::from_identity(&garbage, &Env::simulated(1)).is_err());
    assert!(ServerTls::new(&garbage, None, &Env::simulated(1)).is_err());
}

#[test]
fn pods_reach_the_server_by_its_service() {
    let names = api_server_names([10, 96, 0, 1].into());
    for name in ["kubernetes.default.svc", "kubernetes.default.svc.cluster.local", "10.96.0.1", "localhost"] {
        assert!(names.iter().any(|n| n == name), "{name}");
    }
}
