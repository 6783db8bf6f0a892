//! Promises 11 to 18: admission plugins.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use k8s_api::{AnyObject, DynamicObject, GroupVersionResource, Reason, Status, UserInfo};
use k8s_api_server::admission::{Admission, AdmissionRequest, Lookup, Operation};
use serde_json::{Value, json};

use crate::Admitting;
use crate::cluster::{Check, Cluster, Seen};
use crate::lookup::{Failing, Silent};

/// Makes the writes, each after `check` has looked at it, and looks whether they go through as their author says.
async fn judge(subject: Admitting, check: Check) {
    let cluster = prepared(&subject).await;
    cluster.check(check);
    for write in &subject.writes {
        let outcome = write.send(&cluster.admin()).await;
        assert_eq!(outcome.is_ok(), write.accepted, "{:?} {}: {outcome:?}", write.verb, write.manifest);
    }
}

/// A cluster in which the writes can be made.
async fn prepared(subject: &Admitting) -> Cluster {
    let cluster = Cluster::with(&subject.given, Some(subject.plugin.clone())).await;
    for manifest in &subject.deleted {
        cluster.delete(manifest).await;
    }
    cluster
}

/// A check of each write.
fn each(check: impl for<'a> Fn(Seen<'a>) -> BoxFuture<'a, ()> + Send + Sync + 'static) -> Check {
    Arc::new(check)
}

/// What became of a write: the object as admitted and found valid, or why not.
type Outcome = Result<Option<Value>, Status>;

async fn admit(
    plugin: &dyn Admission,
    request: &AdmissionRequest<'_>,
    object: Option<&dyn AnyObject>,
    cluster: &dyn Lookup,
) -> Result<Option<Box<dyn AnyObject>>, Status> {
    let mut object = object.map(AnyObject::clone_box);
    let borrowed: Option<&mut dyn AnyObject> = match &mut object {
        Some(object) => Some(&mut **object),
        None => None,
    };
    plugin.admit(request, borrowed, cluster).await?;
    Ok(object)
}

async fn outcome(
    plugin: &dyn Admission,
    request: &AdmissionRequest<'_>,
    object: Option<&dyn AnyObject>,
    cluster: &dyn Lookup,
) -> Outcome {
    let admitted = admit(plugin, request, object, cluster).await?;
    plugin.validate(request, admitted.as_deref(), cluster).await?;
    Ok(admitted.map(|object| object.to_value().unwrap()))
}

/// The same with every suffix of chance, as in `kube-api-access-x7k2p`, made the same.
fn masked(outcome: Outcome) -> Outcome {
    outcome.map(|object| object.map(mask))
}

fn mask(tree: Value) -> Value {
    match tree {
        Value::String(text) => Value::String(masked_text(text)),
        Value::Array(items) => items.into_iter().map(mask).collect(),
        Value::Object(fields) => fields.into_iter().map(|(key, value)| (key, mask(value))).collect(),
        other => other,
    }
}

fn masked_text(text: String) -> String {
    const SUFFIX: &str = "bcdfghjklmnpqrstvwxz2456789";
    match text.rsplit_once('-') {
        Some((name, suffix)) if suffix.len() == 5 && suffix.chars().all(|c| SUFFIX.contains(c)) => {
            format!("{name}-?????")
        }
        _ => text,
    }
}

/// A name without spaces, and the same answer each time it is asked.
pub async fn it_always_knows_what_it_handles(subject: Admitting) {
    let check = each(|seen| {
        async move {
            let name = seen.plugin.name();
            assert!(!name.is_empty() && !name.contains(char::is_whitespace), "{name:?} is no name");
            for dry_run in [false, true, false] {
                assert!(seen.plugin.handles(&AdmissionRequest { dry_run, ..seen.request }), "it was asked to");
                assert_eq!(seen.plugin.name(), name);
            }
        }
        .boxed()
    });
    judge(subject, check).await;
}

/// Objects of a kind that no plugin knows, and subresources of a name that none has.
pub async fn what_is_foreign_is_left_alone(subject: Admitting) {
    let cluster = prepared(&subject).await;
    let plugin = subject.plugin.clone();
    cluster.look(move |lookup| async move { foreigners(&*plugin, lookup).await }.boxed()).await;
}

