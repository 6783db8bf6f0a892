//! Paths that are of no version of a group.

use k8s_api::registry::Group;

use super::{Answer, JSON, Operation, PathItem, ROOT, meta, name};

/// `/api/`, `/apis/` and what the server says of itself, each with the name of its document in OpenAPI v3.
pub(crate) fn root_paths() -> Vec<(&'static str, PathItem)> {
    let versions = |path: &str, tag: &str, id: &str, ty: &str| {
        let operation = get(id.to_owned(), "get available API versions", tag, ROOT, ROOT, Answer::Type(meta(ty)));
        PathItem::new(path.to_owned(), "", &[], vec![operation])
    };
    let text = |path: &str, tag: &str, id: &str, description: &str, produces: &'static [&'static str]| {
        let operation = get(id.to_owned(), description, tag, &[], produces, Answer::String);
        PathItem::new(path.to_owned(), "", &[], vec![operation])
    };
    let info = Answer::Type("io.k8s.apimachinery.pkg.version.Info".to_owned());
    let version =
        get("getCodeVersion".into(), "get the version information for this server", "version", JSON, JSON, info);
    vec![
        (
            ".well-known/openid-configuration",
            text(
                "/.well-known/openid-configuration/",
                "WellKnown",
                "getServiceAccountIssuerOpenIDConfiguration",
                "get service account issuer OpenID configuration, also known as the 'OIDC discovery doc'",
                JSON,
            ),
        ),
        ("api", versions("/api/", "core", "getCoreAPIVersions", "APIVersions")),
        ("apis", versions("/apis/", "apis", "getAPIVersions", "APIGroupList")),
        (
            "openid/v1/jwks",
            text(
                "/openid/v1/jwks/",
                "openid",
                "getServiceAccountIssuerOpenIDKeyset",
                "get service account issuer OpenID JSON Web Key Set (contains public token verification keys)",
                &["application/jwk-set+json"],
            ),
        ),
        ("version", PathItem::new("/version/".to_owned(), "", &[], vec![version])),
    ]
}

/// `/apis/GROUP/`.
pub(crate) fn group_path(group: &Group) -> PathItem {
    let id = format!("get{}APIGroup", name::group_word(&group.name));
    let tag = name::group_tag(&group.name);
    let operation = get(id, "get information of a group", &tag, ROOT, ROOT, Answer::Type(meta("APIGroup")));
    PathItem::new(format!("/apis/{}/", group.name), "", &[], vec![operation])
}

pub(super) fn get(
    id: String,
    description: &str,
    tag: &str,
    consumes: &'static [&'static str],
    produces: &'static [&'static str],
    answer: Answer,
) -> Operation {
    Operation {
        method: "get",
        id,
        description: description.to_owned(),
        tag: tag.to_owned(),
        action: None,
        parameters: Vec::new(),
        body: None,
        consumes,
        produces,
        answer,
        codes: &[200],
    }
}
