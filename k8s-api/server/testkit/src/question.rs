use std::fmt;
use std::str::FromStr;

use k8s_api::{GroupVersionResource, UserInfo};
use k8s_api_client::{ResourceTarget, Target};
use k8s_api_server::authorize::Action;

/// Whether somebody may do something, read from a line:
///
/// `alice[dev,ops] get pods/log in shop named web`, `alice list deployments.apps`, `system:anonymous get /healthz`.
///
/// Users belong to the groups in brackets and to `system:authenticated`.
#[derive(Clone, Debug)]
pub struct Question {
    /// Who asks.
    pub user: UserInfo,
    /// The verb.
    pub verb: String,
    /// About what.
    pub target: Target,
    text: String,
}

impl Question {
    /// The question as an authorizer is asked it.
    pub fn action(&self) -> Action<'_> {
        Action { verb: &self.verb, target: &self.target }
    }

    /// The same by another user.
    pub(crate) fn by(&self, user: UserInfo) -> Self {
        Self { text: format!("{} asks: {}", user.name, self.text), user, ..self.clone() }
    }

    /// The same about another target.
    pub(crate) fn about(&self, target: Target) -> Self {
        Self { text: format!("{} about {target:?}", self.text), target, ..self.clone() }
    }
}

impl FromStr for Question {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let words: Vec<_> = text.split_whitespace().collect();
        let [who, verb, what, rest @ ..] = words.as_slice() else {
            return Err(format!("{text:?} is no question: USER VERB WHAT [in NAMESPACE] [named NAME]"));
        };
        let (mut namespace, mut name) = ("", "");
        for pair in rest.chunks(2) {
            match pair {
                ["in", word] => namespace = word,
                ["named", word] => name = word,
                other => return Err(format!("{text:?} is no question: {other:?} is not understood")),
            }
        }
        Ok(Self {
            user: user(who),
            verb: (*verb).to_owned(),
            target: target(what, namespace, name),
            text: text.to_owned(),
        })
    }
}

fn user(text: &str) -> UserInfo {
    if text == "system:anonymous" {
        return UserInfo::anonymous();
    }
    let (name, groups) = text.split_once('[').unwrap_or((text, ""));
    let groups: Vec<_> = groups.trim_end_matches(']').split(',').filter(|group| !group.is_empty()).collect();
    UserInfo::new(name, &groups)
}

fn target(what: &str, namespace: &str, name: &str) -> Target {
    if what.starts_with('/') {
        return Target::Path(what.to_owned());
    }
    let (resource, part) = what.split_once('/').unwrap_or((what, ""));
    let (resource, group) = resource.split_once('.').unwrap_or((resource, ""));
    let resource = GroupVersionResource::new(group.to_owned(), "v1", resource.to_owned());
    Target::Resource(ResourceTarget::object(resource, namespace, name).subresource(part))
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