async fn foreigners(plugin: &dyn Admission, cluster: &dyn Lookup) {
    let tree = json!({"apiVersion": "kit.example.org/v1", "kind": "Widget",
        "metadata": {"name": "w", "namespace": "default"}, "spec": {"size": 1, "containers": [{"name": "c"}]}});
    let widget: DynamicObject = serde_json::from_value(tree).unwrap();
    let (kind, resource) = (widget.gvk(), GroupVersionResource::new("kit.example.org", "v1", "widgets"));
    let user = UserInfo::admin();
    for operation in [Operation::Create, Operation::Update, Operation::Delete] {
        for subresource in ["", "kit"] {
            let request = AdmissionRequest {
                operation,
                resource: &resource,
                kind: &kind,
                subresource,
                namespace: "default",
                name: "w",
                user: &user,
                old: (operation != Operation::Create).then_some(&widget as &dyn AnyObject),
                dry_run: false,
            };
            if !plugin.handles(&request) {
                continue;
            }
            let object = (operation != Operation::Delete).then_some(&widget as &dyn AnyObject);
            let outcome = outcome(plugin, &request, object, cluster).await.unwrap();
            assert_eq!(outcome, object.map(|object| object.to_value().unwrap()), "{operation:?} of a widget");
        }
    }
}

/// A kind may have a type here or none: whatever the plugin makes of the other, it does not break.
pub async fn a_body_of_another_type_is_survived(subject: Admitting) {
    let check = each(|seen| {
        async move {
            let Some(object) = &seen.object else { return };
            let tree: DynamicObject = serde_json::from_value(object.to_value().unwrap()).unwrap();
            let empty = DynamicObject::default();
            for other in [&tree, &empty] {
                // Its own outcome, whatever it is.
                let _ = outcome(seen.plugin, &seen.request, Some(other), seen.cluster).await;
            }
        }
        .boxed()
    });
    judge(subject, check).await;
}

/// What has passed passes again as it is.
pub async fn admitting_twice_is_admitting_once(subject: Admitting) {
    let check = each(|seen| {
        async move {
            let Seen { plugin, request, object, cluster } = seen;
            let Ok(Some(once)) = admit(plugin, &request, object.as_deref(), cluster).await else { return };
            let twice = admit(plugin, &request, Some(&*once), cluster).await.unwrap().unwrap();
            assert_eq!(twice.to_value().unwrap(), once.to_value().unwrap());
        }
        .boxed()
    });
    judge(subject, check).await;
}

/// But for names that are drawn.
pub async fn the_same_write_has_the_same_outcome(subject: Admitting) {
    let check = each(|seen| {
        async move {
            let Seen { plugin, request, object, cluster } = seen;
            let first = masked(outcome(plugin, &request, object.as_deref(), cluster).await);
            for _ in 0..3 {
                assert_eq!(masked(outcome(plugin, &request, object.as_deref(), cluster).await), first);
            }
        }
        .boxed()
    });
    judge(subject, check).await;
}

/// By the plugin's own rules.
pub async fn what_was_admitted_is_valid(subject: Admitting) {
    let cluster = prepared(&subject).await;
    let check = each(|seen| {
        async move {
            let Seen { plugin, request, object, cluster } = seen;
            let admitted = admit(plugin, &request, object.as_deref(), cluster).await.unwrap();
            plugin.validate(&request, admitted.as_deref(), cluster).await.unwrap();
        }
        .boxed()
    });
    cluster.check(check);
    for write in subject.writes.iter().filter(|write| write.accepted) {
        write.send(&cluster.admin()).await.unwrap();
    }
}

/// Validation leaves nothing behind, so that it can be repeated.
pub async fn validation_repeats_itself(subject: Admitting) {
    let check = each(|seen| {
        async move {
            let Seen { plugin, request, object, cluster } = seen;
            let before = admit(plugin, &request, object.as_deref(), cluster).await;
            let Ok(admitted) = &before else { return };
            let said = plugin.validate(&request, admitted.as_deref(), cluster).await;
            for _ in 0..3 {
                assert_eq!(plugin.validate(&request, admitted.as_deref(), cluster).await, said);
            }
        }
        .boxed()
    });
    judge(subject, check).await;
}

