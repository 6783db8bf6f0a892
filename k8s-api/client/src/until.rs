use std::sync::Arc;

use k8s_api::{Kind, Object, Status};
use k8s_env::Env;

use crate::watcher::{Change, Step, Watcher};
use crate::{Client, ListOptions};

impl Client {
    /// Waits until `condition` holds of one object, which it sees as `None` while there is none, and returns what the
    /// condition makes of it. It follows the object and polls nothing; wrap it in `tokio::time::timeout` for a limit.
    ///
    /// # Errors
    /// When the object cannot be decoded.
    pub async fn until<K: Kind, T>(
        &self,
        env: &Env,
        namespace: &str,
        name: &str,
        mut condition: impl FnMut(Option<&Arc<K>>) -> Option<T>,
    ) -> Result<T, Status> {
        let api = self.dynamic(K::gvr(), namespace);
        let only = ListOptions::default().fields(format!("metadata.name={name}"));
        let mut watcher = Watcher::new(api, only, env);
        loop {
            let seen = match watcher.next().await {
                Step::Replaced(items) => vec![items.into_iter().next()],
                Step::Changed(changes) => changes.into_iter().map(present).collect(),
            };
            for object in seen {
                let typed = object.map(|object| object.typed::<K>()).transpose();
                let typed = typed.map_err(|e| Status::internal(format_args!("decoding {}: {e}", K::KIND)))?;
                if let Some(found) = condition(typed.as_ref()) {
                    return Ok(found);
                }
            }
        }
    }
}

fn present(change: Change) -> Option<Object> {
    match change {
        Change::Set(object) => Some(object),
        Change::Removed(_) => None,
    }
}
