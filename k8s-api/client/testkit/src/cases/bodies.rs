//! Promise 3: objects arrive whole.

use bytes::Bytes;
use k8s_api::{AnyObject, DynamicObject, GroupVersionResource, Reason};
use k8s_api_client::{Body, Call, DeleteOptions, ListOptions, MediaType, WriteOptions};
use k8s_openapi::ByteString;
use k8s_openapi::api::rbac::v1::ClusterRole;
use serde_json::{Value, json};

use super::support::{object, refused, tree};
use crate::Subject;
use crate::subject::map;

/// What differs between two objects of the same content.
fn content(mut tree: Value) -> Value {
    let meta = tree["metadata"].as_object_mut().unwrap();
    for own in ["name", "uid", "resourceVersion", "creationTimestamp", "managedFields"] {
        meta.remove(own);
    }
    tree
}

fn json_of(name: &str) -> String {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": {"a": "b"}}, "data": {"v": "1"}})
        .to_string()
}

/// An object, its JSON, its YAML and a tree of it are the same to the server.
pub async fn typed_and_encoded_bodies_answer_alike(subject: Subject) {
    let mut typed = map("typed", "1");
    typed.metadata.labels = Some([("a".to_owned(), "b".to_owned())].into());
    let dynamic: DynamicObject = serde_json::from_str(&json_of("dynamic")).unwrap();
    let yaml = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: yaml\n  labels: {a: b}\ndata: {v: '1'}\n";
    let bodies = [
        Body::Object(Box::new(typed)),
        Body::Object(Box::new(dynamic)),
        Body::Encoded(MediaType::Json, json_of("json").into()),
        Body::Encoded(MediaType::Yaml, Bytes::from_static(yaml.as_bytes())),
    ];
    let mut answers = Vec::new();
    for body in bodies {
        let reply = subject.post(body, WriteOptions::default()).await.unwrap();
        assert!(reply.warnings.is_empty(), "{:?}", reply.warnings);
        answers.push(content(tree(&object(reply).0)));
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:#?}");
    assert_eq!(answers[0]["kind"], "ConfigMap");
}

/// The same for what replaces an object.
pub async fn updates_take_every_body(subject: Subject) {
    for (value, typed) in [("2", true), ("3", false)] {
        subject.write("a", "1").await;
        let changed: Box<dyn AnyObject> = Box::new(map("a", value));
        let body = if typed {
            Body::Object(changed)
        } else {
            Body::Encoded(MediaType::Json, changed.to_json().unwrap().into())
        };
        let call = Call::Update(body, WriteOptions::default());
        let updated = object(subject.client().call(subject.map_target("a"), call).await.unwrap()).0;
        assert_eq!(super::support::value(&updated), value);
        subject.maps().delete("a", DeleteOptions::default()).await.unwrap();
    }
}

/// Whatever is in its strings, and however long they are.
pub async fn contents_come_back_as_they_went(subject: Subject) {
    let mut odd = map("odd", "a\nb\t\"c\"\\d\u{0}\u{7f}ä€𝄞\u{2028}{}[],: \r\n");
    let data = odd.data.get_or_insert_default();
    data.insert("empty".to_owned(), String::new());
    data.insert("long".to_owned(), "0123456789abcdef".repeat(20_000));
    data.insert("json".to_owned(), "{\"kind\":\"Secret\",\"metadata\":{\"name\":\"x\"}}".to_owned());
    odd.binary_data = Some([("bytes".to_owned(), ByteString((0..=255).collect()))].into());
    let annotations = [("example.org/a".to_owned(), "x: [y".to_owned())].into();
    odd.metadata.annotations = Some(annotations);
    let created = subject.maps().create(odd.clone()).await.unwrap();
    for seen in [created, subject.maps().get("odd").await.unwrap()] {
        assert_eq!(seen.data, odd.data);
        assert_eq!(seen.binary_data, odd.binary_data);
        assert_eq!(seen.metadata.annotations, odd.metadata.annotations);
    }
    let listed = subject.maps().list(ListOptions::default()).await.unwrap();
    assert_eq!(listed.items[0].data, odd.data);
}

/// Some names have nearly no rules.
pub async fn odd_names_find_their_objects(subject: Subject) {
    let name = "kit:a b?c=d&e#f+g;h,ü\"'<>|\\^`{}~@$!*()";
    let roles =
        subject.client().dynamic(GroupVersionResource::new("rbac.authorization.k8s.io", "v1", "clusterroles"), "");
    let mut role = ClusterRole::default();
    role.metadata.name = Some(name.to_owned());
    let created = roles.create(Box::new(role), WriteOptions::default()).await.unwrap();
    assert_eq!(roles.get(name).await.unwrap().meta().uid, created.meta().uid);
    let only = ListOptions::default().fields(format!("metadata.name={}", escaped(name)));
    assert_eq!(roles.list(only).await.unwrap().items.len(), 1);
    assert!(roles.delete(name, DeleteOptions::default()).await.unwrap().is_none());
    assert!(refused(roles.get(name).await).is_not_found());
}

/// As values of field selectors are written.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace(',', "\\,").replace('=', "\\=")
}

/// What is no object is refused, and nothing is stored.
pub async fn garbage_is_refused(subject: Subject) {
    let media = [
        (MediaType::Json, "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"}"),
        (MediaType::Json, "nothing"),
        (MediaType::Json, ""),
        (MediaType::Json, "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":1}}"),
        (MediaType::Json, "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"a\"}}"),
        (MediaType::Yaml, "a: [b"),
        (MediaType::Protobuf, "k8s\0nothing"),
    ];
    for (media, text) in media {
        let body = Body::Encoded(media, Bytes::from_static(text.as_bytes()));
        let status = refused(subject.post(body, WriteOptions::default()).await);
        assert_eq!((status.code, status.reason), (400, Reason::BadRequest), "{media:?} {text}: {status:?}");
    }
    assert!(subject.maps().list(ListOptions::default()).await.unwrap().items.is_empty());
}
