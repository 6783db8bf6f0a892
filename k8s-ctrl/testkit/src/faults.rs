mod watch;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use k8s_api::Status;
use k8s_api_client::{Call, Reply, Request, Response, Target, Transport};
use k8s_env::Random;
use parking_lot::Mutex;
use tokio::sync::Notify;

/// A road to a server on which things go wrong, as often as its [`Weather`] says and when its randomness says: the same
/// seed and the same requests give the same faults.
#[derive(Clone, Debug)]
pub struct Faults(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    road: Arc<dyn Transport>,
    random: Random,
    weather: Mutex<Weather>,
    /// Wakes every watch that is open, to be cut.
    storm: Arc<Notify>,
}

/// What goes wrong, in how many of a thousand requests. The default is nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weather {
    /// The server is not reached: 503, and nothing has happened.
    pub unreachable: u16,
    /// The connection breaks before the answer comes: 503, and what was asked for has happened.
    pub lost: u16,
    /// Updates, patches and deletions that lose a race: 409, and nothing has happened.
    pub conflicts: u16,
    /// The server says 429, 500 or 503, and nothing has happened.
    pub refused: u16,
    /// A request takes up to this long to the server, its answer as long back; what a watch tells comes so much late.
    pub slowness: Duration,
    /// A watch lives at most so long; every other then says 410, the rest ends without a word.
    pub watch_life: Option<Duration>,
}

impl Faults {
    /// The same road, in calm weather until [`Faults::set`] says otherwise.
    pub fn new(road: Arc<dyn Transport>, random: Random) -> Self {
        let (weather, storm) = (Mutex::default(), Arc::default());
        Self(Arc::new(Inner { road, random, weather, storm }))
    }

    /// Changes the weather. Where watches do not live for ever, those that are open are cut.
    pub fn set(&self, weather: Weather) {
        *self.0.weather.lock() = weather;
        if weather.watch_life.is_some() {
            self.0.storm.notify_waiters();
        }
    }

    fn weather(&self) -> Weather {
        *self.0.weather.lock()
    }

    fn hits(&self, of_a_thousand: u16) -> bool {
        // Nothing is drawn in calm weather, so that it is as if this were not there.
        of_a_thousand > 0 && self.0.random.below(1000) < u64::from(of_a_thousand)
    }

    /// A time below `limit`.
    fn some(&self, limit: Duration) -> Duration {
        Duration::from_millis(self.0.random.below(limit.as_millis() as u64))
    }

    async fn dawdle(&self) {
        let slowness = self.weather().slowness;
        if !slowness.is_zero() {
            tokio::time::sleep(self.some(slowness)).await;
        }
    }

    /// What the request meets on its way to the server.
    fn strike(&self, request: &Request) -> Result<(), Status> {
        let weather = self.weather();
        if self.hits(weather.unreachable) {
            return Err(Status::unavailable("connection refused"));
        }
        if self.hits(weather.refused) {
            return Err(match self.0.random.below(3) {
                0 => Status::too_many_requests("too many requests, please try again later", 1),
                1 => Status::internal("something is wrong with the store"),
                _ => Status::unavailable("the server is currently unable to handle the request"),
            });
        }
        let races = matches!(request.call, Call::Update(..) | Call::Patch(..) | Call::Delete(_));
        match &request.target {
            Target::Resource(target) if races && self.hits(weather.conflicts) => {
                Err(Status::stale(&target.resource, &target.name))
            }
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl Transport for Faults {
    async fn call(&self, request: Request) -> Result<Reply, Status> {
        self.dawdle().await;
        self.strike(&request)?;
        let mut reply = self.0.road.call(request).await?;
        self.dawdle().await;
        if self.hits(self.weather().lost) {
            return Err(Status::unavailable("connection reset by peer"));
        }
        if let Response::Watch(stream) = reply.response {
            reply.response = Response::Watch(watch::exposed(stream, self));
        }
        Ok(reply)
    }
}
