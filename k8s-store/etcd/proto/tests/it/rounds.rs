//! A connection and its calls as one future.

use std::future::{pending, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use hyper::rt::Executor;
use k8s_store_etcd_proto::{Corked, Rounds};
use tokio::io::sink;
use tokio::sync::{mpsc, oneshot};

/// How often a task was woken.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wakes {
    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A connection that gets one call, which is answered at once, and ends when it is.
async fn one_call(rounds: Rounds) -> &'static str {
    let (answer, answered) = oneshot::channel();
    rounds.execute(async move { answer.send("answered").unwrap() });
    answered.await.unwrap()
}

#[test]
fn a_call_that_is_answered_at_once_leaves_the_task_asleep() {
    let (rounds, wakes) = (Rounds::default(), Arc::new(Wakes::default()));
    let waker = Waker::from(Arc::clone(&wakes));
    let mut driving = pin!(rounds.clone().drive(Corked::new(sink()), one_call(rounds)).at_once());
    let end = driving.as_mut().poll(&mut Context::from_waker(&waker));
    assert!(matches!(end, Poll::Ready(Ok("answered"))), "{end:?}");
    assert_eq!(wakes.count(), 0);
}

#[test]
fn without_that_others_go_first() {
    let (rounds, wakes) = (Rounds::default(), Arc::new(Wakes::default()));
    let waker = Waker::from(Arc::clone(&wakes));
    let mut driving = pin!(rounds.clone().drive(Corked::new(sink()), one_call(rounds)));
    let first = driving.as_mut().poll(&mut Context::from_waker(&waker));
    assert!(first.is_pending(), "{first:?}");
    assert_eq!(wakes.count(), 1);
    let second = driving.as_mut().poll(&mut Context::from_waker(&waker));
    assert!(matches!(second, Poll::Ready(Ok("answered"))), "{second:?}");
}

#[test]
fn who_always_wants_another_round_gives_way_between() {
    let (polls, wakes) = (AtomicUsize::new(0), Arc::new(Wakes::default()));
    let waker = Waker::from(Arc::clone(&wakes));
    let restless = poll_fn(|cx| {
        polls.fetch_add(1, Ordering::SeqCst);
        cx.waker().wake_by_ref();
        Poll::<()>::Pending
    });
    let mut driving = pin!(Rounds::default().drive(Corked::new(sink()), restless).at_once());
    for turn in 1..=3 {
        assert!(driving.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        assert_eq!(wakes.count(), turn, "it is to be polled again, and asks for it once");
    }
    let polls = polls.load(Ordering::SeqCst);
    assert!((3..100).contains(&polls), "{polls} rounds in three turns");
}

/// Each question is asked when the one before is answered, from another thread: at any moment of a poll, or after it.
#[test]
fn no_wake_is_lost() {
    const QUESTIONS: usize = 50_000;
    let (ask, mut asked) = mpsc::unbounded_channel::<oneshot::Sender<usize>>();
    let (ask_call, mut asked_call) = mpsc::unbounded_channel::<oneshot::Sender<usize>>();
    let rounds = Rounds::default();
    rounds.execute(async move {
        while let Some(answer) = asked_call.recv().await {
            answer.send(2).unwrap();
        }
        pending::<()>().await;
    });
    let connection = async move {
        while let Some(answer) = asked.recv().await {
            answer.send(1).unwrap();
        }
    };
    let asking = thread::spawn(move || {
        let mut sum = 0;
        for _ in 0..QUESTIONS {
            for ask in [&ask, &ask_call] {
                let (answer, answered) = oneshot::channel();
                ask.send(answer).unwrap();
                sum += answered.blocking_recv().unwrap();
            }
        }
        sum
    });
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(rounds.drive(Corked::new(sink()), connection).at_once()).unwrap();
    assert_eq!(asking.join().unwrap(), 3 * QUESTIONS);
}
