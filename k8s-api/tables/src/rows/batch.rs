use serde_json::Value;

use super::{Cells, Printed};
use crate::cells::{NONE, UNSET};
use crate::human::human_duration;

pub(super) fn job(printed: Printed<'_>) -> Cells {
    let object = printed.object;
    let succeeded = object.int("status.succeeded");
    let parallelism = object.int("spec.parallelism");
    let completions = match object.at("spec.completions").0.as_i64() {
        Some(wanted) => format!("{succeeded}/{wanted}"),
        None if parallelism > 1 => format!("{succeeded}/1 of {parallelism}"),
        None => format!("{succeeded}/1"),
    };
    let end = object.time("status.completionTime").unwrap_or(printed.now);
    let duration = object
        .time("status.startTime")
        .map(|start| human_duration(end.duration_since(start).as_secs()))
        .unwrap_or_default();
    let mut cells: Cells = vec![
        printed.name.into(),
        job_status(printed).into(),
        completions.into(),
        duration.into(),
        printed.age().into(),
    ];
    cells.extend(object.containers("spec.template.spec.containers"));
    cells.push(object.shown_selector("spec.selector").into());
    cells
}

fn job_status(printed: Printed<'_>) -> &'static str {
    let has = |kind: &str| {
        let mut conditions = printed.object.list("status.conditions");
        conditions.find(|condition| condition.text("type") == kind).is_some_and(|found| found.text("status") == "True")
    };
    match () {
        () if has("Complete") => "Complete",
        () if has("Failed") => "Failed",
        () if printed.deleted => "Terminating",
        () if has("Suspended") => "Suspended",
        () if has("FailureTarget") => "FailureTarget",
        () if has("SuccessCriteriaMet") => "SuccessCriteriaMet",
        () => "Running",
    }
}

pub(super) fn cron_job(printed: Printed<'_>) -> Cells {
    let object = printed.object;
    let last = object.at("status.lastScheduleTime");
    let last = if last.is_there() { object.ago("status.lastScheduleTime", printed.now) } else { NONE.to_owned() };
    let suspended = match object.at("spec.suspend").0 {
        Value::Bool(true) => "True",
        Value::Bool(false) => "False",
        _ => UNSET,
    };
    let mut cells: Cells = vec![
        printed.name.into(),
        object.text("spec.schedule").into(),
        object.text_or("spec.timeZone", NONE).into(),
        suspended.into(),
        object.list("status.active").len().into(),
        last.into(),
        printed.age().into(),
    ];
    cells.extend(object.containers("spec.jobTemplate.spec.template.spec.containers"));
    cells.push(object.shown_selector("spec.jobTemplate.spec.selector").into());
    cells
}
