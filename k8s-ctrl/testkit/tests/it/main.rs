//! Controllers that do not do as they should are found out.

mod bad;
mod twins;

use bad::{Bad, Vice};
use k8s_ctrl_testkit::{Scenario, cases};

fn make(vice: Vice) -> impl Fn() -> Scenario {
    move || twins::scenario(Bad(vice))
}

#[test]
fn who_does_as_it_should() {
    cases::faults::refusals_are_survived(&|| twins::scenario(twins::Twins));
}

#[test]
#[should_panic(expected = "after refusals of seed")]
fn who_gives_up_after_a_failure() {
    cases::faults::refusals_are_survived(&make(Vice::GivesUp));
}

#[test]
#[should_panic(expected = "the world does not come to rest")]
fn who_writes_again_and_again() {
    cases::rest::the_world_comes_to_rest(&make(Vice::Restless));
}

#[test]
#[should_panic(expected = "(writes, reads) in an hour of rest")]
fn who_polls() {
    cases::rest::an_idle_controller_asks_nothing(&make(Vice::Polls));
}

#[test]
#[should_panic(expected = "tasks are left over")]
fn who_leaves_tasks_behind() {
    cases::rest::a_dropped_controller_asks_nothing(&make(Vice::Leaks));
}

#[test]
#[should_panic(expected = "it writes after a restart")]
fn who_writes_what_is_there() {
    cases::restarts::a_restart_at_rest_changes_nothing(&make(Vice::WritesBlindly));
}

#[test]
#[should_panic(expected = "after a crash after change")]
fn who_makes_doubles_and_takes_them_back() {
    cases::restarts::a_crash_after_any_change_makes_no_doubles(&make(Vice::TriesOut));
}

#[test]
#[should_panic(expected = "two runs of one seed part ways")]
fn who_draws_from_elsewhere() {
    cases::seeds::the_same_seed_gives_the_same_history(&make(Vice::Draws));
}

#[test]
#[should_panic(expected = "was deleted the world is another one")]
fn who_does_not_look_after_what_it_made() {
    cases::deletions::what_is_taken_away_comes_back(&make(Vice::Neglects));
}
