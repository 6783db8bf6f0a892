use std::fmt::Debug;
use std::sync::Arc;

use foldhash::{HashMap, HashMapExt};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use k8s_api::{GroupVersionResource, Status, UserInfo};
use k8s_api_client::{ResourceTarget, Target};

use crate::authorize::Action;
use crate::core::Core;
use crate::tokens::{self, Tokens};

/// Finds out who sends a bearer token. The server's own service account tokens need none.
///
/// Implemented by whoever knows users by tokens; called by the server for every request with a token. The front page of
/// this crate numbers the promises, and `k8s-api-server-testkit` has a test for each.
///
/// # Contract
/// Answers from what it has at hand, without waiting, and changes nothing; any number of threads may ask at once. A token
/// is known as a whole, byte by byte, and comes as the client sent it: whatever it is, the answer is a user or `None`,
/// never a panic. The user has a name; the server adds the group `system:authenticated` where it is missing.
pub trait Authenticator: Send + Sync + Debug + 'static {
    /// The user who holds the token; `None` when nobody known does, which is answered with 401.
    fn token(&self, token: &str) -> Option<UserInfo>;
}

/// What a TLS listener learnt of its peer and puts into the extensions of each request.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The user of the client certificate: its common name and organizations.
    pub user: Arc<UserInfo>,
}

/// A fixed set of tokens, as upstream's `--token-auth-file`.
#[derive(Clone, Debug, Default)]
pub struct TokenFile(HashMap<String, UserInfo>);

impl TokenFile {
    /// No token at all.
    pub fn new() -> Self {
        Self(HashMap::new())
    }

    /// With one more token.
    pub fn with(mut self, token: impl Into<String>, user: UserInfo) -> Self {
        self.0.insert(token.into(), user);
        self
    }
}

impl Authenticator for TokenFile {
    fn token(&self, token: &str) -> Option<UserInfo> {
        self.0.get(token).cloned()
    }
}

/// The user of a request: by certificate, by token, or nobody.
pub(super) async fn authenticate(
    core: &Core,
    authenticator: &dyn Authenticator,
    parts: &http::request::Parts,
) -> Result<UserInfo, Status> {
    if let Some(header) = parts.headers.get(AUTHORIZATION) {
        let token = header.to_str().ok().and_then(|h| h.strip_prefix("Bearer ").or_else(|| h.strip_prefix("bearer ")));
        if let Some(token) = token.map(str::trim).filter(|token| !token.is_empty()) {
            let known = match authenticator.token(token) {
                Some(user) => Some(user),
                None => service_account(core, token).await,
            };
            return known.map(authenticated).ok_or_else(Status::unauthorized);
        }
    }
    Ok(parts.extensions.get::<Credentials>().map_or_else(UserInfo::anonymous, |c| (*c.user).clone()))
}

/// Adds the group of all who are known.
///
/// Upstream: `k8s.io/apiserver/pkg/authentication/group/authenticated_group_adder.go`.
fn authenticated(mut user: UserInfo) -> UserInfo {
    if !user.is_in(AUTHENTICATED) && !user.is_in("system:unauthenticated") {
        user.groups.push(AUTHENTICATED.to_owned());
    }
    user
}

async fn service_account(core: &Core, token: &str) -> Option<UserInfo> {
    let (user, audiences) = tokens::holder(core, token).await?;
    audiences.iter().any(|audience| audience == Tokens::audience()).then_some(user)
}

