//! Tokens of service accounts: signed JWTs as upstream's, with its claims.
//!
//! Upstream: `pkg/serviceaccount`.

mod holder;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use k8s_api::Status;
use k8s_env::Env;
use ring::signature::{self, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub(crate) use holder::holder;

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
    pub(crate) subject: Subject,
}

/// Whose a token is and what it is bound to: the claim `kubernetes.io`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Subject {
    pub(crate) namespace: String,
    #[serde(rename = "serviceaccount")]
    pub(crate) account: Ref,
    #[serde(flatten)]
    pub(crate) bound: Bound,
}

/// What a token is bound to: a pod, with the node that it is on, or a secret or a node.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Bound {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pod: Option<Ref>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) secret: Option<Ref>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) node: Option<Ref>,
}

/// One object, and which of those that had its name.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Ref {
    pub(crate) name: String,
    /// Empty for the node of a pod when it does not exist.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) uid: String,
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
        let subject = &claims.subject;
        let payload = json!({
            "aud": claims.audiences,
            "exp": claims.expires,
            "iat": claims.issued,
            "iss": ISSUER,
            "jti": claims.id,
            "kubernetes.io": subject,
            "nbf": claims.issued,
            "sub": format!("system:serviceaccount:{}:{}", subject.namespace, subject.account.name),
        });
        let part = |value: &Value| serde_json::to_vec(value).map(|json| URL_SAFE_NO_PAD.encode(json));
        let header = part(&json!({ "alg": "EdDSA", "typ": "JWT" })).map_err(Status::internal)?;
        let signed = format!("{header}.{}", part(&payload).map_err(Status::internal)?);
        let signature = URL_SAFE_NO_PAD.encode(self.keys.sign(signed.as_bytes()));
        Ok(format!("{signed}.{signature}"))
    }

    /// What a token of ours that has not run out says; whether it still counts is for [`holder`] to say.
    fn read(&self, token: &str) -> Option<Stated> {
        let (signed, signature) = token.rsplit_once('.')?;
        let key = UnparsedPublicKey::new(&signature::ED25519, self.keys.public_key().as_ref());
        key.verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).ok()?).ok()?;
        let payload = URL_SAFE_NO_PAD.decode(signed.split_once('.')?.1).ok()?;
        let stated: Stated = serde_json::from_slice(&payload).ok()?;
        (stated.expires > self.env.clock.now().as_second()).then_some(stated)
    }
}

/// The claims of a token that are read back.
#[derive(Deserialize)]
struct Stated {
    #[serde(rename = "aud")]
    audiences: Vec<String>,
    #[serde(rename = "exp")]
    expires: i64,
    #[serde(rename = "jti")]
    id: String,
    #[serde(rename = "kubernetes.io")]
    subject: Subject,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens")
    }
}
