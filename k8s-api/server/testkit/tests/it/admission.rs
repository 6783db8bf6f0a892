use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use k8s_api::{AnyObject, GroupVersionResource, Reason, Status};
use k8s_api_server::admission::{Admission, AdmissionRequest, Lookup, Operation};
use k8s_api_server_testkit::{Admitting, Case, Time, run};
use k8s_openapi::api::core::v1::ConfigMap;
use parking_lot::Mutex;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Defect {
    None,
    HandlesByMood,
    MarksEveryKind,
    TakesEveryBodyForAMap,
    MarksAgainAndAgain,
    CountsWhatItAdmits,
    CountsWhatItValidates,
    CountsDryRuns,
    FindsItsOwnMarkWrong,
    RefusesWithoutAReason,
    RefusesWhenItCannotRead,
    ConfusesWrites,
    StaysLockedWhenDropped,
    AcceptsEverything,
}

/// Marks each new config map with what the map `marks` says, and refuses those that are called `bad`.
#[derive(Debug)]
struct Marks {
    defect: Defect,
    counted: AtomicUsize,
    locked: AtomicBool,
    last: Mutex<String>,
}

const MARK: &str = "example.org/mark";

impl Marks {
    fn refuse(&self, request: &AdmissionRequest<'_>, why: &str) -> Status {
        match self.defect {
            Defect::RefusesWithoutAReason => Status::failure(500, Reason::Unknown, "no"),
            _ => request.forbid(why),
        }
    }

    fn count(&self, request: &AdmissionRequest<'_>) -> Result<(), Status> {
        let many = self.counted.fetch_add(1, Ordering::SeqCst) >= 2;
        if many { Err(request.forbid("that is one too many")) } else { Ok(()) }
    }

    async fn mark(&self, request: &AdmissionRequest<'_>, cluster: &dyn Lookup) -> Result<String, Status> {
        if self.defect == Defect::StaysLockedWhenDropped && self.locked.swap(true, Ordering::SeqCst) {
            return Err(request.forbid("locked"));
        }
        let maps = GroupVersionResource::new("", "v1", "configmaps");
        let found = cluster.get(&maps, "default", "marks").await;
        self.locked.store(false, Ordering::SeqCst);
        match found {
            Err(_) if self.defect == Defect::RefusesWhenItCannotRead => Err(request.forbid("there are no marks")),
            found => Ok(found?.map_or_else(String::new, |marks| marks.meta().uid.clone())),
        }
    }
}

#[async_trait]
impl Admission for Marks {
    fn name(&self) -> &'static str {
        "Marks"
    }

    fn handles(&self, request: &AdmissionRequest<'_>) -> bool {
        match self.defect {
            Defect::HandlesByMood => self.counted.fetch_add(1, Ordering::SeqCst) % 3 != 2,
            Defect::MarksEveryKind => request.operation == Operation::Create,
            _ => request.is(Operation::Create, "", "configmaps"),
        }
    }

    async fn admit(
        &self,
        request: &AdmissionRequest<'_>,
        object: Option<&mut dyn AnyObject>,
        cluster: &dyn Lookup,
    ) -> Result<(), Status> {
        let Some(object) = object else { return Ok(()) };
        match self.defect {
            Defect::CountsWhatItAdmits => self.count(request)?,
            Defect::CountsDryRuns if request.dry_run => self.count(request)?,
            Defect::TakesEveryBodyForAMap => drop(object.as_any().downcast_ref::<ConfigMap>().unwrap()),
            _ => {}
        }
        let mut mark = self.mark(request, cluster).await?;
        if self.defect == Defect::ConfusesWrites {
            let mine = format!("{mark}{}", self.counted.fetch_add(1, Ordering::SeqCst) % 2);
            self.last.lock().clone_from(&mine);
            yield_now().await;
            // Alone it is what it was; among many it is somebody else's.
            if *self.last.lock() != mine {
                "another".clone_into(&mut mark);
            }
        }
        if !object.as_any().is::<ConfigMap>() && self.defect != Defect::MarksEveryKind {
            return Ok(());
        }
        let marks = object.meta_mut().annotations.get_or_insert_default().entry(MARK.to_owned()).or_default();
        match self.defect {
            Defect::MarksAgainAndAgain => marks.push('!'),
            _ => *marks = mark,
        }
        Ok(())
    }

    async fn validate(
        &self,
        request: &AdmissionRequest<'_>,
        object: Option<&dyn AnyObject>,
        _: &dyn Lookup,
    ) -> Result<(), Status> {
        let Some(object) = object else { return Ok(()) };
        if self.defect == Defect::CountsWhatItValidates {
            self.count(request)?;
        }
        let marked = object.meta().annotations.as_ref().is_some_and(|all| all.contains_key(MARK));
        if self.defect == Defect::FindsItsOwnMarkWrong && marked {
            return Err(request.forbid("somebody has marked it"));
        }
        if object.meta().name.as_deref() == Some("bad") && self.defect != Defect::AcceptsEverything {
            return Err(self.refuse(request, "bad maps are not wanted"));
        }
        Ok(())
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

fn subject(defect: Defect) -> Admitting {
    let marks =
        Marks { defect, counted: AtomicUsize::default(), locked: AtomicBool::default(), last: Mutex::default() };
    Admitting::new(Arc::new(marks))
        .given("{apiVersion: v1, kind: ConfigMap, metadata: {name: marks}}")
        .accepts("create", "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}")
        .refuses("create", "{apiVersion: v1, kind: ConfigMap, metadata: {name: bad}}")
}

type Check = Box<dyn Fn(Admitting) -> Pin<Box<dyn Future<Output = ()>>>>;

fn caught_by(defect: Defect) -> Vec<&'static str> {
    let checks: Vec<(Case, Check)> = k8s_api_server_testkit::__admission_cases! { __checks, (Check) };
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
        (Defect::HandlesByMood, "it_always_knows_what_it_handles"),
        (Defect::MarksEveryKind, "what_is_foreign_is_left_alone"),
        (Defect::TakesEveryBodyForAMap, "a_body_of_another_type_is_survived"),
        (Defect::MarksAgainAndAgain, "admitting_twice_is_admitting_once"),
        (Defect::CountsWhatItAdmits, "the_same_write_has_the_same_outcome"),
        (Defect::CountsWhatItValidates, "validation_repeats_itself"),
        (Defect::CountsDryRuns, "a_dry_run_leaves_no_trace"),
        (Defect::FindsItsOwnMarkWrong, "what_was_admitted_is_valid"),
        (Defect::RefusesWithoutAReason, "a_refusal_says_why"),
        (Defect::RefusesWhenItCannotRead, "a_cluster_that_fails_refuses_nothing"),
        (Defect::ConfusesWrites, "many_writes_have_their_own_outcomes"),
        (Defect::StaysLockedWhenDropped, "a_dropped_write_harms_nobody"),
        (Defect::AcceptsEverything, "the_server_heeds_every_plugin"),
    ] {
        let caught = caught_by(defect);
        println!("{defect:?}: caught by {}", caught.join(", "));
        assert!(caught.contains(&case), "{defect:?} escapes {case}: {caught:?}");
    }
}
