/// Makes one `#[test]` of each case for what `$open`, a closure that returns a future of an
/// [`Authorizing`](crate::Authorizing), opens.
///
/// With `simulated:` time is paused: for authorizers that work within this process alone and never block. With `real:`
/// it is the world's.
#[macro_export]
macro_rules! authorizer_conformance {
    (simulated: $open:expr $(,)?) => {
        $crate::__authorizer_cases! { __tests, (Simulated, $open) }
    };
    (real: $open:expr $(,)?) => {
        $crate::__authorizer_cases! { __tests, (Real, $open) }
    };
}

/// The same for authenticators: the closure returns a future of an [`Authenticating`](crate::Authenticating).
#[macro_export]
macro_rules! authenticator_conformance {
    (simulated: $open:expr $(,)?) => {
        $crate::__authenticator_cases! { __tests, (Simulated, $open) }
    };
    (real: $open:expr $(,)?) => {
        $crate::__authenticator_cases! { __tests, (Real, $open) }
    };
}

/// The same for admission plugins: the closure returns a future of an [`Admitting`](crate::Admitting).
#[macro_export]
macro_rules! admission_conformance {
    (simulated: $open:expr $(,)?) => {
        $crate::__admission_cases! { __tests, (Simulated, $open) }
    };
    (real: $open:expr $(,)?) => {
        $crate::__admission_cases! { __tests, (Real, $open) }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __authorizer_cases {
    ($make:ident, $($args:tt)*) => {
        $crate::$make! { $($args)*
            1 => authorizers::it_decides_as_its_author_says;
            1 => authorizers::the_same_question_has_the_same_answer;
            2 => authorizers::every_question_has_an_answer;
            2 => authorizers::a_query_opens_no_path [Denials];
            3 => authorizers::a_cluster_that_fails_grants_nothing;
            4 => authorizers::rules_tell_what_is_allowed;
            4 => authorizers::rules_tell_no_more [Denials];
            5 => authorizers::many_questions_have_their_own_answers;
            5 => authorizers::a_dropped_question_harms_nobody;
            6 => authorizers::the_server_abides_by_it [Denials];
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __authenticator_cases {
    ($make:ident, $($args:tt)*) => {
        $crate::$make! { $($args)*
            7 => authenticators::a_known_token_is_its_users;
            7 => authenticators::many_tokens_have_their_own_users;
            8 => authenticators::a_token_is_known_as_a_whole [Strangers];
            8 => authenticators::garbage_is_nobodys_token [Strangers];
            9 => authenticators::whoever_is_known_is_somebody;
            10 => authenticators::the_server_knows_whom_it_knows;
            10 => authenticators::the_server_turns_strangers_away [Strangers];
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __admission_cases {
    ($make:ident, $($args:tt)*) => {
        $crate::$make! { $($args)*
            11 => admission::it_always_knows_what_it_handles;
            11 => admission::what_is_foreign_is_left_alone [ForeignKinds];
            11 => admission::a_body_of_another_type_is_survived;
            12 => admission::admitting_twice_is_admitting_once;
            12 => admission::the_same_write_has_the_same_outcome;
            13 => admission::what_was_admitted_is_valid [Acceptances];
            13 => admission::validation_repeats_itself;
            14 => admission::a_dry_run_leaves_no_trace;
            15 => admission::a_refusal_says_why [Refusals];
            16 => admission::a_cluster_that_fails_refuses_nothing [Acceptances];
            17 => admission::many_writes_have_their_own_outcomes;
            17 => admission::a_dropped_write_harms_nobody;
            18 => admission::the_server_heeds_every_plugin;
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
