use k8s_api::UserInfo;
use k8s_api_client::events::{EventApi, Source};
use k8s_api_client::{Client, Informers, Recorder};
use k8s_env::{Env, Spawner};

/// What a controller works with.
///
/// Writes go through the controller's own identity, as upstream's controllers run as service accounts of their own;
/// caches are shared among all controllers of a manager.
#[derive(Clone, Debug)]
pub struct Context {
    client: Client,
    informers: Informers,
    env: Env,
    recorder: Recorder,
    spawner: Spawner,
}

impl Context {
    /// The context of the controller `name`, which acts as `system:serviceaccount:kube-system:NAME`; its background
    /// tasks belong to those behind `spawner`.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn new(name: &str, client: &Client, informers: &Informers, env: &Env, spawner: Spawner) -> Self {
        let client = client.as_user(UserInfo::service_account("kube-system", name));
        Self::with_client(name, client, informers, env, spawner)
    }

    /// The context of a controller that acts as `client`.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn with_client(name: &str, client: Client, informers: &Informers, env: &Env, spawner: Spawner) -> Self {
        let source = Source::component(name);
        let recorder = Recorder::start(client.clone(), EventApi::Core, source, env.clone(), &spawner);
        Self { client, informers: informers.clone(), env: env.clone(), recorder, spawner }
    }

    /// The client, with the controller's own identity.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The shared caches.
    pub fn informers(&self) -> &Informers {
        &self.informers
    }

    /// Time and randomness.
    pub fn env(&self) -> &Env {
        &self.env
    }

    /// Writes events as the controller's name; see [`Recorder::as_source`] for another.
    pub fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// For background tasks that live as long as the manager.
    pub fn spawner(&self) -> &Spawner {
        &self.spawner
    }
}
