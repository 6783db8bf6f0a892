use serde_json::Value;

use super::{Cells, Printed};
use crate::cells::{NONE, View};
use crate::human::human_duration;

pub(super) fn role_binding(printed: Printed<'_>) -> Cells {
    let object = printed.object;
    let role = format!("{}/{}", object.text("roleRef.kind"), object.text("roleRef.name"));
    let subjects = |kind: &str, show: fn(View<'_>) -> String| {
        let of_kind = object.list("subjects").filter(|subject| subject.text("kind") == kind);
        Value::from(of_kind.map(show).collect::<Vec<_>>().join(", "))
    };
    let plain = |subject: View<'_>| subject.text("name").to_owned();
    let account = |subject: View<'_>| format!("{}/{}", subject.text("namespace"), subject.text("name"));
    vec![
        printed.name.into(),
        role.into(),
        printed.age().into(),
        subjects("User", plain),
        subjects("Group", plain),
        subjects("ServiceAccount", account),
    ]
}

pub(super) fn signing_request(printed: Printed<'_>) -> Cells {
    let object = printed.object;
    let has = |kind: &str| object.list("status.conditions").any(|condition| condition.text("type") == kind);
    let mut status = match (has("Denied"), has("Approved")) {
        (true, _) => "Denied",
        (_, true) => "Approved",
        _ => "Pending",
    }
    .to_owned();
    if has("Failed") {
        status.push_str(",Failed");
    }
    if !object.text("status.certificate").is_empty() {
        status.push_str(",Issued");
    }
    let seconds = object.at("spec.expirationSeconds").0.as_i64();
    vec![
        printed.name.into(),
        printed.age().into(),
        object.filled_or("spec.signerName", NONE).into(),
        object.text("spec.username").into(),
        seconds.map_or_else(|| NONE.to_owned(), human_duration).into(),
        status.into(),
    ]
}
