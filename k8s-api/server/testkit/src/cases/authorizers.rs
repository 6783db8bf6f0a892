//! Promises 1 to 6: authorizers.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use k8s_api::{Reason, UserInfo};
use k8s_api_client::{Call, Client, ListOptions, ResourceTarget, Target};
use k8s_api_server::ApiServer;
use k8s_api_server::admission::{AdmissionChain, Lookup};
use k8s_api_server::authorize::{Action, Authorizer, Decision};
use k8s_env::Env;
use k8s_openapi::api::authorization::v1::SubjectRulesReviewStatus;
use k8s_store::Memory;

use crate::cluster::Cluster;
use crate::lookup::{Failing, Silent};
use crate::{Authorizing, Question};

/// Runs a case with the cluster as the authorizer sees it.
async fn judge(
    subject: Authorizing,
    case: impl for<'a> FnOnce(Arc<Authorizing>, &'a dyn Lookup) -> BoxFuture<'a, ()> + Send + 'static,
) {
    let cluster = Cluster::with(&subject.given, None).await;
    let subject = Arc::new(subject);
    cluster.look(move |lookup| case(subject, lookup)).await;
}

impl Authorizing {
    async fn decide(&self, question: &Question, cluster: &dyn Lookup) -> Decision {
        self.authorizer.authorize(&question.user, &question.action(), cluster).await
    }

    async fn may(&self, question: &Question, cluster: &dyn Lookup) -> bool {
        matches!(self.decide(question, cluster).await, Decision::Allow(_))
    }

    fn questions(&self) -> impl Iterator<Item = (&Question, bool)> {
        self.allowed.iter().map(|question| (question, true)).chain(self.denied.iter().map(|question| (question, false)))
    }

    async fn check(&self, cluster: &dyn Lookup, when: &str) {
        for (question, allowed) in self.questions() {
            assert_eq!(self.may(question, cluster).await, allowed, "{question}, {when}");
        }
    }
}

/// Yes and no.
pub async fn it_decides_as_its_author_says(subject: Authorizing) {
    assert!(subject.questions().next().is_some(), "its author has said nothing");
    judge(subject, |subject, cluster| async move { subject.check(cluster, "at first").await }.boxed()).await;
}

/// With the same reason, whatever is asked in between.
pub async fn the_same_question_has_the_same_answer(subject: Authorizing) {
    judge(subject, |subject, cluster| {
        async move {
            let mut first = Vec::new();
            for (question, _) in subject.questions() {
                first.push(subject.decide(question, cluster).await);
            }
            for round in 0..5 {
                for ((question, _), decision) in subject.questions().zip(&first) {
                    assert_eq!(&subject.decide(question, cluster).await, decision, "{question}, in round {round}");
                }
                for odd in oddities() {
                    subject.decide(&odd, cluster).await;
                }
            }
        }
        .boxed()
    })
    .await;
}

/// Nobody in particular, nothing in particular, and what nobody would ask.
fn oddities() -> Vec<Question> {
    let long = "x".repeat(100_000);
    let texts = [
        "system:anonymous get /".to_owned(),
        "system:anonymous get /healthz?verbose".to_owned(),
        "a list pods".to_owned(),
        "a get pods/log in b named c".to_owned(),
        "a impersonate users named system:admin".to_owned(),
        "a impersonate userextras.authentication.k8s.io/scopes named x".to_owned(),
        "a * *.* in *".to_owned(),
        "a[*,system:,] get *".to_owned(),
        "system:node: get nodes".to_owned(),
        "system:node:[system:nodes] update nodes named x".to_owned(),
        "system:serviceaccount: get secrets".to_owned(),
        "ä get pöds in dëfault named ☃".to_owned(),
        format!("{long} {long} {long} in {long} named {long}"),
    ];
    let mut odd: Vec<Question> = texts.iter().map(|text| text.parse().unwrap()).collect();
    let nobody = odd[2].by(UserInfo::default());
    odd.push(nobody.about(Target::Path(String::new())));
    odd.push(nobody.about(Target::Resource(ResourceTarget::default())));
    odd.push(nobody);
    odd
}

