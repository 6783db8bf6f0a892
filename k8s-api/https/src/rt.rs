use std::future::Future;

use k8s_env::Spawner;

/// Lets hyper spawn the parts of an HTTP/2 connection into a component's tasks.
#[derive(Clone, Debug)]
pub(crate) struct OnTasks(pub(crate) Spawner);

impl<F: Future<Output = ()> + Send + 'static> hyper::rt::Executor<F> for OnTasks {
    fn execute(&self, task: F) {
        self.0.spawn(task);
    }
}
