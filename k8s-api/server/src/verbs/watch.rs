use std::time::Duration;

use k8s_api::Status;
use k8s_api::field::{self, Path};
use k8s_api_client::{ListOptions, VersionMatch, WatchEvent, WatchStream};

use super::list::{invalid_options, reach, revision};
use super::select::selection;
use crate::core::{Core, Scope};
use crate::storage::{Start, WatchPlan, Watcher};

/// Follows a collection, or one object of it.
pub(super) async fn watch(core: &Core, scope: &Scope<'_>, options: &ListOptions) -> Result<WatchStream, Status> {
    check(options)?;
    let selection = selection(scope, options)?;
    let cache = core.resources.cache(scope.resource).await?;
    let asked = revision(&options.resource_version)?;
    let start = match (asked, options.send_initial_events) {
        (Some(after), None | Some(false)) if after > 0 => Start::After(after),
        (_, Some(true)) => Start::State { bookmark: options.bookmarks },
        (_, Some(false)) => Start::After(cache.fresh().await?),
        (_, None) => Start::State { bookmark: false },
    };
    match (asked, options.send_initial_events) {
        (None, _) => drop(cache.fresh().await?),
        (Some(least), Some(true)) => {
            if let Err(status) = reach(&cache, least).await {
                return Ok(only(status));
            }
        }
        // Changes after a revision that is yet to come are waited for like any others.
        (Some(_), _) => {}
    }
    let timeout = (options.timeout_seconds > 0).then(|| Duration::from_secs(options.timeout_seconds));
    let plan = WatchPlan { start, selection, bookmarks: options.bookmarks, timeout };
    // A revision that is gone is the first event of the stream, not the answer to the request.
    Ok(match Watcher::start(cache, plan) {
        Ok(watcher) => Box::pin(watcher),
        Err(status) => only(status),
    })
}

fn only(status: Status) -> WatchStream {
    Box::pin(futures_util::stream::iter([WatchEvent::Error(status)]))
}

fn check(options: &ListOptions) -> Result<(), Status> {
    let path = Path::new("resourceVersionMatch");
    let mut errors = Vec::new();
    match (options.send_initial_events, options.version_match) {
        (Some(_), None) => errors.push(field::Error::forbidden(
            &path,
            "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
        )),
        (Some(_), Some(VersionMatch::Exact)) => {
            errors.push(field::Error::forbidden(
                &path,
                "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
            ));
            errors.push(field::Error::not_supported(&path, "Exact", &["NotOlderThan"]));
        }
        (None, Some(_)) => errors.push(field::Error::forbidden(
            &path,
            "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
        )),
        _ => {}
    }
    invalid_options(&errors)
}
