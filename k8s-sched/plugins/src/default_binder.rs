use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use k8s_sched::plugin::{Bind, BindHandle, Binding, Plugin};
use k8s_sched::{PodInfo, Status};

/// Binds pods by creating their `Binding` at the API server.
#[derive(Clone, Copy, Debug, Default)]
pub struct DefaultBinder;

impl DefaultBinder {
    /// The name in configurations.
    pub const NAME: &str = "DefaultBinder";

    /// The plugin.
    pub fn plugin(self) -> Plugin {
        Plugin::new(Self::NAME, self).bind().build()
    }
}

impl Bind for DefaultBinder {
    fn bind<'a>(
        &'a self,
        handle: &'a dyn BindHandle,
        pod: &'a PodInfo,
        node: &'a str,
    ) -> BoxFuture<'a, Result<Binding, Status>> {
        handle.create_binding(pod, node).map(|result| result.map(|()| Binding::Bound)).boxed()
    }
}
