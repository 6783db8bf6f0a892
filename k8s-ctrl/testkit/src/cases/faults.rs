//! Whatever goes wrong on the way to the server, the world comes to the same end.

use std::time::Duration;

use super::{Make, undisturbed};
use crate::Weather;
use crate::stage::{Stage, simulate};

/// Each case is tried so often, each time with other faults.
const SEEDS: u64 = 2;
/// So long the weather is bad after each step.
const STORM: Duration = Duration::from_secs(40);

/// Watches end after a few seconds, without a word or with 410.
pub fn cut_watches_are_survived(make: Make<'_>) {
    survives(make, "cut watches", Weather { watch_life: Some(Duration::from_secs(5)), ..Weather::default() });
}

/// Requests do not reach the server, or their answers get lost.
pub fn lost_connections_are_survived(make: Make<'_>) {
    let watch_life = Some(Duration::from_secs(20));
    survives(make, "lost connections", Weather { unreachable: 200, lost: 200, watch_life, ..Weather::default() });
}

/// Somebody else is often faster.
pub fn conflicts_are_survived(make: Make<'_>) {
    survives(make, "conflicts", Weather { conflicts: 500, ..Weather::default() });
}

/// The server answers with 429, 500 and 503.
pub fn refusals_are_survived(make: Make<'_>) {
    survives(make, "refusals", Weather { refused: 700, ..Weather::default() });
}

/// Requests, answers and what watches tell are seconds late.
pub fn slow_answers_are_survived(make: Make<'_>) {
    survives(make, "slow answers", Weather { slowness: Duration::from_secs(3), ..Weather::default() });
}

/// For a while the server cannot be reached at all.
pub fn an_outage_is_survived(make: Make<'_>) {
    let watch_life = Some(Duration::from_secs(1));
    survives(make, "an outage", Weather { unreachable: 1000, watch_life, ..Weather::default() });
}

/// A little of everything at once.
pub fn all_of_it_at_once_is_survived(make: Make<'_>) {
    survives(make, "all of it", any());
}

/// A little of everything.
pub(super) fn any() -> Weather {
    Weather {
        unreachable: 60,
        lost: 60,
        conflicts: 100,
        refused: 60,
        slowness: Duration::from_secs(1),
        watch_life: Some(Duration::from_secs(20)),
    }
}

fn survives(make: Make<'_>, what: &str, weather: Weather) {
    let expected = undisturbed(make);
    for seed in 1..=SEEDS {
        simulate(async {
            let mut stage = Stage::set(make(), seed).await;
            stage.start();
            stage.rest().await;
            for step in 0..stage.n_steps() {
                stage.step(step).await;
                stage.storm(weather, STORM).await;
            }
            expected.expect(&stage, &format!("{what} of seed {seed}")).await;
        });
    }
}
