use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use k8s_api::{GroupVersionResource, UserInfo};
use k8s_api_client::Target;
use k8s_api_server::admission::Lookup;
use k8s_api_server::authorize::{Action, AllowAll, Authorizer, Decision};
use k8s_api_server_testkit::{Authorizing, Case, Time, run};
use k8s_openapi::api::authorization::v1::SubjectRulesReviewStatus;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Defect {
    None,
    ChangesItsMind,
    DeniesEverything,
    PanicsWithoutGroups,
    ComparesQueriesToo,
    AllowsWhenItCannotRead,
    ListsNothing,
    ListsEverything,
    ConfusesTheirQuestions,
    StaysLockedWhenDropped,
}

/// Whoever has a config map of their name may do everything, but for the path `/secret`.
#[derive(Debug)]
struct ByMap {
    defect: Defect,
    asked: AtomicUsize,
    locked: AtomicBool,
    last: parking_lot::Mutex<String>,
}

#[async_trait]
impl Authorizer for ByMap {
    async fn authorize(&self, user: &UserInfo, action: &Action<'_>, cluster: &dyn Lookup) -> Decision {
        let asked = self.asked.fetch_add(1, Ordering::SeqCst);
        let mut name = user.name.clone();
        match self.defect {
            Defect::ChangesItsMind if asked % 7 == 6 => return Decision::Deny(String::new()),
            Defect::DeniesEverything => return Decision::Deny(String::new()),
            Defect::PanicsWithoutGroups => assert!(!user.groups.is_empty(), "somebody without groups"),
            Defect::ConfusesTheirQuestions => {
                self.last.lock().clone_from(&name);
                yield_now().await;
                name.clone_from(&self.last.lock());
            }
            Defect::StaysLockedWhenDropped if self.locked.swap(true, Ordering::SeqCst) => {
                return Decision::Deny("locked".to_owned());
            }
            _ => {}
        }
        let path = match action.target {
            Target::Path(path) if self.defect == Defect::ComparesQueriesToo => path.as_str(),
            Target::Path(path) => path.split('?').next().unwrap_or_default(),
            Target::Resource(_) => "",
        };
        let maps = GroupVersionResource::new("", "v1", "configmaps");
        let found = cluster.get(&maps, "default", &name).await;
        self.locked.store(false, Ordering::SeqCst);
        match found {
            Err(_) if self.defect == Defect::AllowsWhenItCannotRead => Decision::Allow(String::new()),
            Ok(Some(_)) if path != "/secret" => Decision::Allow(String::new()),
            Ok(_) | Err(_) => Decision::Deny("no map".to_owned()),
        }
    }

    async fn rules(&self, user: &UserInfo, namespace: &str, cluster: &dyn Lookup) -> SubjectRulesReviewStatus {
        match self.defect {
            Defect::ListsNothing => SubjectRulesReviewStatus::default(),
            Defect::ListsEverything => AllowAll.rules(user, namespace, cluster).await,
            _ => SubjectRulesReviewStatus { incomplete: true, ..SubjectRulesReviewStatus::default() },
        }
    }
}

fn subject(defect: Defect) -> Authorizing {
    let by_map = ByMap {
        defect,
        asked: AtomicUsize::default(),
        locked: AtomicBool::default(),
        last: parking_lot::Mutex::default(),
    };
    Authorizing::new(by_map)
        .given("{apiVersion: v1, kind: ConfigMap, metadata: {name: alice}}")
        .allows("alice list pods in default")
        .allows("alice get /version")
        .denies("bob list pods in default")
        .denies("alice get /secret")
        .denies("bob get /version")
}

type Check = Box<dyn Fn(Authorizing) -> Pin<Box<dyn Future<Output = ()>>>>;

fn caught_by(defect: Defect) -> Vec<&'static str> {
    let checks: Vec<(Case, Check)> = k8s_api_server_testkit::__authorizer_cases! { __checks, (Check) };
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
        (Defect::ChangesItsMind, "the_same_question_has_the_same_answer"),
        (Defect::DeniesEverything, "it_decides_as_its_author_says"),
        (Defect::PanicsWithoutGroups, "every_question_has_an_answer"),
        (Defect::ComparesQueriesToo, "a_query_opens_no_path"),
        (Defect::AllowsWhenItCannotRead, "a_cluster_that_fails_grants_nothing"),
        (Defect::ListsNothing, "rules_tell_what_is_allowed"),
        (Defect::ListsEverything, "rules_tell_no_more"),
        (Defect::ConfusesTheirQuestions, "many_questions_have_their_own_answers"),
        (Defect::StaysLockedWhenDropped, "a_dropped_question_harms_nobody"),
    ] {
        let caught = caught_by(defect);
        println!("{defect:?}: caught by {}", caught.join(", "));
        assert!(caught.contains(&case), "{defect:?} escapes {case}: {caught:?}");
    }
}

/// Lets the others go first.
async fn yield_now() {
    let mut first = true;
    std::future::poll_fn(|cx| {
        if !std::mem::take(&mut first) {
            return std::task::Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}
