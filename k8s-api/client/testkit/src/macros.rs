/// Makes one `#[test]` of each case for what `$open`, a closure that returns a future of a [`Subject`](crate::Subject),
/// opens.
///
/// With `simulated:` time is paused: for roads within this process that never block. With `real:` it is the world's.
#[macro_export]
macro_rules! conformance {
    (simulated: $open:expr $(,)?) => {
        $crate::__transport_cases! { __tests, (Simulated, $open) }
    };
    (real: $open:expr $(,)?) => {
        $crate::__transport_cases! { __tests, (Real, $open) }
    };
}

/// The same for connectors: the closure takes [`Agents`](crate::Agents) and returns a future of a
/// [`NodeConnector`](k8s_api_client::NodeConnector) that finds them, with what must live as long as it.
#[macro_export]
macro_rules! node_conformance {
    (simulated: $connect:expr $(,)?) => {
        $crate::__node_cases! { __tests, (Simulated, || $crate::Roads::open($connect)) }
    };
    (real: $connect:expr $(,)?) => {
        $crate::__node_cases! { __tests, (Real, || $crate::Roads::open($connect)) }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __transport_cases {
    ($make:ident, $($args:tt)*) => {
        $crate::$make! { $($args)*
            1 => identities::who_asks_is_known;
            1 => identities::each_request_has_its_own_sender [Strangers];
            1 => identities::a_stranger_is_refused [Strangers];
            2 => visibility::what_was_created_is_read;
            2 => visibility::an_update_is_seen_by_the_next_read;
            2 => visibility::an_update_creates_nothing;
            2 => visibility::a_deletion_is_seen_by_the_next_read;
            3 => bodies::typed_and_encoded_bodies_answer_alike;
            3 => bodies::updates_take_every_body;
            3 => bodies::contents_come_back_as_they_went;
            3 => bodies::odd_names_find_their_objects;
            3 => bodies::garbage_is_refused;
            4 => patches::each_language_is_understood;
            4 => patches::strategic_patches_merge_lists;
            4 => patches::an_apply_is_understood_as_one;
            4 => patches::a_patch_that_does_not_fit_changes_nothing;
            5 => refusals::what_is_missing_is_not_found;
            5 => refusals::a_name_is_taken_once;
            5 => refusals::a_stale_update_is_a_conflict;
            5 => refusals::broken_rules_are_told_by_field;
            5 => refusals::unknown_resources_and_verbs_are_told_apart;
            5 => refusals::addresses_and_objects_must_agree;
            6 => warnings::warnings_come_with_answers;
            6 => warnings::warnings_come_with_refusals;
            6 => warnings::silence_means_that_nothing_is_odd;
            7 => options::a_dry_run_stores_nothing;
            7 => options::strictness_refuses_unknown_fields;
            7 => options::names_are_generated;
            7 => deletions::preconditions_must_hold;
            7 => deletions::a_finished_deletion_says_what_is_gone;
            7 => deletions::a_finalizer_holds_what_is_deleted;
            7 => deletions::the_policy_for_dependents_arrives;
            7 => deletions::a_collection_goes_as_selected;
            8 => lists::a_list_is_all_in_order;
            8 => lists::selectors_select;
            8 => lists::pages_add_up;
            8 => lists::pages_hold_what_is_selected;
            8 => lists::a_list_is_of_the_revision_asked_for;
            8 => lists::namespaces_are_apart_and_together;
            9 => watches::changes_come_once_and_in_order;
            9 => watches::a_watch_goes_on_where_a_list_ended;
            9 => watches::a_watch_resumes_where_it_was_left;
            9 => watches::selections_are_entered_and_left;
            9 => watches::one_object_is_watched;
            9 => watches::a_watch_can_begin_with_what_is_there;
            9 => watches::a_watch_of_the_forgotten_is_refused [Forgetting];
            9 => watches::a_watch_ends_in_time;
            9 => watches::every_watch_gets_every_change;
            10 => interruptions::a_dropped_call_harms_nobody;
            10 => interruptions::a_dropped_watch_harms_nobody;
            10 => interruptions::a_dropped_wait_loses_no_event;
            11 => interruptions::many_calls_get_their_own_answers;
            11 => interruptions::of_many_writers_one_wins;
            12 => raw::documents_are_read;
            12 => raw::a_log_comes_whole [Logs];
            12 => raw::a_followed_log_comes_as_it_is_said [Logs];
            12 => raw::logs_that_cannot_be_had_are_refused [Logs];
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __node_cases {
    ($make:ident, $($args:tt)*) => {
        $crate::$make! { $($args)*
            13 => nodes::there_is_no_road_to_an_unknown_node;
            14 => nodes::each_node_answers_for_itself;
            14 => nodes::a_request_arrives_whole;
            14 => nodes::an_answer_comes_whole;
            15 => nodes::a_stream_comes_as_it_is_said;
            15 => nodes::a_stream_that_breaks_says_so;
            15 => nodes::what_is_dropped_ends;
        }
    };
}

/// The list as tests.
#[doc(hidden)]
#[macro_export]
macro_rules! __tests {
    (($time:ident, $open:expr) $($promise:literal => $group:ident::$case:ident $([$($need:ident),*])?;)*) => {
        $(
            #[test]
            fn $case() {
                let case = $crate::__case!($promise, $group, $case, [$($($need),*)?]);
                $crate::run($crate::Time::$time, case, $open, $crate::cases::$group::$case);
            }
        )*
    };
}

/// The list as a slice.
#[doc(hidden)]
#[macro_export]
macro_rules! __list {
    (() $($promise:literal => $group:ident::$case:ident $([$($need:ident),*])?;)*) => {
        &[$($crate::__case!($promise, $group, $case, [$($($need),*)?])),*]
    };
}

/// The list as functions of type `$check`, a boxed function that returns a boxed future.
#[doc(hidden)]
#[macro_export]
macro_rules! __checks {
    (($check:ty) $($promise:literal => $group:ident::$case:ident $([$($need:ident),*])?;)*) => {
        vec![$((
            $crate::__case!($promise, $group, $case, [$($($need),*)?]),
            Box::new(|subject| Box::pin($crate::cases::$group::$case(subject)) as ::std::pin::Pin<Box<dyn Future<Output = ()>>>) as $check,
        )),*]
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __case {
    ($promise:literal, $group:ident, $case:ident, [$($need:ident),*]) => {
        $crate::Case {
            promise: $promise,
            group: stringify!($group),
            name: stringify!($case),
            needs: &[$($crate::Ability::$need),*],
        }
    };
}