/// It is a yes or a no, and so are the rules of whoever asks.
pub async fn every_question_has_an_answer(subject: Authorizing) {
    judge(subject, |subject, cluster| {
        async move {
            for odd in oddities() {
                let decision = subject.decide(&odd, cluster).await;
                assert_eq!(subject.decide(&odd, cluster).await, decision, "{}", odd.user.name.len());
                subject.authorizer.rules(&odd.user, "default", cluster).await;
            }
            subject.check(cluster, "after odd questions").await;
        }
        .boxed()
    })
    .await;
}

/// What comes behind a question mark is no part of the path that is asked about.
pub async fn a_query_opens_no_path(subject: Authorizing) {
    judge(subject, |subject, cluster| {
        async move {
            for (question, allowed) in subject.questions() {
                let Target::Path(path) = &question.target else { continue };
                for query in ["?", "?timeout=3s", "?/healthz", "?x=/api&watch"] {
                    let asked = question.about(Target::Path(format!("{path}{query}")));
                    assert_eq!(subject.may(&asked, cluster).await, allowed, "{asked}");
                }
            }
        }
        .boxed()
    })
    .await;
}

/// Whoever is denied is denied all the more when nothing can be read; when it can be again, all is as before.
pub async fn a_cluster_that_fails_grants_nothing(subject: Authorizing) {
    judge(subject, |subject, cluster| {
        async move {
            for round in ["before anything was read", "after all was read"] {
                for (question, allowed) in subject.questions() {
                    let granted = subject.may(question, &Failing).await;
                    assert!(allowed || !granted, "{question}, of a cluster that fails, {round}");
                    subject.authorizer.rules(&question.user, "default", &Failing).await;
                }
                subject.check(cluster, "after a failure").await;
            }
        }
        .boxed()
    })
    .await;
}

/// Or admit that they are not all.
pub async fn rules_tell_what_is_allowed(subject: Authorizing) {
    judge(subject, |subject, cluster| {
        async move {
            for question in &subject.allowed {
                let rules = subject.authorizer.rules(&question.user, namespace(question), cluster).await;
                assert!(rules.incomplete || covers(&rules, question), "{question}: not in {rules:?}");
            }
        }
        .boxed()
    })
    .await;
}

/// What they tell is allowed.
pub async fn rules_tell_no_more(subject: Authorizing) {
    judge(subject, |subject, cluster| {
        async move {
            for question in &subject.denied {
                // Rules are told of one namespace; what holds there need not hold outside.
                if namespace(question).is_empty() && matches!(question.target, Target::Resource(_)) {
                    continue;
                }
                let rules = subject.authorizer.rules(&question.user, namespace(question), cluster).await;
                assert!(!covers(&rules, question), "{question}: in {rules:?}");
            }
        }
        .boxed()
    })
    .await;
}

fn namespace(question: &Question) -> &str {
    match &question.target {
        Target::Resource(target) => &target.namespace,
        Target::Path(_) => "default",
    }
}

/// Whether the rules allow what is asked for, as upstream reads them.
fn covers(rules: &SubjectRulesReviewStatus, question: &Question) -> bool {
    let has = |list: &[String], word: &str| list.iter().any(|entry| entry == "*" || entry == word);
    let list = |list: &Option<Vec<String>>| list.clone().unwrap_or_default();
    match &question.target {
        Target::Path(path) => rules.non_resource_rules.iter().any(|rule| {
            let covered = list(&rule.non_resource_urls).iter().any(|url| match url.strip_suffix('*') {
                Some(prefix) => path.starts_with(prefix),
                None => url == path,
            });
            covered && has(&rule.verbs, &question.verb)
        }),
        Target::Resource(target) => rules.resource_rules.iter().any(|rule| {
            let (resource, part) = (&*target.resource.resource, target.subresource.as_str());
            let whole = if part.is_empty() { resource.to_owned() } else { format!("{resource}/{part}") };
            let any = format!("*/{part}");
            let resources = list(&rule.resources);
            has(&rule.verbs, &question.verb)
                && has(&list(&rule.api_groups), &target.resource.group)
                && (has(&resources, &whole) || !part.is_empty() && resources.contains(&any))
                && (list(&rule.resource_names).is_empty() || list(&rule.resource_names).contains(&target.name))
        }),
    }
}

