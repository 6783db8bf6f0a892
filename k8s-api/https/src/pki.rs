mod subject;

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use k8s_env::Env;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SerialNumber,
};

use crate::{Error, ServerTls};

/// How long an authority is valid, as kubeadm has it.
const AUTHORITY_YEARS: u32 = 10;
/// How long any other certificate is valid, as kubeadm has it.
const LEAF_YEARS: u32 = 1;
const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
/// Certificates begin this much earlier, for peers whose clocks are behind.
const CLOCK_SKEW: Duration = Duration::from_secs(300);

/// A certificate authority of a cluster, with its key: whoever holds it can be anybody.
///
/// Times and serial numbers come from the [`Env`]; keys (ECDSA on P-256) come from the operating system's randomness
/// always, so that a seed never makes a secret.
///
/// Upstream: `kubeadm init phase certs`.
pub struct Pki {
    env: Env,
    authority: Issuer<'static, KeyPair>,
    certificate_pem: String,
}

/// A certificate and its key, both PEM.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// The certificate, followed by intermediate ones if it needs any.
    pub certificate_pem: String,
    /// The private key, PKCS#8 where it was made here.
    pub key_pem: String,
}

impl Pki {
    /// Makes a new authority named `kubernetes`.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub fn generate(env: &Env) -> Result<Self, Error> {
        let key = KeyPair::generate().map_err(failed("kubernetes"))?;
        let mut params = params(env, "kubernetes", AUTHORITY_YEARS);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages =
            vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment, KeyUsagePurpose::KeyCertSign];
        let certificate_pem = params.self_signed(&key).map_err(failed("kubernetes"))?.pem();
        Ok(Self { env: env.clone(), authority: Issuer::new(params, key), certificate_pem })
    }

    /// Takes up an authority that was made before: `ca.crt` and `ca.key`.
    ///
    /// # Errors
    /// When either cannot be read, or the key is of a kind that cannot sign here.
    pub fn from_identity(identity: &Identity, env: &Env) -> Result<Self, Error> {
        let key = KeyPair::from_pem(&identity.key_pem).map_err(failed("the authority"))?;
        let certificate_pem = identity.certificate_pem.clone();
        let authority = Issuer::from_ca_cert_pem(&certificate_pem, key).map_err(failed("the authority"))?;
        Ok(Self { env: env.clone(), authority, certificate_pem })
    }

    /// The authority's certificate, PEM: what both ends trust.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// The authority's certificate and key, to be kept safe.
    pub fn identity(&self) -> Identity {
        Identity { certificate_pem: self.certificate_pem.clone(), key_pem: self.authority.key().serialize_pem() }
    }

    /// A certificate for a server that is reached under `names`: DNS names and IP addresses.
    ///
    /// # Errors
    /// When a name is neither.
    pub fn server<N: Into<String>>(&self, names: impl IntoIterator<Item = N>) -> Result<Identity, Error> {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        let of = "kube-apiserver";
        let mut params = params(&self.env, of, LEAF_YEARS);
        params.subject_alt_names = CertificateParams::new(names).map_err(failed(of))?.subject_alt_names;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.sign(params, of, &[])
    }

    /// A certificate with which a client is `name` and belongs to `groups`.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub fn client(&self, name: &str, groups: &[&str]) -> Result<Identity, Error> {
        let mut params = params(&self.env, name, LEAF_YEARS);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(params, name, groups)
    }

    /// The certificate of the cluster's administrator: `kubernetes-admin` of `system:masters`.
    ///
    /// # Errors
    /// As [`Pki::client`].
    pub fn admin(&self) -> Result<Identity, Error> {
        self.client("kubernetes-admin", &["system:masters"])
    }

    /// What a listener needs: a certificate for `names`, and trust in this authority's clients.
    ///
    /// # Errors
    /// As [`Pki::server`].
    pub fn server_tls<N: Into<String>>(&self, names: impl IntoIterator<Item = N>) -> Result<ServerTls, Error> {
        ServerTls::new(&self.server(names)?, Some(&self.certificate_pem), &self.env)
    }

    fn sign(&self, mut params: CertificateParams, of: &str, groups: &[&str]) -> Result<Identity, Error> {
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().map_err(failed(of))?;
        let certificate = params.signed_by(&key, &self.authority).map_err(failed(of))?;
        let der = subject::replace(certificate.der(), of, groups, self.authority.key()).map_err(failed(of))?;
        Ok(Identity { certificate_pem: pem("CERTIFICATE", &der), key_pem: key.serialize_pem() })
    }
}

/// The names under which an API server is reached: on this machine, and from pods through its service, whose address
/// is the first one of the service network (`10.96.0.1`).
///
/// Upstream: kubeadm's `GetAPIServerAltNames`.
pub fn api_server_names(service: IpAddr) -> Vec<String> {
    let inside = ["", ".default", ".default.svc", ".default.svc.cluster.local"];
    let mut names: Vec<String> = inside.iter().map(|rest| format!("kubernetes{rest}")).collect();
    names.extend(["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned(), service.to_string()]);
    names
}

fn params(env: &Env, name: &str, years: u32) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    let now = u64::try_from(env.clock.now().as_second()).unwrap_or_default();
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    let begin = Duration::from_secs(now).saturating_sub(CLOCK_SKEW);
    params.not_before = epoch + begin;
    params.not_after = epoch + begin + YEAR * years;
    params.serial_number = Some(serial(env));
    params
}

/// Sixteen random bytes that read as a positive number.
fn serial(env: &Env) -> SerialNumber {
    let mut bytes = [0; 16];
    env.random.fill(&mut bytes);
    bytes[0] = bytes[0] & 0x7f | 0x40;
    SerialNumber::from_slice(&bytes)
}

fn pem(label: &str, der: &[u8]) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    let encoded = STANDARD.encode(der);
    for start in (0..encoded.len()).step_by(64) {
        text.push_str(&encoded[start..encoded.len().min(start + 64)]);
        text.push('\n');
    }
    text + "-----END " + label + "-----\n"
}

fn failed(of: &str) -> impl FnOnce(rcgen::Error) -> Error {
    move |error| Error::certificate(of, error)
}

impl fmt::Debug for Pki {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pki")
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity")
    }
}
