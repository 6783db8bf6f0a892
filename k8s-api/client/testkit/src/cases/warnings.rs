//! Promise 6: what people should know is told.

use k8s_api_client::{Body, Call, FieldValidation, MediaType, WriteOptions};
use serde_json::json;

use super::support::{object, refused};
use crate::Subject;

fn odd(name: &str) -> Body {
    let tree = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "dta": {"v": "1"}});
    Body::Encoded(MediaType::Json, tree.to_string().into())
}

fn told_of_the_field(warnings: &[String]) -> bool {
    warnings.iter().any(|warning| warning.contains("unknown field \"dta\""))
}

/// Of a field that was dropped, with the object that was stored.
pub async fn warnings_come_with_answers(subject: Subject) {
    let reply = subject.post(odd("a"), WriteOptions::default()).await.unwrap();
    assert!(told_of_the_field(&reply.warnings), "{:?}", reply.warnings);
    assert!(!String::from_utf8_lossy(&object(reply).0.to_json()).contains("dta"));
    let call = Call::Update(odd("a"), WriteOptions::default());
    let reply = subject.client().call(subject.map_target("a"), call).await.unwrap();
    assert!(told_of_the_field(&reply.warnings), "{:?}", reply.warnings);
}

/// Of a field that was dropped, with the reason why the rest was refused.
pub async fn warnings_come_with_refusals(subject: Subject) {
    let status = refused(subject.post(odd("Not A Name"), WriteOptions::default()).await);
    assert_eq!(status.code, 422);
    assert!(told_of_the_field(&status.warnings), "{status:?}");
}

/// Where nothing is odd, or nobody wants to know.
pub async fn silence_means_that_nothing_is_odd(subject: Subject) {
    let ignore = WriteOptions { field_validation: FieldValidation::Ignore, ..WriteOptions::default() };
    assert!(subject.post(odd("a"), ignore.clone()).await.unwrap().warnings.is_empty());
    assert!(refused(subject.post(odd("a"), ignore).await).warnings.is_empty());
    let get = Call::Get { resource_version: String::new() };
    assert!(subject.client().call(subject.map_target("a"), get).await.unwrap().warnings.is_empty());
}
