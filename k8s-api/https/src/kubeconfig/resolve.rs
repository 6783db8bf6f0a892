use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use k8s_api::UserInfo;
use k8s_api_client::Client;
use k8s_env::Env;

use super::file::failed;
use super::{Cluster, Context, Kubeconfig, User};
use crate::{Access, Error, Https, Identity, Token};

/// A client of the server that the kubeconfig means, as its user.
///
/// The client's identity is whom the credentials (or `as`) say one is; as somebody else, with
/// [`Client::as_user`], it impersonates.
///
/// # Errors
/// When the kubeconfig lacks something or asks for what is not done here (plugins that make credentials, proxies), or
/// a file that it names cannot be read or used.
pub fn client(config: &Kubeconfig, env: &Env) -> Result<Client, Error> {
    let (user, access) = config.access()?;
    let transport = Https::new(&access, env)?;
    let identity = impersonated(user).unwrap_or_else(|| transport.identity().clone());
    Ok(Client::new(Arc::new(transport), identity))
}

impl Kubeconfig {
    /// The namespace of the current context, where it names one.
    pub fn namespace(&self) -> Option<&str> {
        self.current().ok()?.namespace.as_deref()
    }

    /// Where the current context's server is and who we are to it, with all files read.
    ///
    /// # Errors
    /// As [`client`].
    pub fn access(&self) -> Result<(&User, Access), Error> {
        let context = self.current()?;
        let cluster = self.clusters.iter().find(|c| c.name == context.cluster).map(|c| &c.cluster);
        let cluster = cluster.ok_or_else(|| missing("cluster", &context.cluster))?;
        let user = self.users.iter().find(|u| u.name == context.user).map(|u| &u.user);
        let user = user.ok_or_else(|| missing("user", &context.user))?;
        refuse(cluster, user)?;
        let authority =
            self.text(cluster.certificate_authority_data.as_ref(), cluster.certificate_authority.as_ref())?;
        let access = Access {
            server: cluster.server.clone(),
            authority_pem: authority,
            insecure: cluster.insecure_skip_tls_verify.unwrap_or_default(),
            server_name: cluster.tls_server_name.clone().filter(|name| !name.is_empty()),
            certificate: self.certificate(user)?,
            token: self.token(user),
            user: Some(context.user.clone()),
            timeout: None,
        };
        Ok((user, access))
    }

    fn current(&self) -> Result<&Context, Error> {
        let found = self.contexts.iter().find(|c| c.name == self.current_context);
        found.map(|c| &c.context).ok_or_else(|| missing("context", &self.current_context))
    }

    fn certificate(&self, user: &User) -> Result<Option<Identity>, Error> {
        let certificate = self.text(user.client_certificate_data.as_ref(), user.client_certificate.as_ref())?;
        let key = self.text(user.client_key_data.as_ref(), user.client_key.as_ref())?;
        match (certificate, key) {
            (Some(certificate_pem), Some(key_pem)) => Ok(Some(Identity { certificate_pem, key_pem })),
            (None, None) => Ok(None),
            _ => Err(Error::Kubeconfig("a client certificate and its key come together".to_owned())),
        }
    }

    fn token(&self, user: &User) -> Option<Token> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        if let Some(path) = user.token_file.as_ref().filter(|path| !path.as_os_str().is_empty()) {
            return Some(Token::File(self.folder.join(path)));
        }
        let basic = || Some(Token::Basic(given(&user.username)?, user.password.clone().unwrap_or_default()));
        given(&user.token).map(Token::Bearer).or_else(basic)
    }

    /// What is given in the kubeconfig itself, or else in a file.
    fn text(&self, data: Option<&String>, path: Option<&PathBuf>) -> Result<Option<String>, Error> {
        if let Some(data) = data.filter(|data| !data.is_empty()) {
            let text = STANDARD.decode(data.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            return text.map(Some).ok_or_else(|| Error::Kubeconfig("data that is not PEM in base64".to_owned()));
        }
        let Some(path) = path.filter(|path| !path.as_os_str().is_empty()) else { return Ok(None) };
        let path: &Path = &self.folder.join(path);
        fs::read_to_string(path).map(Some).map_err(failed(path))
    }
}

fn refuse(cluster: &Cluster, user: &User) -> Result<(), Error> {
    let refused = [
        (user.exec.is_some(), "a plugin that makes credentials (exec)"),
        (user.auth_provider.is_some(), "a plugin that makes credentials (auth-provider)"),
        (cluster.proxy_url.as_ref().is_some_and(|url| !url.is_empty()), "a proxy"),
    ];
    refused.into_iter().find(|(asked, _)| *asked).map_or(Ok(()), |(_, what)| Err(Error::Unsupported { what }))
}

fn impersonated(user: &User) -> Option<UserInfo> {
    let name = user.impersonate.clone().filter(|name| !name.is_empty())?;
    Some(UserInfo {
        name,
        uid: user.impersonate_uid.clone().unwrap_or_default(),
        groups: user.impersonate_groups.clone().unwrap_or_default(),
        extra: user.impersonate_extra.clone().unwrap_or_default(),
    })
}

fn missing(what: &str, name: &str) -> Error {
    Error::Kubeconfig(if name.is_empty() { format!("no {what} is chosen") } else { format!("no {what} {name:?}") })
}
