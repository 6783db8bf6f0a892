use std::time::Duration;

use k8s_api_client::Queue;
use k8s_api_client::queue::Limits;
use tokio::time::{Instant, timeout};

const SOON: Duration = Duration::from_millis(1);

fn queue() -> Queue<&'static str> {
    Queue::new(Limits::default())
}

#[tokio::test(start_paused = true)]
async fn an_item_added_twice_is_taken_once() {
    let queue = queue();
    queue.extend(["a", "b", "a"]);
    assert_eq!(*queue.take().await.unwrap(), "a");
    assert_eq!(*queue.take().await.unwrap(), "b");
    assert!(timeout(SOON, queue.take()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn an_item_added_while_taken_comes_again_when_done() {
    let queue = queue();
    queue.add("a");
    let taken = queue.take().await.unwrap();
    queue.add("a");
    assert!(timeout(SOON, queue.take()).await.is_err());
    drop(taken);
    assert_eq!(*queue.take().await.unwrap(), "a");
    assert!(timeout(SOON, queue.take()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn the_shortest_delay_counts() {
    let queue = queue();
    let start = Instant::now();
    queue.add_after("a", Duration::from_secs(10));
    queue.add_after("a", Duration::from_secs(3));
    queue.add_after("a", Duration::from_secs(7));
    assert_eq!(*queue.take().await.unwrap(), "a");
    assert_eq!(start.elapsed(), Duration::from_secs(3));
    assert!(timeout(Duration::from_mins(1), queue.take()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn failures_double_the_delay_until_forgotten() {
    let queue = queue();
    for milliseconds in [5, 10, 20, 40] {
        let start = Instant::now();
        queue.add_rate_limited("a");
        drop(queue.take().await.unwrap());
        assert_eq!(start.elapsed().as_millis(), milliseconds);
    }
    queue.forget(&"a");
    assert_eq!(queue.failures(&"a"), 0);
}

#[tokio::test(start_paused = true)]
async fn many_failures_share_a_bucket() {
    let queue = Queue::new(Limits::default());
    let start = Instant::now();
    for item in 0..150 {
        queue.add_rate_limited(item);
    }
    for _ in 0..150 {
        queue.take().await.unwrap();
    }
    assert_eq!(start.elapsed(), Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_is_shut_down_is_emptied_first() {
    let queue = queue();
    queue.add("a");
    queue.add_after("late", Duration::from_secs(1));
    queue.shut_down();
    queue.add("b");
    assert_eq!(*queue.take().await.unwrap(), "a");
    assert!(queue.take().await.is_none());
    assert!(queue.take().await.is_none());
}

#[tokio::test]
async fn every_waiting_worker_is_woken() {
    let queue = Queue::new(Limits::default());
    let workers: Vec<_> = (0..4).map(|_| queue.clone()).collect();
    let all = futures_util::future::join_all(workers.iter().map(|queue| async {
        let mut n = 0;
        while let Some(item) = queue.take().await {
            tokio::task::yield_now().await;
            drop(item);
            n += 1;
        }
        n
    }));
    let feed = async {
        for item in 0..1000 {
            queue.add(item);
            if item % 7 == 0 {
                tokio::task::yield_now().await;
            }
        }
        queue.shut_down();
    };
    let (counts, ()) = futures_util::future::join(all, feed).await;
    assert_eq!(counts.iter().sum::<i32>(), 1000);
}
