//! Promises 3 and 8, on random requests, compared with [`crate::model`].

use std::sync::Arc;

use k8s_env::Random;
use k8s_store::{EventFilter, RangeOptions, Revision, Store, WatchOptions};

use super::support::{Sure, next};
use crate::generate;
use crate::model::Model;

const STEPS: u64 = 120;

/// Transactions of every form, and reads of the present and of each revision of the past.
pub async fn random_requests_answer_as_the_model(store: Arc<dyn Store>) {
    let random = Random::seeded(11);
    let mut model = Model::new(store.now().await);
    for step in 0..STEPS {
        let txn = generate::txn(&random, model.revision(), 2);
        let expected = model.txn(&txn);
        assert_eq!(store.run(txn.clone()).await, expected, "step {step}: {txn:?}");
        let (range, options) = (generate::range(&random), generate::options(&random));
        assert_eq!(store.read(range.clone(), options).await, model.range(&range, options), "step {step}: {range:?}");
    }
    for revision in model.first().0..=model.revision().0 {
        let revision = Some(Revision(revision));
        let (range, options) = (generate::range(&random), RangeOptions { revision, ..generate::options(&random) });
        assert_eq!(store.read(range.clone(), options).await, model.range(&range, options), "{range:?} at {revision:?}");
    }
}

/// From any revision, of any range, in every form, live and replayed.
pub async fn random_watches_tell_as_the_model(store: Arc<dyn Store>) {
    let random = Random::seeded(12);
    let mut model = Model::new(store.now().await);
    let mut open = Vec::new();
    for step in 0..STEPS {
        if step.is_multiple_of(8) {
            let range = generate::range(&random);
            let options = watch_options(&random, &model);
            let start = options.start.unwrap_or(model.revision().next());
            open.push((store.follow(range.clone(), options).await, range, options, start));
        }
        let txn = generate::txn(&random, model.revision(), 1);
        model.txn(&txn);
        store.run(txn).await;
    }
    for (mut watch, range, options, start) in open {
        watch.request_progress();
        for expected in model.watched(&range, options, start) {
            assert_eq!(next(&mut watch).await, expected, "{range:?} {options:?}");
        }
        let end = next(&mut watch).await;
        assert!(end.is_progress() && end.revision >= model.revision(), "{range:?} {options:?}: {end:?}");
    }
}

fn watch_options(random: &Random, model: &Model) -> WatchOptions {
    let past = random.below(model.revision().0 - model.first().0 + 1);
    WatchOptions {
        start: (random.below(3) > 0).then(|| Revision(model.first().0 + 1 + past)),
        prev: random.below(2) == 0,
        filter: [EventFilter::All, EventFilter::Puts, EventFilter::Deletes][random.below(3) as usize],
        ..WatchOptions::default()
    }
}
