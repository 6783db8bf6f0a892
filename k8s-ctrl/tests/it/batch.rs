use k8s_ctrl::batch::slow_start;
use parking_lot::Mutex;

#[tokio::test]
async fn a_failing_batch_is_the_last() {
    let tried = Mutex::new(0);
    let (successes, failure) = slow_start(100, 1, async |i: usize| {
        *tried.lock() += 1;
        if i == 5 { Err("quota") } else { Ok(()) }
    })
    .await;
    // 1, 2, then 4 of which one fails.
    assert_eq!((*tried.lock(), successes, failure), (7, 6, Some("quota")));
}

#[tokio::test]
async fn all_are_done_once() {
    let seen = Mutex::new(Vec::new());
    let (successes, failure) = slow_start(10, 3, async |i: usize| {
        seen.lock().push(i);
        Ok::<_, ()>(())
    })
    .await;
    let mut seen = seen.into_inner();
    seen.sort_unstable();
    assert_eq!((successes, failure), (10, None));
    assert_eq!(seen, (0..10).collect::<Vec<_>>());
}