/// It has the outcome that the write will have, and the write has the outcome that it would have had.
pub async fn a_dry_run_leaves_no_trace(subject: Admitting) {
    let check = each(|seen| {
        async move {
            let Seen { plugin, request, object, cluster } = seen;
            let dry = AdmissionRequest { dry_run: true, ..request };
            let mut outcomes = Vec::new();
            for _ in 0..5 {
                outcomes.push(masked(outcome(plugin, &dry, object.as_deref(), cluster).await));
            }
            let wet = AdmissionRequest { dry_run: false, ..request };
            let real = masked(outcome(plugin, &wet, object.as_deref(), cluster).await);
            assert!(outcomes.iter().all(|outcome| *outcome == real), "{outcomes:?}, then {real:?}");
        }
        .boxed()
    });
    judge(subject, check).await;
}

/// As a status of the client's mistake.
pub async fn a_refusal_says_why(subject: Admitting) {
    let cluster = prepared(&subject).await;
    cluster.check(each(|_| async {}.boxed()));
    for write in &subject.writes {
        let Err(status) = write.send(&cluster.admin()).await else { continue };
        assert!((400..500).contains(&status.code) && status.reason != Reason::Unknown, "{status:?}");
        assert!(!status.message.is_empty() && status.details.is_some(), "{status:?}");
    }
}

/// What cannot be found out is an error of the server's, not a mistake of the client's; and what needs no cluster needs
/// none.
pub async fn a_cluster_that_fails_refuses_nothing(subject: Admitting) {
    let cluster = prepared(&subject).await;
    let check = each(|seen| {
        async move {
            let Seen { plugin, request, object, cluster } = seen;
            if let Err(status) = outcome(plugin, &request, object.as_deref(), &Failing).await {
                assert!(status.code >= 500, "{status:?}");
            }
            outcome(plugin, &request, object.as_deref(), cluster).await.unwrap();
        }
        .boxed()
    });
    cluster.check(check);
    for write in subject.writes.iter().filter(|write| write.accepted) {
        write.send(&cluster.admin()).await.unwrap();
    }
}

/// As if each had been made alone.
pub async fn many_writes_have_their_own_outcomes(subject: Admitting) {
    let check = each(|seen| {
        async move {
            let Seen { plugin, request, object, cluster } = seen;
            let alone = masked(outcome(plugin, &request, object.as_deref(), cluster).await);
            let many = (0..20).map(|_| outcome(plugin, &request, object.as_deref(), cluster));
            for one in join_all(many).await {
                assert_eq!(masked(one), alone);
            }
        }
        .boxed()
    });
    judge(subject, check).await;
}

/// In the midst of reading a cluster that does not answer.
pub async fn a_dropped_write_harms_nobody(subject: Admitting) {
    let check = each(|seen| {
        async move {
            let Seen { plugin, request, object, cluster } = seen;
            for _ in 0..3 {
                drop(outcome(plugin, &request, object.as_deref(), &Silent).now_or_never());
            }
            let first = masked(outcome(plugin, &request, object.as_deref(), cluster).await);
            for _ in 0..3 {
                drop(outcome(plugin, &request, object.as_deref(), &Silent).now_or_never());
            }
            assert_eq!(masked(outcome(plugin, &request, object.as_deref(), cluster).await), first);
        }
        .boxed()
    });
    judge(subject, check).await;
}

/// What it accepts is stored, and what it refuses is not.
pub async fn the_server_heeds_every_plugin(subject: Admitting) {
    assert!(!subject.writes.is_empty(), "its author has said nothing");
    let cluster = prepared(&subject).await;
    cluster.check(each(|_| async {}.boxed()));
    for write in &subject.writes {
        let target = write.target();
        let api = cluster.admin().dynamic(target.resource.clone(), &target.namespace);
        let before = api.get(&target.name).await.ok().map(|object| object.revision());
        let outcome = write.send(&cluster.admin()).await;
        assert_eq!(outcome.is_ok(), write.accepted, "{:?} {}: {outcome:?}", write.verb, write.manifest);
        let after = api.get(&target.name).await.ok().map(|object| object.revision());
        assert_eq!(before != after, write.accepted, "{:?} {}", write.verb, write.manifest);
    }
}
