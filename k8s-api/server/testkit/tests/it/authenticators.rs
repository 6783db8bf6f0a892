use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;

use k8s_api::UserInfo;
use k8s_api_server::http::Authenticator;
use k8s_api_server_testkit::{Authenticating, Case, Time, run};
use parking_lot::Mutex;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Defect {
    None,
    KnowsEachOnce,
    RemembersTheLastOne,
    ComparesTheBeginning,
    ComparesCaseBlindly,
    PanicsWithoutADot,
    LetsTheEmptyIn,
    TakesSomeForNobody,
}

#[derive(Debug)]
struct Tokens {
    defect: Defect,
    last: Mutex<Option<String>>,
}

fn known() -> [(&'static str, UserInfo); 2] {
    [("alices.Token", UserInfo::new("alice", &["dev"])), ("bobs.Token", UserInfo::new("bob", &[]))]
}

impl Authenticator for Tokens {
    fn token(&self, token: &str) -> Option<UserInfo> {
        let mut token = token.to_owned();
        match self.defect {
            Defect::KnowsEachOnce if self.last.lock().replace(token.clone()).as_ref() == Some(&token) => return None,
            Defect::RemembersTheLastOne => {
                *self.last.lock() = Some(token);
                // Long enough for another thread to come in between.
                std::thread::sleep(std::time::Duration::from_micros(50));
                token = self.last.lock().clone()?;
            }
            Defect::PanicsWithoutADot => drop(token.split_once('.').unwrap()),
            Defect::LetsTheEmptyIn if token.is_empty() => return Some(UserInfo::new("empty", &[])),
            _ => {}
        }
        let is = |known: &str| match self.defect {
            Defect::ComparesTheBeginning => token.starts_with(known),
            Defect::ComparesCaseBlindly => known.eq_ignore_ascii_case(&token),
            _ => known == token,
        };
        let (_, user) = known().into_iter().find(|(known, _)| is(known))?;
        let nobody = self.defect == Defect::TakesSomeForNobody;
        Some(if nobody { UserInfo::anonymous() } else { user })
    }
}

fn subject(defect: Defect) -> Authenticating {
    let tokens = Authenticating::new(Tokens { defect, last: Mutex::default() });
    let user = |user: UserInfo| if defect == Defect::TakesSomeForNobody { UserInfo::anonymous() } else { user };
    known().into_iter().fold(tokens, |subject, (token, known)| subject.knows(token, user(known)))
}

type Check = Box<dyn Fn(Authenticating) -> Pin<Box<dyn Future<Output = ()>>>>;

fn caught_by(defect: Defect) -> Vec<&'static str> {
    let checks: Vec<(Case, Check)> = k8s_api_server_testkit::__authenticator_cases! { __checks, (Check) };
    let fails = |(case, check): &(Case, Check)| {
        let run = || run(Time::Simulated, *case, || async { subject(defect) }, check);
        catch_unwind(AssertUnwindSafe(run)).is_err().then_some(case.name)
    };
    checks.iter().filter_map(fails).collect()
}

#[test]
fn every_defect_is_caught_by_its_case() {
    assert_eq!(caught_by(Defect::None), [""; 0]);
    for (defect, case) in [
        (Defect::KnowsEachOnce, "a_known_token_is_its_users"),
        (Defect::RemembersTheLastOne, "many_tokens_have_their_own_users"),
        (Defect::ComparesTheBeginning, "a_token_is_known_as_a_whole"),
        (Defect::ComparesCaseBlindly, "a_token_is_known_as_a_whole"),
        (Defect::PanicsWithoutADot, "garbage_is_nobodys_token"),
        (Defect::LetsTheEmptyIn, "garbage_is_nobodys_token"),
        (Defect::TakesSomeForNobody, "whoever_is_known_is_somebody"),
    ] {
        let caught = caught_by(defect);
        println!("{defect:?}: caught by {}", caught.join(", "));
        assert!(caught.contains(&case), "{defect:?} escapes {case}: {caught:?}");
    }
}
