use std::sync::Arc;

use k8s_api::UserInfo;
use k8s_api_client::{Candidate, Client, Election, Informers};
use k8s_env::{Env, Tasks};

use crate::names::{self, UnknownController};
use crate::{Context, Controller};

/// A choice of controllers, to be started together over one set of caches.
#[derive(Clone, Debug, Default)]
pub struct Controllers(Vec<Arc<dyn Controller>>);

/// Controllers at work. Dropping it ends them all.
#[derive(Debug)]
pub struct Running {
    // The order counts: controllers end before the caches that they read.
    tasks: Tasks,
    informers: Informers,
}

impl Controllers {
    /// No controllers.
    pub fn none() -> Self {
        Self::default()
    }

    /// The same and one more; it takes the place of one of the same name.
    pub fn with(self, controller: impl Controller) -> Self {
        self.with_shared(Arc::new(controller))
    }

    /// As [`Controllers::with`].
    pub fn with_shared(mut self, controller: Arc<dyn Controller>) -> Self {
        match self.0.iter_mut().find(|c| c.name() == controller.name()) {
            Some(place) => *place = controller,
            None => self.0.push(controller),
        }
        self
    }

    /// The same and others.
    pub fn and(self, others: Self) -> Self {
        others.0.into_iter().fold(self, Self::with_shared)
    }

    /// The same without the one of this name, as upstream's `--controllers=-NAME` knows it: `deployment-controller`,
    /// `deployment`, or an older name. Fine for a controller of upstream's that is not there anyway.
    ///
    /// # Errors
    /// When neither these nor upstream's are called that.
    pub fn except(mut self, name: &str) -> Result<Self, UnknownController> {
        if !names::is_upstreams(name) {
            self.find(name)?;
        }
        self.0.retain(|c| !names::is_named(c.name(), name));
        Ok(self)
    }

    /// Only the one of this name, as [`Controllers::except`] takes it.
    ///
    /// # Errors
    /// When none is called that.
    pub fn only(mut self, name: &str) -> Result<Self, UnknownController> {
        self.find(name)?;
        self.0.retain(|c| names::is_named(c.name(), name));
        Ok(self)
    }

    fn find(&self, name: &str) -> Result<(), UnknownController> {
        if self.names().any(|known| names::is_named(known, name)) {
            return Ok(());
        }
        Err(UnknownController { name: name.to_owned(), known: self.names().collect() })
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|c| c.name())
    }

    /// Starts all. Each writes as a service account of its own over `client`'s transport; the caches read as
    /// `system:kube-controller-manager`.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn start(&self, client: &Client, env: &Env) -> Running {
        let manager = client.as_user(UserInfo::new("system:kube-controller-manager", &[]));
        self.start_with(client, Informers::new(manager, env.clone()), env)
    }

    /// As [`Controllers::start`] over caches that others use as well.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn start_with(&self, client: &Client, informers: Informers, env: &Env) -> Running {
        let tasks = Tasks::new();
        for controller in &self.0 {
            let controller = controller.clone();
            let context = Context::new(controller.account(), client, &informers, env, tasks.spawner());
            tasks.spawn(async move { controller.run(context).await });
        }
        Running { tasks, informers }
    }

    /// Runs all whenever this candidate leads, until the future is dropped. The Lease then runs out by itself.
    pub async fn run_elected(&self, client: &Client, env: &Env, election: Election) {
        let manager = client.as_user(UserInfo::new("system:kube-controller-manager", &[]));
        loop {
            let mut leadership = Candidate::new(&manager, election.clone(), env.clone()).lead().await;
            let running = self.start(client, env);
            leadership.lost().await;
            running.stop().await;
        }
    }
}

impl Running {
    /// The caches that the controllers share.
    pub fn informers(&self) -> &Informers {
        &self.informers
    }

    /// Ends all and waits until they are gone.
    pub async fn stop(self) {
        self.tasks.stop().await;
        self.informers.stop().await;
    }
}

impl FromIterator<Arc<dyn Controller>> for Controllers {
    fn from_iter<I: IntoIterator<Item = Arc<dyn Controller>>>(controllers: I) -> Self {
        controllers.into_iter().fold(Self::none(), Self::with_shared)
    }
}
