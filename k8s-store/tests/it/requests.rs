//! The vocabulary, without a store.

use std::sync::Arc;

use k8s_store::{Error, KeyRange, LeaseId, Retry, Revision};

#[test]
fn prefixes_end_where_no_key_starts_with_them() {
    let end = |prefix: &[u8]| KeyRange::prefix(prefix.to_vec()).end().map(|end| end.to_vec());
    assert_eq!(end(b"a/"), Some(b"a0".to_vec()));
    assert_eq!(end(&[b'a', 0xff, 0xff]), Some(b"b".to_vec()));
    assert_eq!(end(&[0xff]), None);
    assert_eq!(end(b""), None);
}

#[test]
fn after_a_key_comes_the_rest() {
    let range = KeyRange::prefix("a/");
    assert_eq!(range.after(b"a/1"), KeyRange::range("a/1\0", "a0"));
    assert_eq!(range.after(b"a"), range);
    assert!(range.after(b"a0").is_empty());
    assert!(KeyRange::one("a").after(b"a").is_empty());
    assert_eq!(KeyRange::one("b").after(b"a"), KeyRange::one("b"));
    assert_eq!(KeyRange::all().after(b"x"), KeyRange::from("x\0"));
}

#[test]
fn numbers_read_as_numbers() {
    assert_eq!(Revision(7).to_string(), "7");
    assert_eq!(Revision::ZERO.previous(), Revision::ZERO);
    assert_eq!(LeaseId::new(0), None);
    assert_eq!(LeaseId::new(0x1f).unwrap().to_string(), "1f");
}

#[test]
fn errors_say_whether_to_try_again() {
    let source = || Arc::new(std::io::Error::other("disk on fire"));
    assert_eq!(Error::Overflowed.retry(), Retry::Now);
    assert_eq!(Error::Unavailable { source: source() }.retry(), Retry::Backoff);
    assert_eq!(Error::Uncertain { source: source() }.retry(), Retry::Never);
    assert_eq!(Error::Closed.retry(), Retry::Never);
}

#[test]
fn an_error_says_its_own_level_only() {
    let error = Error::Unavailable { source: Arc::new(std::io::Error::other("disk on fire")) };
    let below = std::error::Error::source(&error).map(ToString::to_string);
    assert_eq!((error.to_string().as_str(), below.as_deref()), ("store is unavailable", Some("disk on fire")));
}
