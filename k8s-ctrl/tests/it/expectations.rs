use k8s_api_client::ObjectKey;
use k8s_ctrl::expectations::Expectations;

use crate::world::pass;

#[tokio::test(start_paused = true)]
async fn what_is_expected_is_waited_for() {
    let (expectations, key) = (Expectations::new(), ObjectKey::new("default", "web"));
    assert!(expectations.satisfied(&key));
    expectations.expect(&key, 2, ["uid-1".to_owned()]);
    expectations.creation_observed(&key);
    expectations.deletion_observed(&key, "uid-2");
    expectations.deletion_observed(&key, "uid-1");
    assert!(!expectations.satisfied(&key));
    expectations.creation_observed(&key);
    assert!(expectations.satisfied(&key));
}

#[tokio::test(start_paused = true)]
async fn but_not_for_ever() {
    let (expectations, key) = (Expectations::new(), ObjectKey::new("default", "web"));
    expectations.expect_creations(&key, 1);
    pass(299.0).await;
    assert!(!expectations.satisfied(&key));
    pass(2.0).await;
    assert!(expectations.satisfied(&key));
}