/// The user that a request wants to be, if its user may be them.
///
/// Upstream: `k8s.io/apiserver/pkg/endpoints/filters/impersonation`.
pub(super) async fn impersonate(
    core: &Core,
    user: UserInfo,
    headers: &HeaderMap,
    action: &Action<'_>,
) -> Result<UserInfo, Status> {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    let name = text("impersonate-user");
    let groups: Vec<String> =
        headers.get_all("impersonate-group").iter().filter_map(|v| v.to_str().ok().map(str::to_owned)).collect();
    if name.is_empty() {
        let others = !groups.is_empty() || headers.contains_key("impersonate-uid");
        let why = "requested impersonation of groups or extra without impersonating a user";
        return if others { Err(Status::internal(why)) } else { Ok(user) };
    }
    let mut wanted = UserInfo { name: name.clone(), uid: text("impersonate-uid"), ..UserInfo::default() };
    let (resource, namespace, short) = match name.strip_prefix("system:serviceaccount:").and_then(|r| r.split_once(':'))
    {
        Some((namespace, account)) => ("serviceaccounts", namespace, account),
        None => ("users", "", name.as_str()),
    };
    let mut asked = vec![Asked { group: "", resource, part: "", namespace, name: short }];
    asked.extend(groups.iter().map(|group| Asked { resource: "groups", name: group, ..Asked::default() }));
    if !wanted.uid.is_empty() {
        asked.push(Asked { group: AUTHENTICATION, resource: "uids", name: &wanted.uid, ..Asked::default() });
    }
    for (header, value) in headers {
        if let (Some(part), Ok(name)) = (header.as_str().strip_prefix("impersonate-extra-"), value.to_str()) {
            asked.push(Asked { group: AUTHENTICATION, resource: "userextras", part, name, ..Asked::default() });
        }
    }
    if !all(core, &user, "impersonate", &asked).await {
        constrained(core, &user, &asked, action).await?;
    }
    wanted.groups = groups;
    if resource == "serviceaccounts" && wanted.groups.is_empty() {
        wanted.groups = vec!["system:serviceaccounts".to_owned(), format!("system:serviceaccounts:{namespace}")];
    }
    let known = if name == "system:anonymous" { "system:unauthenticated" } else { "system:authenticated" };
    if !wanted.is_in(known) && !wanted.is_in("system:unauthenticated") {
        wanted.groups.push(known.to_owned());
    }
    for (header, value) in headers {
        if let (Some(key), Ok(value)) = (header.as_str().strip_prefix("impersonate-extra-"), value.to_str()) {
            wanted.extra.entry(key.to_owned()).or_default().push(value.to_owned());
        }
    }
    Ok(wanted)
}

const AUTHENTICATED: &str = "system:authenticated";
const AUTHENTICATION: &str = "authentication.k8s.io";

/// One property of the wanted user, as authorization is asked about it.
#[derive(Clone, Copy, Default)]
struct Asked<'a> {
    group: &'static str,
    resource: &'static str,
    part: &'a str,
    namespace: &'a str,
    name: &'a str,
}

impl Asked<'_> {
    fn target(&self) -> Target {
        let gvr = GroupVersionResource::new(self.group, "v1", self.resource);
        Target::Resource(ResourceTarget::object(gvr, self.namespace, self.name).subresource(self.part))
    }
}

async fn all(core: &Core, user: &UserInfo, verb: &str, asked: &[Asked<'_>]) -> bool {
    for one in asked {
        if core.authorize(user, verb, &one.target()).await.is_err() {
            return false;
        }
    }
    true
}

/// Whether the user may do this one thing as somebody else: allowed by the verb, and by whom they want to be.
///
/// Upstream: `k8s.io/apiserver/pkg/endpoints/filters/impersonation/mode.go`.
async fn constrained(core: &Core, user: &UserInfo, asked: &[Asked<'_>], action: &Action<'_>) -> Result<(), Status> {
    let alone = asked.len() == 1;
    let mode = match &asked[0] {
        one if one.resource == "serviceaccounts" && alone => "serviceaccount",
        one if one.name.starts_with("system:node:") && alone => "arbitrary-node",
        _ => "user-info",
    };
    core.authorize(user, &format!("impersonate-on:{mode}:{}", action.verb), action.target).await?;
    let verb = format!("impersonate:{mode}");
    for one in asked {
        let one = match one.name.strip_prefix("system:node:").filter(|_| mode == "arbitrary-node") {
            Some(node) => Asked { resource: "nodes", name: node, ..*one },
            None => *one,
        };
        core.authorize(user, &verb, &Asked { group: AUTHENTICATION, ..one }.target()).await?;
    }
    Ok(())
}
