use super::{Cells, Printed};
use crate::cells::View;

/// Events come in two forms with different names for the same fields.
pub(super) fn event(printed: Printed<'_>) -> Cells {
    let (object, now) = (printed.object, printed.now);
    let either = |a: &str, b: &str| if object.at(a).is_there() { object.at(a) } else { object.at(b) };
    let about = either("involvedObject", "regarding");
    let source = either("source", "deprecatedSource");
    let [first_time, last_time] = ["first", "last"].map(|which| {
        let (old, new) = (format!("{which}Timestamp"), format!("deprecated{}Timestamp", capital(which)));
        object.time(&old).or_else(|| object.time(&new))
    });
    let first = crate::human::since(first_time.or_else(|| object.time("eventTime")), now);
    let mut last = last_time.map_or_else(|| first.clone(), |time| crate::human::since(Some(time), now));
    let mut count = either("count", "deprecatedCount").0.as_i64().unwrap_or_default();
    if object.at("series").is_there() {
        last = object.ago("series.lastObservedTime", now);
        count = object.int("series.count");
    } else if count == 0 {
        count = 1;
    }
    let message = either("message", "note").0.as_str().unwrap_or_default();
    vec![
        last.into(),
        object.text("type").into(),
        object.text("reason").into(),
        target(about).into(),
        about.text("fieldPath").into(),
        origin(object, source).into(),
        message.trim().into(),
        first.into(),
        count.into(),
        printed.name.into(),
    ]
}

fn capital(word: &str) -> &'static str {
    if word == "first" { "First" } else { "Last" }
}

fn target(about: View<'_>) -> String {
    let kind = about.text("kind").to_lowercase();
    match about.text("name") {
        "" => kind,
        name => format!("{kind}/{name}"),
    }
}

fn origin(object: View<'_>, source: View<'_>) -> String {
    let controller = object.filled_or("reportingComponent", object.text("reportingController"));
    let component = source.filled_or("component", controller);
    match source.filled_or("host", object.text("reportingInstance")) {
        "" => component.to_owned(),
        instance => format!("{component}, {instance}"),
    }
}
