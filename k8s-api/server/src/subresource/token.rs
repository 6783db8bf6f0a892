mod bound;

use k8s_api::field::{Error, Path};
use k8s_api::{GroupKind, GroupVersionResource, Object, Status};
use k8s_api_client::{Body, Reply, Response, WriteOptions};
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::SignedDuration;

use crate::core::{Core, Scope};
use crate::tokens::{Bound, Claims, Ref, Subject, Tokens};
use crate::verbs;

const SHORTEST: i64 = 600;
const LONGEST: i64 = 1 << 32;
const USUAL: i64 = 3600;

/// Issues a token of a service account.
///
/// Upstream: `pkg/registry/core/serviceaccount/storage/token.go` and `pkg/apis/authentication/validation`.
pub(super) async fn issue(core: &Core, scope: &Scope<'_>, body: Body, options: &WriteOptions) -> Result<Reply, Status> {
    let (mut request, warnings) = verbs::decode_kind::<TokenRequest>(body, options.field_validation)?;
    names_match(scope, &request)?;
    let account = core.peek(scope.resource, scope.namespace, scope.name).await?;
    let account = account.ok_or_else(|| Status::not_found(scope.resource.gvr(), scope.name))?;
    let uid = request.metadata.uid.get_or_insert_default();
    if uid.is_empty() {
        uid.clone_from(&account.meta().uid);
    }
    if *uid != account.meta().uid {
        let why = format!(
            "the UID in the token request ({uid}) does not match the UID of the service account ({})",
            account.meta().uid
        );
        let request = GroupVersionResource::new("authentication.k8s.io", "v1", "TokenRequest");
        return Err(Status::conflict(&request, scope.name, &why));
    }
    let spec = request.spec.get_or_insert_default();
    let seconds = *spec.expiration_seconds.get_or_insert(USUAL);
    let errors = validate(seconds);
    if !errors.is_empty() {
        return Err(Status::invalid(&kind(), "", &errors));
    }
    let audiences = spec.audiences.get_or_insert_default();
    if audiences.is_empty() {
        audiences.push(Tokens::audience().to_owned());
    }
    let now = core.env.clock.now();
    let expires = now.saturating_add(SignedDuration::from_secs(seconds)).map_err(Status::internal)?;
    let bound = match &spec.bound_object_ref {
        Some(reference) => bound::find(core, scope, reference).await?,
        None => Bound::default(),
    };
    let account = Ref { name: scope.name.to_owned(), uid: account.meta().uid.clone() };
    let token = core.tokens.issue(&Claims {
        audiences,
        issued: now.as_second(),
        expires: expires.as_second(),
        id: &core.env.random.uuid(),
        subject: Subject { namespace: scope.namespace.to_owned(), account, bound },
    })?;
    request.metadata.name = Some(scope.name.to_owned());
    request.metadata.namespace = Some(scope.namespace.to_owned());
    request.metadata.creation_timestamp = Some(Time(now));
    request.status = Some(TokenRequestStatus { token: Some(token), expiration_timestamp: Some(Time(expires)) });
    let body = serde_json::to_vec(&request).map_err(Status::internal)?;
    let object = Object::from_wire(body.into()).map_err(Status::internal)?;
    Ok(Reply { response: Response::Object { object, created: true }, warnings })
}

fn kind() -> GroupKind {
    GroupKind::new("authentication.k8s.io", "TokenRequest")
}

/// Refuses a request that says it is for another account.
fn names_match(scope: &Scope<'_>, request: &TokenRequest) -> Result<(), Status> {
    let meta = &request.metadata;
    let parts = [("name", &meta.name, scope.name), ("namespace", &meta.namespace, scope.namespace)];
    for (part, given, expected) in parts {
        let given = given.as_deref().unwrap_or_default();
        if !given.is_empty() && given != expected {
            let why = format!("must match the service account {part} if specified");
            let error = Error::invalid(&Path::new("metadata").child(part), given, why);
            return Err(Status::invalid(&kind(), scope.name, &[error]));
        }
    }
    Ok(())
}

fn validate(seconds: i64) -> Vec<Error> {
    let path = Path::new("spec");
    let path = path.child("expirationSeconds");
    if seconds < SHORTEST {
        return vec![Error::invalid(&path, seconds, "may not specify a duration less than 10 minutes")];
    }
    if seconds > LONGEST {
        return vec![Error::invalid(&path, seconds, "may not specify a duration larger than 2^32 seconds")];
    }
    Vec::new()
}
