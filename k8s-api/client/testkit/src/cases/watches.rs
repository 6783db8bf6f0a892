//! Promise 9: watches.

use futures_util::StreamExt;
use futures_util::future::{join, join_all};
use k8s_api_client::{Call, DeleteOptions, ListOptions, PatchKind, Response, VersionMatch, WatchEvent, WatchStream};
use serde_json::json;

use super::support::{next, silent, told, value};
use crate::Subject;
use crate::subject::map;

async fn now(subject: &Subject) -> u64 {
    subject.maps().list(ListOptions::default()).await.unwrap().revision
}

async fn watch(subject: &Subject, options: ListOptions) -> WatchStream {
    subject.maps().watch(options).await.unwrap()
}

async fn set(subject: &Subject, name: &str, value: &str) {
    let patch = json!({"data": {"v": value}});
    subject.maps().patch(name, PatchKind::Merge, &patch).await.unwrap();
}

async fn delete(subject: &Subject, name: &str) {
    subject.maps().delete(name, DeleteOptions::default()).await.unwrap();
}

/// With the state after each change, and before a deletion; revisions rise.
pub async fn changes_come_once_and_in_order(subject: Subject) {
    let mut watch = watch(&subject, ListOptions::default().at(now(&subject).await.to_string())).await;
    for i in 0..20 {
        subject.write(&format!("m{i}"), "1").await;
        set(&subject, &format!("m{i}"), "2").await;
        delete(&subject, &format!("m{i}")).await;
    }
    let expected: Vec<_> = (0..20).flat_map(|i| [format!("+m{i}=1"), format!("~m{i}=2"), format!("-m{i}=2")]).collect();
    let (told, revisions) = told(&mut watch, expected.len()).await;
    assert_eq!(told, expected);
    assert!(revisions.windows(2).all(|pair| pair[0] < pair[1]), "{revisions:?}");
    silent(&mut watch).await;
}

/// Whenever the list was made: what it does not hold the watch tells, and nothing twice.
pub async fn a_watch_goes_on_where_a_list_ended(subject: Subject) {
    const WRITES: usize = 60;
    let writes = async {
        for i in 0..WRITES {
            subject.write(&format!("m{i:02}"), "1").await;
        }
    };
    let follow = async {
        let mut followed = Vec::new();
        for _ in 0..6 {
            for _ in 0..4 {
                tokio::task::yield_now().await;
            }
            let list = subject.maps().dynamic().list(ListOptions::default()).await.unwrap();
            let known: Vec<_> = list.items.iter().map(|object| object.meta().name.clone()).collect();
            let stream = watch(&subject, ListOptions::default().at(list.revision.to_string())).await;
            followed.push((known, stream));
        }
        followed
    };
    let ((), followed) = join(writes, follow).await;
    for (mut known, mut stream) in followed {
        let (told, _) = told(&mut stream, WRITES - known.len()).await;
        known.extend(told.iter().map(|text| text.trim_start_matches('+').trim_end_matches("=1").to_owned()));
        assert_eq!(known, (0..WRITES).map(|i| format!("m{i:02}")).collect::<Vec<_>>());
        silent(&mut stream).await;
    }
}

/// Where a watch was left another goes on.
pub async fn a_watch_resumes_where_it_was_left(subject: Subject) {
    let begin = now(&subject).await;
    for i in 0..6 {
        subject.write(&format!("m{i}"), "1").await;
    }
    let mut first = watch(&subject, ListOptions::default().at(begin.to_string())).await;
    let (before, revisions) = told(&mut first, 3).await;
    drop(first);
    let mut second = watch(&subject, ListOptions::default().at(revisions[2].to_string())).await;
    let (after, _) = told(&mut second, 3).await;
    assert_eq!([before, after].concat(), ["+m0=1", "+m1=1", "+m2=1", "+m3=1", "+m4=1", "+m5=1"]);
    silent(&mut second).await;
}

