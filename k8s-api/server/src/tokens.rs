//! Tokens of service accounts: signed JWTs as upstream's, with its claims.
//!
//! Upstream: `pkg/serviceaccount`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use k8s_api::{Status, UserInfo};
use k8s_env::Env;
use ring::signature::{self, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde_json::{Value, json};

/// The issuer that upstream's kubeadm sets, and the audience of tokens that name none.
const ISSUER: &str = "https://kubernetes.default.svc.cluster.local";

/// Issues and checks the tokens of one cluster.
pub(crate) struct Tokens {
    keys: Ed25519KeyPair,
    env: Env,
}

/// What a token says.
pub(crate) struct Claims<'a> {
    pub(crate) audiences: &'a [String],
    pub(crate) issued: i64,
    pub(crate) expires: i64,
    pub(crate) id: &'a str,
    pub(crate) namespace: &'a str,
    pub(crate) account: &'a str,
    pub(crate) account_uid: &'a str,
    /// Name and uid of the pod that the token is bound to.
    pub(crate) pod: Option<(&'a str, &'a str)>,
}

impl Tokens {
    /// A new key, drawn from the environment.
    pub(crate) fn new(env: Env) -> Result<Self, Status> {
        let mut seed = [0; 32];
        env.random.fill(&mut seed);
        let keys = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(Status::internal)?;
        Ok(Self { keys, env })
    }

    /// The audience of tokens that name none.
    pub(crate) fn audience() -> &'static str {
        ISSUER
    }

    /// The public key, as `/openid/v1/jwks` shows it.
    pub(crate) fn key_set(&self) -> Value {
        let key = URL_SAFE_NO_PAD.encode(self.keys.public_key().as_ref());
        json!({ "keys": [{ "use": "sig", "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "x": key }] })
    }

    /// How to check the tokens, as `/.well-known/openid-configuration` shows it.
    pub(crate) fn configuration(address: &str) -> Value {
        json!({
            "issuer": ISSUER,
            "jwks_uri": format!("https://{address}/openid/v1/jwks"),
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["EdDSA"],
        })
    }

    /// Signs a token.
    pub(crate) fn issue(&self, claims: &Claims<'_>) -> Result<String, Status> {
        let mut kubernetes = json!({
            "namespace": claims.namespace,
            "serviceaccount": { "name": claims.account, "uid": claims.account_uid },
        });
        if let Some((name, uid)) = claims.pod {
            kubernetes["pod"] = json!({ "name": name, "uid": uid });
        }
        let payload = json!({
            "aud": claims.audiences,
            "exp": claims.expires,
            "iat": claims.issued,
            "iss": ISSUER,
            "jti": claims.id,
            "kubernetes.io": kubernetes,
            "nbf": claims.issued,
            "sub": format!("system:serviceaccount:{}:{}", claims.namespace, claims.account),
        });
        let part = |value: &Value| serde_json::to_vec(value).map(|json| URL_SAFE_NO_PAD.encode(json));
        let header = part(&json!({ "alg": "EdDSA", "typ": "JWT" })).map_err(Status::internal)?;
        let signed = format!("{header}.{}", part(&payload).map_err(Status::internal)?);
        let signature = URL_SAFE_NO_PAD.encode(self.keys.sign(signed.as_bytes()));
        Ok(format!("{signed}.{signature}"))
    }

    /// Whose token this is, and for which audiences; `None` when it is none of ours or no longer valid.
    pub(crate) fn check(&self, token: &str) -> Option<(UserInfo, Vec<String>)> {
        let (signed, signature) = token.rsplit_once('.')?;
        let key = UnparsedPublicKey::new(&signature::ED25519, self.keys.public_key().as_ref());
        key.verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).ok()?).ok()?;
        let payload = URL_SAFE_NO_PAD.decode(signed.split_once('.')?.1).ok()?;
        let claims: Value = serde_json::from_slice(&payload).ok()?;
        if claims.get("exp")?.as_i64()? <= self.env.clock.now().as_second() {
            return None;
        }
        let text = |pointer: &str| claims.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let mut user =
            UserInfo::service_account(&text("/kubernetes.io/namespace")?, &text("/kubernetes.io/serviceaccount/name")?);
        user.uid = text("/kubernetes.io/serviceaccount/uid")?;
        let mut note = |key: &str, value: String| drop(user.extra.insert(key.to_owned(), vec![value]));
        if let Some(id) = text("/jti") {
            note("authentication.kubernetes.io/credential-id", format!("JTI={id}"));
        }
        if let (Some(name), Some(uid)) = (text("/kubernetes.io/pod/name"), text("/kubernetes.io/pod/uid")) {
            note("authentication.kubernetes.io/pod-name", name);
            note("authentication.kubernetes.io/pod-uid", uid);
        }
        let audiences = claims.get("aud")?.as_array()?.iter().filter_map(|a| a.as_str().map(str::to_owned)).collect();
        Some((user, audiences))
    }
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens")
    }
}
