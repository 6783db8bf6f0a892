//! Promise 8: lists.

use k8s_api::Reason;
use k8s_api_client::{DeleteOptions, List, ListOptions, VersionMatch};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};

use super::support::{refused, value};
use crate::Subject;
use crate::subject::map;

fn names(list: &List) -> Vec<&str> {
    list.items.iter().map(|object| object.meta().name.as_str()).collect()
}

async fn labelled(subject: &Subject, name: &str, labels: &[(&str, &str)]) {
    let mut map = map(name, "1");
    map.metadata.labels = Some(labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect());
    subject.maps().create(map).await.unwrap();
}

async fn list(subject: &Subject, options: ListOptions) -> List {
    subject.maps().dynamic().list(options).await.unwrap()
}

/// All that is there, by name, at a revision that no item is newer than.
pub async fn a_list_is_all_in_order(subject: Subject) {
    let empty = list(&subject, ListOptions::default()).await;
    assert!(empty.items.is_empty() && empty.continue_token.is_empty() && empty.revision > 0, "{empty:?}");
    for name in ["b", "c", "a", "a-1", "a.b"] {
        subject.write(name, name).await;
    }
    let all = list(&subject, ListOptions::default()).await;
    assert_eq!(names(&all), ["a", "a-1", "a.b", "b", "c"]);
    assert_eq!((&*all.gvk.kind, &*all.gvk.version), ("ConfigMap", "v1"));
    assert!(all.items.iter().all(|object| object.revision() > 0 && object.revision() <= all.revision));
    assert!(all.items.iter().all(|object| value(object) == object.meta().name));
    assert!(all.items.iter().all(|object| object.typed::<ConfigMap>().is_ok()));
}

/// By label and by field, alone and together.
pub async fn selectors_select(subject: Subject) {
    labelled(&subject, "a", &[("tier", "web"), ("x", "1")]).await;
    labelled(&subject, "b", &[("tier", "db")]).await;
    labelled(&subject, "c", &[("x", "2")]).await;
    let all = ListOptions::default;
    for (options, expected) in [
        (all().labels("tier=web"), &["a"][..]),
        (all().labels("tier in (web, db)"), &["a", "b"]),
        (all().labels("tier!=web"), &["b", "c"]),
        (all().labels("!tier"), &["c"]),
        (all().labels("x,tier"), &["a"]),
        (all().labels("x notin (1),x"), &["c"]),
        (all().labels("tier=none"), &[]),
        (all().fields("metadata.name=b"), &["b"]),
        (all().fields("metadata.name!=b"), &["a", "c"]),
        (all().fields("metadata.name=a").labels("x"), &["a"]),
        (all().fields("metadata.name=a").labels("!x"), &[]),
    ] {
        let asked = format!("{options:?}");
        assert_eq!(names(&list(&subject, options).await), expected, "{asked}");
    }
    for bad in [all().labels("a in ("), all().fields("no.such.field=a")] {
        let status = refused(subject.maps().list(bad).await);
        assert_eq!((status.code, status.reason), (400, Reason::BadRequest), "{status:?}");
    }
}

/// Pages are of one moment, whatever is written between them.
pub async fn pages_add_up(subject: Subject) {
    for i in 0..7 {
        subject.write(&format!("m{i}"), "1").await;
    }
    let mut page = list(&subject, ListOptions::default().limit(3)).await;
    assert_eq!((names(&page), page.remaining), (vec!["m0", "m1", "m2"], Some(4)));
    assert!(!page.continue_token.is_empty());
    subject.write("m3-1", "1").await;
    subject.maps().delete("m4", DeleteOptions::default()).await.unwrap();
    let (revision, mut seen) = (page.revision, vec!["m0".to_owned(), "m1".to_owned(), "m2".to_owned()]);
    while !page.continue_token.is_empty() {
        let next = ListOptions { continue_token: page.continue_token.clone(), limit: 2, ..ListOptions::default() };
        page = list(&subject, next).await;
        assert!(page.items.len() <= 2);
        assert_eq!(page.revision, revision, "all pages are of one revision");
        seen.extend(names(&page).into_iter().map(str::to_owned));
    }
    assert_eq!(seen, ["m0", "m1", "m2", "m3", "m4", "m5", "m6"]);
    assert_eq!(page.remaining, None);
}

/// A page with a selector holds as many as asked for, of those selected.
pub async fn pages_hold_what_is_selected(subject: Subject) {
    for i in 0..6 {
        labelled(&subject, &format!("m{i}"), &[("odd", if i % 2 == 1 { "yes" } else { "no" })]).await;
    }
    let options = ListOptions::default().labels("odd=yes").limit(2);
    let page = list(&subject, options.clone()).await;
    assert_eq!(names(&page), ["m1", "m3"]);
    let rest = list(&subject, ListOptions { continue_token: page.continue_token, ..options }).await;
    assert_eq!((names(&rest), rest.continue_token.as_str()), (vec!["m5"], ""));
    let status = refused(
        subject.maps().list(ListOptions { continue_token: "nothing".to_owned(), ..ListOptions::default() }).await,
    );
    assert_eq!((status.code, status.reason), (400, Reason::BadRequest), "{status:?}");
}

/// The past as it was, and nothing older than what one has seen.
pub async fn a_list_is_of_the_revision_asked_for(subject: Subject) {
    let first = subject.write("a", "1").await.revision();
    let second = subject.write("b", "1").await.revision();
    let at = |version: u64, version_match| ListOptions {
        version_match: Some(version_match),
        ..ListOptions::default().at(version.to_string())
    };
    let then = list(&subject, at(first, VersionMatch::Exact)).await;
    assert_eq!((names(&then), then.revision), (vec!["a"], first));
    let now = list(&subject, at(second, VersionMatch::NotOlderThan)).await;
    assert_eq!(names(&now), ["a", "b"]);
    assert!(now.revision >= second);
    assert_eq!(subject.maps().dynamic().list(ListOptions::default().at("0")).await.unwrap().continue_token, "");
}

/// Every namespace has its own, and all of them together are a list too.
pub async fn namespaces_are_apart_and_together(subject: Subject) {
    let mut other = Namespace::default();
    other.metadata.generate_name = Some("kit-".to_owned());
    let other = subject.client().api::<Namespace>().create(other).await.unwrap().metadata.name.clone().unwrap();
    labelled(&subject, "a", &[("kit", "yes")]).await;
    let mut there = map("a", "2");
    there.metadata.labels = Some([("kit".to_owned(), "yes".to_owned())].into());
    subject.client().namespaced::<ConfigMap>(&other).create(there).await.unwrap();
    assert_eq!(names(&list(&subject, ListOptions::default()).await), ["a"]);
    let all =
        subject.client().api::<ConfigMap>().dynamic().list(ListOptions::default().labels("kit=yes")).await.unwrap();
    let mut spaces: Vec<_> = all.items.iter().map(|object| object.meta().namespace.as_str()).collect();
    spaces.sort_unstable();
    let mut expected = [subject.namespace.as_str(), other.as_str()];
    expected.sort_unstable();
    assert_eq!(spaces, expected);
}
