use std::sync::Arc;

use k8s_api::UserInfo;
use k8s_api_client_testkit::Judged;
use k8s_api_server::ApiServer;
use k8s_api_server::admission::Admission;
use k8s_api_server::authorize::Authorizer;
use k8s_api_server::http::Authenticator;

use crate::write::{Verb, Write};
use crate::{Ability, Question};

/// What the crate whose promises are checked is called.
const PROMISED_BY: &str = "k8s-api-server";

/// An authorizer, and what its author says of it.
#[derive(Debug)]
pub struct Authorizing {
    pub(crate) authorizer: Arc<dyn Authorizer>,
    pub(crate) given: Vec<String>,
    pub(crate) allowed: Vec<Question>,
    pub(crate) denied: Vec<Question>,
}

impl Authorizing {
    /// An authorizer of which nothing is known yet.
    pub fn new(authorizer: impl Authorizer) -> Self {
        Self { authorizer: Arc::new(authorizer), given: Vec::new(), allowed: Vec::new(), denied: Vec::new() }
    }

    /// What is in the cluster, as a manifest, besides what every cluster has.
    pub fn given(mut self, manifest: &str) -> Self {
        self.given.push(manifest.to_owned());
        self
    }

    /// A [`Question`] whose answer is yes.
    ///
    /// # Panics
    /// When the text is no question.
    pub fn allows(mut self, question: &str) -> Self {
        self.allowed.push(question.parse().unwrap());
        self
    }

    /// A [`Question`] whose answer is no.
    ///
    /// # Panics
    /// When the text is no question.
    pub fn denies(mut self, question: &str) -> Self {
        self.denied.push(question.parse().unwrap());
        self
    }
}

impl Judged for Authorizing {
    type Ability = Ability;
    const PROMISED_BY: &str = PROMISED_BY;

    fn can(&self, ability: Ability) -> bool {
        ability != Ability::Denials || !self.denied.is_empty()
    }
}

/// An authenticator, and whom it knows.
#[derive(Debug)]
pub struct Authenticating {
    pub(crate) authenticator: Arc<dyn Authenticator>,
    /// Makes a server's HTTP service of another one, which asks this one.
    pub(crate) server: Option<ApiServer>,
    pub(crate) known: Vec<(String, UserInfo)>,
    everybody: bool,
}

impl Authenticating {
    /// An authenticator that knows nobody yet.
    pub fn new(authenticator: impl Authenticator) -> Self {
        Self { authenticator: Arc::new(authenticator), server: None, known: Vec::new(), everybody: false }
    }

    /// A token and whose it is.
    pub fn knows(mut self, token: &str, user: UserInfo) -> Self {
        self.known.push((token.to_owned(), user));
        self
    }

    /// Whatever token it is shown, it is somebody's.
    pub fn knows_everybody(mut self) -> Self {
        self.everybody = true;
        self
    }

    /// The server that the tokens are of, when they are a server's own.
    pub fn of(mut self, server: &ApiServer) -> Self {
        self.server = Some(server.clone());
        self
    }
}

impl Judged for Authenticating {
    type Ability = Ability;
    const PROMISED_BY: &str = PROMISED_BY;

    fn can(&self, ability: Ability) -> bool {
        ability != Ability::Strangers || !self.everybody
    }
}

/// An admission plugin, and what it makes of some writes.
#[derive(Debug)]
pub struct Admitting {
    pub(crate) plugin: Arc<dyn Admission>,
    pub(crate) given: Vec<String>,
    pub(crate) deleted: Vec<String>,
    pub(crate) writes: Vec<Write>,
    every_kind: bool,
}

impl Admitting {
    /// A plugin of which nothing is known yet.
    pub fn new(plugin: Arc<dyn Admission>) -> Self {
        Self { plugin, given: Vec::new(), deleted: Vec::new(), writes: Vec::new(), every_kind: false }
    }

    /// What is in the cluster, as a manifest, besides what every cluster has. It is not admitted by the plugin.
    pub fn given(mut self, manifest: &str) -> Self {
        self.given.push(manifest.to_owned());
        self
    }

    /// What of it was deleted before the writes, as a manifest: it is gone, or on its way.
    pub fn deleted(mut self, manifest: &str) -> Self {
        self.deleted.push(manifest.to_owned());
        self
    }

    /// A write that goes through, and becomes a valid object: `create`, `update` or `delete`, and the object as a
    /// manifest. Writes are made in the order in which they are named.
    ///
    /// # Panics
    /// When the verb is another, or the manifest none.
    pub fn accepts(self, verb: &str, manifest: &str) -> Self {
        self.write(verb, manifest, true)
    }

    /// A write that the plugin refuses.
    ///
    /// # Panics
    /// As [`Admitting::accepts`].
    pub fn refuses(self, verb: &str, manifest: &str) -> Self {
        self.write(verb, manifest, false)
    }

    /// It changes or refuses objects of whatever kind.
    pub fn minds_every_kind(mut self) -> Self {
        self.every_kind = true;
        self
    }

    fn write(mut self, verb: &str, manifest: &str, accepted: bool) -> Self {
        self.writes.push(Write::parse(Verb::parse(verb), manifest, accepted));
        self
    }
}

impl Judged for Admitting {
    type Ability = Ability;
    const PROMISED_BY: &str = PROMISED_BY;

    fn can(&self, ability: Ability) -> bool {
        match ability {
            Ability::Acceptances => self.writes.iter().any(|write| write.accepted),
            Ability::Refusals => self.writes.iter().any(|write| !write.accepted),
            Ability::ForeignKinds => !self.every_kind,
            _ => true,
        }
    }
}

/// An authenticator behind a reference.
#[derive(Debug)]
pub(crate) struct Shared(pub(crate) Arc<dyn Authenticator>);

impl Authenticator for Shared {
    fn token(&self, token: &str) -> Option<UserInfo> {
        self.0.token(token)
    }
}
