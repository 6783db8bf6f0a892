use k8s_api_https::kubeconfig::{Cluster, User};
use k8s_api_https::{Error, Kubeconfig, Pki, Token, client};
use k8s_env::Env;

use crate::fixture::{served, text, whoami};

const YAML: &str = r#"
apiVersion: v1
kind: Config
preferences: {}
current-context: second
clusters:
- name: one
  cluster: {server: "https://one:6443", insecure-skip-tls-verify: true, extensions: []}
- name: two
  cluster: {server: "https://two", certificate-authority: ca.crt, tls-server-name: named}
users:
- name: ann
  user:
    token: abc
- name: nobody
  user:
contexts:
- name: first
  context: {cluster: one, user: ann, namespace: dev}
- {name: second, context: {cluster: two, user: nobody}}
- {name: lost, context: {cluster: three, user: ann}}
"#;

#[test]
fn contexts_say_which_server_and_who() {
    let config = Kubeconfig::parse(YAML).unwrap().context("first");
    assert_eq!(config.namespace(), Some("dev"));
    let (_, access) = config.access().unwrap();
    assert_eq!(access.server, "https://one:6443");
    assert!(access.insecure && access.certificate.is_none());
    assert!(matches!(access.token, Some(Token::Bearer(token)) if token == "abc"));
    let message = Kubeconfig::parse(YAML).unwrap().context("lost").access().unwrap_err().to_string();
    assert_eq!(message, "kubeconfig: no cluster \"three\"");
    assert_eq!(Kubeconfig::default().access().unwrap_err().to_string(), "kubeconfig: no context is chosen");
}

#[test]
fn paths_are_relative_to_the_file() {
    let folder = std::env::temp_dir().join(format!("k8s-api-https-config-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("config"), YAML).unwrap();
    let config = Kubeconfig::read(folder.join("config")).unwrap();
    assert!(matches!(config.access().unwrap_err(), Error::File { path, .. } if path == folder.join("ca.crt")));
    std::fs::write(folder.join("ca.crt"), "a certificate").unwrap();
    let (_, access) = config.access().unwrap();
    assert_eq!(access.authority_pem.as_deref(), Some("a certificate"));
    assert_eq!(access.server_name.as_deref(), Some("named"));
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn what_is_not_done_is_said() {
    for (yaml, what) in [("exec: {command: x}", "exec"), ("auth-provider: {name: x}", "auth-provider")] {
        let user: User = serde_saphyr::from_str(yaml).unwrap();
        let error = Kubeconfig::of(Cluster::default(), "ann", user).access().unwrap_err();
        assert!(matches!(error, Error::Unsupported { what: said } if said.contains(what)));
    }
    assert!(Kubeconfig::parse("clusters: 7").is_err());
    let half = User { client_key_data: Some("eA==".to_owned()), ..User::default() };
    assert!(Kubeconfig::of(Cluster::default(), "ann", half).access().is_err());
}

#[tokio::test]
async fn what_is_written_is_private_and_works() {
    let served = served(whoami()).await;
    let identity = served.pki.admin().unwrap();
    let config = Kubeconfig::embedded(&served.url(), served.pki.certificate_pem(), "kubernetes-admin", &identity);
    let path = std::env::temp_dir().join(format!("k8s-api-https-admin-{}.conf", std::process::id()));
    std::fs::write(&path, "what was there before").unwrap();
    config.write(&path).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let read = Kubeconfig::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(read.current_context, "kubernetes-admin@kubernetes");
    let client = client(&read, &served.env).unwrap();
    assert_eq!(text(&client, "/").await.unwrap(), "kubernetes-admin system:masters,system:authenticated");
    assert!(config.write("/nowhere/at/all").is_err());
}

#[tokio::test]
async fn a_kubeconfig_may_want_to_be_somebody_else() {
    let env = Env::system();
    let pki = Pki::generate(&env).unwrap();
    let mut config = Kubeconfig::embedded("https://x", pki.certificate_pem(), "a", &pki.admin().unwrap());
    config.users[0].user.impersonate = Some("ann".to_owned());
    config.users[0].user.impersonate_groups = Some(vec!["dev".to_owned()]);
    let client = client(&Kubeconfig::parse(&config.to_yaml().unwrap()).unwrap(), &env).unwrap();
    assert_eq!(
        (client.identity().name.as_str(), client.identity().groups.as_slice()),
        ("ann", &["dev".to_owned()][..])
    );
}