/// As if each had been asked alone.
pub async fn many_questions_have_their_own_answers(subject: Authorizing) {
    judge(subject, |subject, cluster| {
        async move {
            let subject = &subject;
            let asked = (0..20).flat_map(|_| subject.questions()).map(|(question, allowed)| async move {
                yield_now().await;
                (question, allowed, subject.may(question, cluster).await)
            });
            let answers = join_all(asked).await;
            for (question, allowed, answer) in answers {
                assert_eq!(answer, allowed, "{question}, among many");
            }
        }
        .boxed()
    })
    .await;
}

/// Lets the others go first.
async fn yield_now() {
    let mut first = true;
    futures_util::future::poll_fn(|cx| {
        if !std::mem::take(&mut first) {
            return std::task::Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}

/// In the midst of reading a cluster that does not answer.
pub async fn a_dropped_question_harms_nobody(subject: Authorizing) {
    judge(subject, |subject, cluster| {
        async move {
            for round in ["before anything was read", "after all was read"] {
                for (question, allowed) in subject.questions() {
                    let answer = subject.may(question, &Silent).now_or_never();
                    assert!(allowed || answer != Some(true), "{question}, of a cluster that says nothing, {round}");
                    subject.authorizer.rules(&question.user, "default", &Silent).now_or_never();
                }
                subject.check(cluster, "after dropped questions").await;
            }
        }
        .boxed()
    })
    .await;
}

/// Who is denied gets 403, with the reason if there is one; who is allowed gets an answer or hears that there is none.
pub async fn the_server_abides_by_it(subject: Authorizing) {
    let store = Arc::new(Memory::new());
    let seeding = ApiServer::builder(store.clone(), Env::simulated(1)).admission(AdmissionChain::none());
    let seeding = seeding.start().await.unwrap();
    for manifest in &subject.given {
        seeding.client_as(UserInfo::admin()).apply(manifest).await.unwrap();
    }
    seeding.stop().await;
    let server = ApiServer::builder(store, Env::simulated(2)).authorizer(Behind(subject.authorizer.clone()));
    let server = server.start().await.unwrap();
    for (question, allowed) in subject.questions() {
        let Some(outcome) = ask(&server.client_as(question.user.clone()), question).await else { continue };
        match outcome {
            Err(status) if status.code == 403 => {
                assert!(!allowed, "{question}: {status}");
                assert_eq!(status.reason, Reason::Forbidden);
                assert!(status.message.contains(&question.user.name), "{status:?}");
            }
            other => assert!(allowed, "{question}: {other:?}"),
        }
    }
}

/// Asks for it, if it is a read; whatever comes.
async fn ask(client: &Client, question: &Question) -> Option<Result<(), k8s_api::Status>> {
    Some(match (&question.target, question.verb.as_str()) {
        (Target::Path(path), "get") => client.get_path(path).await.map(drop),
        (Target::Resource(target), "get") if target.subresource.is_empty() => {
            client.call(target.clone(), Call::Get { resource_version: String::new() }).await.map(drop)
        }
        (Target::Resource(target), "list") => {
            client.call(target.clone(), Call::List(ListOptions::default())).await.map(drop)
        }
        _ => return None,
    })
}

/// The authorizer, for all but the server itself, which makes its own objects at the start.
#[derive(Debug)]
struct Behind(Arc<dyn Authorizer>);

#[async_trait::async_trait]
impl Authorizer for Behind {
    async fn authorize(&self, user: &UserInfo, action: &Action<'_>, cluster: &dyn Lookup) -> Decision {
        if user.name == UserInfo::apiserver().name {
            return Decision::Allow(String::new());
        }
        self.0.authorize(user, action, cluster).await
    }

    async fn rules(&self, user: &UserInfo, namespace: &str, cluster: &dyn Lookup) -> SubjectRulesReviewStatus {
        self.0.rules(user, namespace, cluster).await
    }
}
