use k8s_api::DynamicObject;
use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::{At, Rules, View};
use serde_json::Value;

use crate::checks::text;
use crate::trees::{child, field, fill, spec_mut};

const SPEC: At<'static> = At::new("spec");
const MAX_QUEUES: i64 = 10_000_000;
const MAX_HASH_BITS: u32 = 60;

pub(crate) struct PriorityLevels;

impl Rules for PriorityLevels {
    fn default(&self, level: &mut DynamicObject) {
        let Some(spec) = spec_mut(level) else { return };
        if let Some(exempt) = child(spec, "exempt") {
            fill(exempt, "nominalConcurrencyShares", 0);
            fill(exempt, "lendablePercent", 0);
        }
        if let Some(limited) = child(spec, "limited") {
            fill(limited, "nominalConcurrencyShares", 30);
            fill(limited, "lendablePercent", 0);
            let queuing = child(limited, "limitResponse").and_then(|response| child(response, "queuing"));
            if let Some(queuing) = queuing {
                for (name, value) in [("handSize", 8), ("queues", 64), ("queueLengthLimit", 50)] {
                    if queuing.get(name).and_then(Value::as_i64).unwrap_or(0) == 0 {
                        queuing.insert(name.to_owned(), value.into());
                    }
                }
            }
        }
    }

    fn validate(&self, level: &DynamicObject) -> ErrorList {
        let mut errors = ErrorList::new();
        let spec = field(level, "spec");
        let kind = spec.get("type").text();
        let (exempt, limited) = (spec.get("exempt"), spec.get("limited"));
        if (text(&level.metadata.name) == "exempt") != (kind == "Exempt") {
            let detail = "must be 'Exempt' if and only if `name` is 'exempt'";
            errors.push(Error::invalid(&SPEC.child("type"), kind, detail));
        }
        match kind {
            "Exempt" => {
                if limited.is_some() {
                    let detail = "must be nil if the type is not Limited";
                    errors.push(Error::forbidden(&SPEC.child("limited"), detail));
                }
                shares(&mut errors, exempt, &SPEC.child("exempt"));
                percent(&mut errors, exempt, &SPEC.child("exempt"));
            }
            "Limited" => {
                if exempt.is_some() {
                    errors.push(Error::forbidden(&SPEC.child("exempt"), "must be nil if the type is Limited"));
                }
                if limited.is_none() {
                    let detail = "must not be empty when type is Limited";
                    errors.push(Error::required(&SPEC.child("limited"), detail));
                } else {
                    validate_limited(&mut errors, limited, &SPEC.child("limited"));
                }
            }
            other => errors.push(Error::not_supported(&SPEC.child("type"), other, &["Exempt", "Limited"])),
        }
        super::fixed::check_level(&mut errors, level);
        errors
    }
}

fn shares(errors: &mut ErrorList, level: View<'_>, at: &At<'_>) {
    if let Some(shares) = level.get("nominalConcurrencyShares").int().filter(|shares| *shares < 0) {
        let detail = "must be a non-negative integer";
        errors.push(Error::invalid(&at.child("nominalConcurrencyShares"), shares, detail));
    }
}

fn percent(errors: &mut ErrorList, level: View<'_>, at: &At<'_>) {
    if let Some(percent) = level.get("lendablePercent").int().filter(|percent| !(0..=100).contains(percent)) {
        let detail = "must be between 0 and 100, inclusive";
        errors.push(Error::invalid(&at.child("lendablePercent"), percent, detail));
    }
}

fn validate_limited(errors: &mut ErrorList, limited: View<'_>, at: &At<'_>) {
    shares(errors, limited, at);
    let response = limited.get("limitResponse");
    let response_at = at.child("limitResponse");
    let queuing = response.get("queuing");
    let queuing_at = response_at.child("queuing");
    match response.get("type").text() {
        "Reject" if queuing.is_some() => {
            let detail = "must be nil if limited.limitResponse.type is not Limited";
            errors.push(Error::forbidden(&queuing_at, detail));
        }
        "Reject" => {}
        "Queue" if queuing.is_none() => {
            let detail = "must not be empty if limited.limitResponse.type is Limited";
            errors.push(Error::required(&queuing_at, detail));
        }
        "Queue" => validate_queuing(errors, queuing, &queuing_at),
        other => errors.push(Error::not_supported(&response_at.child("type"), other, &["Queue", "Reject"])),
    }
    percent(errors, limited, at);
    if let Some(percent) = limited.get("borrowingLimitPercent").int().filter(|percent| *percent < 0) {
        let detail = "if specified, must be a non-negative integer";
        errors.push(Error::invalid(&at.child("borrowingLimitPercent"), percent, detail));
    }
}

fn validate_queuing(errors: &mut ErrorList, queuing: View<'_>, at: &At<'_>) {
    let number = |name: &str| queuing.get(name).int().unwrap_or(0);
    let (length, queues, hand) = (number("queueLengthLimit"), number("queues"), number("handSize"));
    let mut refuse =
        |name: &str, value: i64, detail: String| errors.push(Error::invalid(&at.child(name), value, detail));
    if length <= 0 {
        refuse("queueLengthLimit", length, "must be positive".to_owned());
    }
    if queues <= 0 {
        refuse("queues", queues, "must be positive".to_owned());
    } else if queues > MAX_QUEUES {
        refuse("queues", queues, format!("must not be greater than {MAX_QUEUES}"));
    }
    if hand <= 0 {
        refuse("handSize", hand, "must be positive".to_owned());
    } else if hand > queues {
        refuse("handSize", hand, format!("should not be greater than queues ({queues})"));
    } else if entropy(queues, hand) > MAX_HASH_BITS {
        refuse(
            "handSize",
            hand,
            format!(
                "required entropy bits of deckSize {queues} and handSize {hand} should not be greater than {MAX_HASH_BITS}"
            ),
        );
    }
}

/// How many bits it takes to deal a hand from a deck of queues.
fn entropy(queues: i64, hand: i64) -> u32 {
    let bits: f64 = (0..hand.min(128)).map(|dealt| ((queues - dealt) as f64).log2()).sum();
    bits.ceil() as u32
}
