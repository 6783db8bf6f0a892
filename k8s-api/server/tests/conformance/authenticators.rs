use std::sync::Arc;

use k8s_api::{GroupVersionResource, UserInfo};
use k8s_api_client::{Body, Call, MediaType, ResourceTarget, Response, WriteOptions};
use k8s_api_server::ApiServer;
use k8s_api_server::http::TokenFile;
use k8s_api_server_testkit::Authenticating;
use k8s_env::Env;
use k8s_openapi::api::core::v1::ServiceAccount;
use k8s_store::Memory;
use serde_json::{Value, json};

mod token_file {
    use super::{Authenticating, TokenFile, UserInfo};

    k8s_api_server_testkit::authenticator_conformance!(simulated: || async {
        let bare = UserInfo { name: "bob".to_owned(), groups: vec!["dev".to_owned()], ..UserInfo::default() };
        let users = [("admins-Token", UserInfo::admin()), ("alices", UserInfo::new("alice", &["dev"])), ("bobs", bare)];
        let file = users.iter().fold(TokenFile::new(), |file, (token, user)| file.with(*token, user.clone()));
        users.into_iter().fold(Authenticating::new(file), |known, (token, user)| known.knows(token, user))
    });
}

/// The token of a service account, new, and its user.
async fn account(server: &ApiServer, name: &str) -> (String, UserInfo) {
    let admin = server.client_as(UserInfo::admin());
    let mut account = ServiceAccount::default();
    account.metadata.name = Some(name.to_owned());
    let account = admin.namespaced::<ServiceAccount>("default").create(account).await.unwrap();
    let resource = GroupVersionResource::new("", "v1", "serviceaccounts");
    let target = ResourceTarget::object(resource, "default", name).subresource("token");
    let request = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"audiences": []}});
    let body = Body::Encoded(MediaType::Json, request.to_string().into());
    let reply = admin.call(target, Call::Create(body, WriteOptions::default())).await.unwrap();
    let Response::Object { object, .. } = reply.response else { panic!("{:?}", reply.response) };
    let request: Value = serde_json::from_slice(&object.to_json()).unwrap();
    let token = request["status"]["token"].as_str().unwrap().to_owned();
    let mut user = UserInfo::service_account("default", name);
    user.uid = account.metadata.uid.clone().unwrap();
    (token, user)
}

mod account_tokens {
    use super::{ApiServer, Arc, Authenticating, Env, Memory, account};
    use k8s_api_server::http::Authenticator;

    k8s_api_server_testkit::authenticator_conformance!(simulated: || async {
        let builder = ApiServer::builder(Arc::new(Memory::new()), Env::simulated(1)).rbac();
        let server = builder.start().await.unwrap();
        let mut subject = Authenticating::new(server.account_tokens()).of(&server);
        for name in ["robot", "robot-2"] {
            let (token, mut user) = account(&server, name).await;
            // What a token says of itself besides.
            user.extra = server.account_tokens().token(&token).unwrap().extra;
            subject = subject.knows(&token, user);
        }
        subject
    });
}
