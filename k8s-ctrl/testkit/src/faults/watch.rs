use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use futures_util::{FutureExt, future};
use k8s_api::Status;
use k8s_api_client::{WatchEvent, WatchStream};

use super::Faults;

/// So many changes come at once when the way is slow.
const BATCH: usize = 64;

/// A watch that is late and comes to its end when the weather says so.
pub(super) fn exposed(stream: WatchStream, faults: &Faults) -> WatchStream {
    let late = {
        let faults = faults.clone();
        stream.ready_chunks(BATCH).then(move |events| late(events, faults.clone())).flat_map(stream::iter)
    };
    let state = Some((late.boxed(), end(faults.clone()).boxed(), faults.clone()));
    // Not `take_until`: what is on its way when a connection breaks is lost.
    let exposed = stream::unfold(state, |state| async move {
        let (mut late, mut end, faults) = state?;
        match future::select(&mut end, late.next()).await {
            future::Either::Left(_) => faults.hits(500).then(|| (too_old(), None)),
            future::Either::Right((None, _)) => None,
            future::Either::Right((Some(event), _)) => Some((event, Some((late, end, faults)))),
        }
    });
    exposed.boxed()
}

fn too_old() -> WatchEvent {
    WatchEvent::Error(Status::expired("too old resource version"))
}

async fn late(events: Vec<WatchEvent>, faults: Faults) -> Vec<WatchEvent> {
    faults.dawdle().await;
    events
}

/// Waits until the connection breaks.
async fn end(faults: Faults) {
    let storm = faults.0.storm.clone();
    let old_age = async {
        match faults.weather().watch_life {
            Some(life) => tokio::time::sleep(faults.some(life).max(Duration::from_millis(1))).await,
            None => future::pending().await,
        }
    };
    future::select(storm.notified().boxed(), old_age.boxed()).await;
}
