use k8s_api::UserInfo;
use k8s_api_server::http::TokenFile;
use k8s_api_server_testkit::Authenticating;

mod token_file {
    use super::{Authenticating, TokenFile, UserInfo};

    k8s_api_server_testkit::authenticator_conformance!(simulated: || async {
        let bare = UserInfo { name: "bob".to_owned(), groups: vec!["dev".to_owned()], ..UserInfo::default() };
        let users = [("admins-Token", UserInfo::admin()), ("alices", UserInfo::new("alice", &["dev"])), ("bobs", bare)];
        let file = users.iter().fold(TokenFile::new(), |file, (token, user)| file.with(*token, user.clone()));
        users.into_iter().fold(Authenticating::new(file), |known, (token, user)| known.knows(token, user))
    });
}