/// What comes into the selection is added, and what leaves it deleted.
pub async fn selections_are_entered_and_left(subject: Subject) {
    let from = ListOptions::default().at(now(&subject).await.to_string());
    let mut labelled = watch(&subject, from.clone().labels("on=yes")).await;
    let mut named = watch(&subject, from.fields("metadata.name=b")).await;
    subject.write("a", "1").await;
    subject.write("b", "1").await;
    let label = |on: Option<&str>| json!({"metadata": {"labels": {"on": on}}});
    for on in [Some("yes"), Some("yes!"), None] {
        let on = if on == Some("yes!") { json!({"data": {"v": "2"}}) } else { label(on) };
        subject.maps().patch("a", PatchKind::Merge, &on).await.unwrap();
    }
    set(&subject, "a", "3").await;
    delete(&subject, "b").await;
    let (seen, _) = told(&mut labelled, 3).await;
    assert_eq!(seen, ["+a=1", "~a=2", "-a=2"]);
    silent(&mut labelled).await;
    assert_eq!(told(&mut named, 2).await.0, ["+b=1", "-b=1"]);
}

/// A watch of one object hears of no other.
pub async fn one_object_is_watched(subject: Subject) {
    let options = ListOptions::default().at(now(&subject).await.to_string());
    let reply = subject.client().call(subject.map_target("b"), Call::Watch(options)).await.unwrap();
    let Response::Watch(mut stream) = reply.response else { panic!("a watch was expected: {:?}", reply.response) };
    for name in ["a", "b", "c"] {
        subject.write(name, "1").await;
    }
    set(&subject, "b", "2").await;
    assert_eq!(told(&mut stream, 2).await.0, ["+b=1", "~b=2"]);
    silent(&mut stream).await;
}

/// Without a revision a watch begins with all that is there; on request it says where that ends.
pub async fn a_watch_can_begin_with_what_is_there(subject: Subject) {
    subject.write("a", "1").await;
    subject.write("b", "2").await;
    let mut plain = watch(&subject, ListOptions::default()).await;
    assert_eq!(told(&mut plain, 2).await.0, ["+a=1", "+b=2"]);
    let options = ListOptions {
        send_initial_events: Some(true),
        version_match: Some(VersionMatch::NotOlderThan),
        bookmarks: true,
        ..ListOptions::default()
    };
    let mut marked = watch(&subject, options).await;
    let mut names = Vec::new();
    let revision = loop {
        match marked.next().await.expect("the watch goes on") {
            WatchEvent::Added(object) => names.push(object.meta().name.clone()),
            WatchEvent::Bookmark { revision, initial_events_end: true } => break revision,
            event => panic!("{event:?}"),
        }
    };
    assert_eq!(names, ["a", "b"]);
    assert!(revision > 0);
    set(&subject, "a", "3").await;
    let WatchEvent::Modified(object) = next(&mut marked).await else { panic!("a change was expected") };
    assert!(value(&object) == "3" && object.revision() > revision);
}

/// It says so instead of beginning somewhere else.
pub async fn a_watch_of_the_forgotten_is_refused(subject: Subject) {
    let forgotten = subject.forgotten.unwrap().to_string();
    let status = match subject.maps().watch(ListOptions::default().at(forgotten)).await {
        Err(status) => status,
        Ok(mut stream) => {
            let WatchEvent::Error(status) = next(&mut stream).await else { panic!("an error was expected") };
            assert!(stream.next().await.is_none(), "an error is the last word");
            status
        }
    };
    assert_eq!(status.code, 410, "{status:?}");
    assert!(status.is_expired() && !status.message.is_empty(), "{status:?}");
}

/// A watch that was given a time ends when it is over, with nothing lost until then.
pub async fn a_watch_ends_in_time(subject: Subject) {
    let options = ListOptions { timeout_seconds: 1, ..ListOptions::default().at(now(&subject).await.to_string()) };
    let mut stream = watch(&subject, options).await;
    subject.write("a", "1").await;
    assert_eq!(told(&mut stream, 1).await.0, ["+a=1"]);
    while let Some(event) = stream.next().await {
        assert!(matches!(event, WatchEvent::Bookmark { .. }), "{event:?}");
    }
}

/// Each of many gets all.
pub async fn every_watch_gets_every_change(subject: Subject) {
    let from = ListOptions::default().at(now(&subject).await.to_string());
    let mut streams = join_all((0..20).map(|_| watch(&subject, from.clone()))).await;
    for i in 0..10 {
        subject.maps().create(map(&format!("m{i}"), "1")).await.unwrap();
    }
    let expected: Vec<_> = (0..10).map(|i| format!("+m{i}=1")).collect();
    for told in join_all(streams.iter_mut().map(|stream| told(stream, 10))).await {
        assert_eq!(told.0, expected);
    }
}
