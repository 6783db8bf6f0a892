//! Promises 7 to 10: authenticators.

use std::sync::Arc;
use std::thread;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use k8s_api::UserInfo;
use k8s_api_server::ApiServer;
use k8s_api_server::http::HttpService;
use k8s_env::Env;
use k8s_store::Memory;
use serde_json::{Value, json};
use tower::Service;

use crate::Authenticating;
use crate::subject::Shared;

/// Each time it is shown.
pub async fn a_known_token_is_its_users(subject: Authenticating) {
    assert!(subject.known.len() > 1, "two tokens at least must be known");
    for round in 0..3 {
        for (token, user) in &subject.known {
            for time in ["first", "second"] {
                let found = subject.authenticator.token(token);
                assert_eq!(found.as_ref(), Some(user), "in round {round} for the {time} time");
            }
        }
    }
}

/// Also when many threads show theirs at once.
pub async fn many_tokens_have_their_own_users(subject: Authenticating) {
    thread::scope(|scope| {
        for offset in 0..4 {
            let subject = &subject;
            scope.spawn(move || {
                for i in 0..2_000 {
                    let (token, user) = &subject.known[(i + offset) % subject.known.len()];
                    assert_eq!(subject.authenticator.token(token).as_ref(), Some(user));
                }
            });
        }
    });
}

impl Authenticating {
    fn knows_token(&self, token: &str) -> bool {
        self.known.iter().any(|(known, _)| known == token)
    }
}

/// No part of it will do, nor more than it, nor the same in capitals.
pub async fn a_token_is_known_as_a_whole(subject: Authenticating) {
    let mut near = Vec::new();
    for (token, user) in &subject.known {
        let chars: Vec<char> = token.chars().collect();
        near.extend((0..chars.len()).map(|n| chars[..n].iter().collect::<String>()));
        near.extend((1..chars.len()).map(|n| chars[n..].iter().collect::<String>()));
        near.extend([format!("{token}x"), format!("x{token}"), format!("{token} "), format!(" {token}")]);
        near.extend([format!("{token}\0"), format!("{token}{token}"), format!("Bearer {token}"), format!("{token}.")]);
        near.extend([token.to_uppercase(), token.to_lowercase(), chars.iter().rev().collect(), user.name.clone()]);
    }
    for token in near.iter().filter(|token| !subject.knows_token(token)) {
        assert_eq!(subject.authenticator.token(token), None, "{token:?} is nobody's");
    }
}

/// Whatever it is, it is nobody's, and nothing breaks.
pub async fn garbage_is_nobodys_token(subject: Authenticating) {
    let long = "a.".repeat(500_000);
    let garbage = [
        "",
        " ",
        "\0",
        "\n",
        "Bearer",
        "Basic YTpi",
        "a:b",
        "..",
        "...",
        "a.b.c",
        "e30.e30.",
        "e30.e30.e30",
        "=.=.=",
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJzeXN0ZW06YWRtaW4ifQ.",
        "ünïcode",
        "☃.☃.☃",
        "system:admin",
        "null",
        "{}",
        "' OR 1=1 --",
        "../../etc/passwd",
        "%00",
        &long,
    ];
    for token in garbage.iter().filter(|token| !subject.knows_token(token)) {
        assert_eq!(subject.authenticator.token(token), None, "{:?} is nobody's", token.get(..40).unwrap_or(token));
    }
    for (token, user) in &subject.known {
        assert_eq!(subject.authenticator.token(token).as_ref(), Some(user), "after garbage");
    }
}

/// With a name, and not with those of nobody.
pub async fn whoever_is_known_is_somebody(subject: Authenticating) {
    for (token, _) in &subject.known {
        let user = subject.authenticator.token(token).unwrap();
        assert!(!user.name.is_empty() && user.name != UserInfo::anonymous().name, "{user:?}");
        assert!(!user.is_in("system:unauthenticated"), "{user:?}");
    }
}

async fn service(subject: &Authenticating) -> HttpService {
    let server = match &subject.server {
        Some(server) => server.clone(),
        None => ApiServer::builder(Arc::new(Memory::new()), Env::simulated(1)).rbac().start().await.unwrap(),
    };
    server.http(Shared(subject.authenticator.clone()))
}

/// What the server says to somebody who asks who they are.
async fn who_am_i(service: &mut HttpService, token: &str) -> (u16, Value) {
    let review = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
    let request = http::Request::post("/apis/authentication.k8s.io/v1/selfsubjectreviews")
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {token}"))
        .body(Full::new(Bytes::from(review.to_string())));
    let answer = service.call(request.unwrap()).await.unwrap();
    let code = answer.status().as_u16();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (code, serde_json::from_slice(&body).unwrap())
}

/// With their groups, and with that of all who are known.
pub async fn the_server_knows_whom_it_knows(subject: Authenticating) {
    let mut service = service(&subject).await;
    for (token, user) in &subject.known {
        let (code, review) = who_am_i(&mut service, token).await;
        assert_eq!(code, 201, "{review}");
        let told = &review["status"]["userInfo"];
        assert_eq!(told["username"], user.name.as_str());
        let groups: Vec<_> = told["groups"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert!(user.groups.iter().all(|group| groups.contains(&group.as_str())), "{user:?}: {groups:?}");
        assert_eq!(groups.iter().filter(|group| **group == "system:authenticated").count(), 1, "{groups:?}");
    }
}

/// With 401; nobody is let in as somebody whom nobody knows.
pub async fn the_server_turns_strangers_away(subject: Authenticating) {
    let mut service = service(&subject).await;
    for token in ["nobodys", "a.b.c"].iter().filter(|token| !subject.knows_token(token)) {
        let (code, status) = who_am_i(&mut service, token).await;
        assert_eq!((code, &status["kind"], &status["reason"]), (401, &"Status".into(), &"Unauthorized".into()));
    }
}
