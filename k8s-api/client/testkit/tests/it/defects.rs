use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;

use k8s_api_client_testkit::{Case, Subject, Time, run};

use super::broken::{Broken, Defect};
use super::servers;

type Check = Box<dyn Fn(Subject) -> Pin<Box<dyn Future<Output = ()>>>>;

fn fails((case, check): &(Case, Check), defect: Defect) -> bool {
    let open = || servers::by(move |server| Broken::new(server, defect));
    catch_unwind(AssertUnwindSafe(|| run(Time::Simulated, *case, open, check))).is_err()
}

const EXPECTED: &[(Defect, &str)] = &[
    (Defect::EverybodyIsAdmin, "a_stranger_is_refused"),
    (Defect::NobodyIsAdmin, "who_asks_is_known"),
    (Defect::IdentityOfTheOneBefore, "each_request_has_its_own_sender"),
    (Defect::ReadsStale, "an_update_is_seen_by_the_next_read"),
    (Defect::WritesInVain, "what_was_created_is_read"),
    (Defect::NothingIsNew, "what_was_created_is_read"),
    (Defect::EverythingIsJson, "typed_and_encoded_bodies_answer_alike"),
    (Defect::NamesEndAtQuestionMarks, "odd_names_find_their_objects"),
    (Defect::StrategicIsMerge, "strategic_patches_merge_lists"),
    (Defect::ApplyIsMerge, "an_apply_is_understood_as_one"),
    (Defect::RefusalsAreInternal, "what_is_missing_is_not_found"),
    (Defect::RefusalsHaveNoDetails, "broken_rules_are_told_by_field"),
    (Defect::ReasonsByCodeAlone, "a_name_is_taken_once"),
    (Defect::WarningsAreLost, "warnings_come_with_answers"),
    (Defect::WarningsOfRefusalsAreLost, "warnings_come_with_refusals"),
    (Defect::DryRunsAreReal, "a_dry_run_stores_nothing"),
    (Defect::StrictnessIsLost, "strictness_refuses_unknown_fields"),
    (Defect::PreconditionsAreLost, "preconditions_must_hold"),
    (Defect::PoliciesAreLost, "the_policy_for_dependents_arrives"),
    (Defect::EverythingIsDeleted, "a_collection_goes_as_selected"),
    (Defect::FieldSelectorsAreLost, "selectors_select"),
    (Defect::LabelSelectorsAreLost, "selectors_select"),
    (Defect::LimitsAreLost, "pages_add_up"),
    (Defect::OnePageIsAll, "pages_add_up"),
    (Defect::VersionsOfListsAreLost, "a_list_is_of_the_revision_asked_for"),
    (Defect::NamespacesAreLost, "namespaces_are_apart_and_together"),
    (Defect::WatchesBeginAnew, "a_watch_goes_on_where_a_list_ended"),
    (Defect::WatchesOfOneAreOfAll, "one_object_is_watched"),
    (Defect::EventsAreRepeated, "changes_come_once_and_in_order"),
    (Defect::EventsAreLost, "changes_come_once_and_in_order"),
    (Defect::DeletionsAreLost, "changes_come_once_and_in_order"),
    (Defect::EventsAreSwapped, "changes_come_once_and_in_order"),
    (Defect::ExpiryIsSilence, "a_watch_of_the_forgotten_is_refused"),
    (Defect::InitialEventsAreLost, "a_watch_can_begin_with_what_is_there"),
    (Defect::WatchesNeverEnd, "a_watch_ends_in_time"),
    (Defect::SendsTwice, "what_was_created_is_read"),
    (Defect::LocksWhenDropped, "a_dropped_call_harms_nobody"),
    (Defect::AnswersAreMixedUp, "many_calls_get_their_own_answers"),
    (Defect::StreamsAreCollected, "a_followed_log_comes_as_it_is_said"),
    (Defect::LogsAreCut, "a_log_comes_whole"),
    (Defect::ContentTypesAreLost, "documents_are_read"),
];

#[test]
fn every_defect_is_caught_by_its_case() {
    let checks: Vec<(Case, Check)> = k8s_api_client_testkit::__transport_cases! { __checks, (Check) };
    let escaped: Vec<_> = EXPECTED
        .iter()
        .filter(|(defect, name)| {
            let check = checks.iter().find(|(case, _)| case.name == *name).unwrap();
            !fails(check, *defect)
        })
        .collect();
    assert!(escaped.is_empty(), "not caught: {escaped:?}");
}
