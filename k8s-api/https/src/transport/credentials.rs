use std::path::PathBuf;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::header::{HeaderMap, HeaderName, HeaderValue};
use k8s_api::{Status, UserInfo};
use parking_lot::Mutex;
use percent_encoding::utf8_percent_encode;
use tokio::time::Instant;

use super::encode::RESERVED;
use crate::{Access, Error, subject, tls};

/// How long a token from a file is used before the file is read again, as client-go has it.
const FRESH: Duration = Duration::from_secs(60);
const AUTHENTICATED: &str = "system:authenticated";

/// What a client shows to say who it is.
#[derive(Clone)]
pub enum Token {
    /// A bearer token.
    Bearer(String),
    /// A file with a bearer token that somebody renews; it is read again every minute and after a 401.
    File(PathBuf),
    /// A name and a password, for proxies that ask for them.
    Basic(String, String),
}

/// The `Authorization` header.
pub(super) struct Bearer {
    token: Token,
    read: Mutex<Option<(Instant, HeaderValue)>>,
}

impl Bearer {
    pub(super) fn new(token: Token) -> Self {
        Self { token, read: Mutex::default() }
    }

    pub(super) fn header(&self) -> Result<HeaderValue, Status> {
        let mut read = self.read.lock();
        if let Some((at, header)) = &*read
            && (at.elapsed() < FRESH || !matches!(self.token, Token::File(_)))
        {
            return Ok(header.clone());
        }
        match (self.make(), &*read) {
            (Ok(header), _) => {
                *read = Some((Instant::now(), header.clone()));
                Ok(header)
            }
            // Whoever renews it may be at it right now; the token we have may well last.
            (Err(error), Some((_, header))) => {
                tracing::warn!(%error, "using the token from before");
                Ok(header.clone())
            }
            (Err(error), None) => Err(error),
        }
    }

    /// Reads the file again next time.
    pub(super) fn forget(&self) {
        *self.read.lock() = None;
    }

    fn make(&self) -> Result<HeaderValue, Status> {
        let text = match &self.token {
            Token::Bearer(token) => format!("Bearer {token}"),
            Token::Basic(name, password) => format!("Basic {}", STANDARD.encode(format!("{name}:{password}"))),
            Token::File(path) => {
                let token = std::fs::read_to_string(path)
                    .map_err(|e| Status::internal(format_args!("reading the token in {}: {e}", path.display())))?;
                format!("Bearer {}", token.trim())
            }
        };
        let mut header = HeaderValue::from_str(&text)
            .map_err(|_| Status::bad_request("the token has characters that no token has"))?;
        header.set_sensitive(true);
        Ok(header)
    }
}

/// Who the server will take us for: what the token says of itself, else what the certificate says.
pub(super) fn identity(access: &Access) -> Result<UserInfo, Error> {
    let token = match &access.token {
        Some(Token::Bearer(token)) => service_account(token),
        Some(Token::File(path)) => std::fs::read_to_string(path).ok().and_then(|token| service_account(token.trim())),
        Some(Token::Basic(name, _)) => Some(UserInfo::new(name.as_str(), &[])),
        None => None,
    };
    if let Some(user) = token {
        return Ok(user);
    }
    if let (Some(identity), None) = (&access.certificate, &access.token) {
        let certificate = tls::first_certificate(&identity.certificate_pem)?;
        if let Some(user) = subject::user(&certificate) {
            return Ok(user);
        }
    }
    Ok(match (&access.user, access.token.is_some()) {
        (Some(name), _) => UserInfo::new(name.as_str(), &[]),
        (None, true) => UserInfo::new("unknown", &[]),
        (None, false) => UserInfo::anonymous(),
    })
}

/// The service account that a token is of, as its claims have it. The server checks; we only want the name.
fn service_account(token: &str) -> Option<UserInfo> {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&claims).ok()?;
    let (namespace, name) = claims["sub"].as_str()?.strip_prefix("system:serviceaccount:")?.split_once(':')?;
    Some(UserInfo::service_account(namespace, name))
}

/// Whether a request of `wanted` can go out as `own`. What only the server knows of us need not be known.
pub(super) fn is_same(own: &UserInfo, wanted: &UserInfo) -> bool {
    own.name == wanted.name
        && groups(own) == groups(wanted)
        && (wanted.uid.is_empty() || wanted.uid == own.uid)
        && wanted.extra.iter().all(|(key, values)| own.extra.get(key) == Some(values))
}

fn groups(user: &UserInfo) -> Vec<&str> {
    let mut groups: Vec<&str> = user.groups.iter().map(String::as_str).filter(|g| *g != AUTHENTICATED).collect();
    groups.sort_unstable();
    groups.dedup();
    groups
}

/// Asks to be `user`. The group of everybody who is known is left out: the server adds it without a right to ask for.
///
/// Upstream: `k8s.io/client-go/transport`, `impersonatingRoundTripper`.
pub(super) fn impersonate(user: &UserInfo, headers: &mut HeaderMap) -> Result<(), Status> {
    let value = |text: &str| {
        HeaderValue::from_str(text).map_err(|_| Status::bad_request(format!("{text:?} cannot be impersonated")))
    };
    headers.insert(HeaderName::from_static("impersonate-user"), value(&user.name)?);
    if !user.uid.is_empty() {
        headers.insert(HeaderName::from_static("impersonate-uid"), value(&user.uid)?);
    }
    for group in user.groups.iter().filter(|group| *group != AUTHENTICATED) {
        headers.append(HeaderName::from_static("impersonate-group"), value(group)?);
    }
    for (key, values) in &user.extra {
        let name = format!("impersonate-extra-{}", utf8_percent_encode(key, RESERVED));
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| Status::bad_request(format!("{key:?} cannot be impersonated")))?;
        for extra in values {
            headers.append(name.clone(), value(extra)?);
        }
    }
    Ok(())
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bearer(_) => f.write_str("Bearer"),
            Self::File(path) => write!(f, "File({})", path.display()),
            Self::Basic(name, _) => write!(f, "Basic({name})"),
        }
    }
}
