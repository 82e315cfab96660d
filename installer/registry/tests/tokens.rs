//! Tokens as public registries want them: the real registry verifies what a token service of the test signs (RFC 7515, ES256).
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod world;

use airlock_registry::{RegistryClient, RegistryError, copy};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use rcgen::{KeyPair, SigningKey as _};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::json;
use url::form_urlencoded;
use world::scripted::{Answer, Asked, Scripted};
use world::{Login, PASSWORD, Server, Trust, USER, push};

const SERVICE: &str = "registry.test";
const ISSUER: &str = "token.test";

struct Signer {
    key: KeyPair,
    certificate: String,
}

impl Signer {
    fn new(trust: &Trust) -> Self {
        let leaf = CertificateDer::from_pem_slice(trust.chain_pem.as_bytes()).unwrap();
        Self { key: KeyPair::from_pem(trust.key_pem.expose()).unwrap(), certificate: STANDARD.encode(&leaf) }
    }

    fn token(&self, repository: &str, actions: &[&str], lifetime: i64) -> String {
        let now = Timestamp::now().as_second();
        let header = json!({"typ": "JWT", "alg": "ES256", "x5c": [self.certificate]});
        let access = json!([{"type": "repository", "name": repository, "actions": actions}]);
        let claims = json!({"iss": ISSUER, "sub": "", "aud": SERVICE, "iat": now, "nbf": now - 10, "exp": now + lifetime, "jti": "1", "access": access});
        let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&header), part(&claims));
        let signature = URL_SAFE_NO_PAD.encode(fixed(&self.key.sign(signed.as_bytes()).unwrap()));
        format!("{signed}.{signature}")
    }
}

/// The two numbers of an ECDSA signature side by side, as JWS wants them, out of their DER form (RFC 3279 §2.2.3).
fn fixed(der: &[u8]) -> Vec<u8> {
    let number = |at: usize| {
        let length = usize::from(der[at + 1]);
        let digits = &der[at + 2..at + 2 + length];
        let digits = &digits[digits.len().saturating_sub(32)..];
        ([vec![0; 32 - digits.len()], digits.to_vec()].concat(), at + 2 + length)
    };
    let (r, next) = number(2);
    let (s, _) = number(next);
    [r, s].concat()
}

/// Who has the password may do what was asked for; who has none may pull; who has a wrong one gets nothing.
fn grant(signer: &Signer, asked: &Asked, lifetime: i64) -> Answer {
    let query = asked.path.split_once('?').map_or("", |(_, query)| query);
    let scope = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "scope").map(|(_, value)| value.into_owned()).unwrap_or_default();
    let (repository, actions) = scope.strip_prefix("repository:").and_then(|rest| rest.rsplit_once(':')).unwrap_or(("", ""));
    let right = format!("Basic {}", STANDARD.encode(format!("{USER}:{PASSWORD}")));
    let actions: Vec<&str> = match asked.header("authorization") {
        Some(given) if given == right => actions.split(',').collect(),
        None => vec!["pull"],
        Some(_) => return (401, String::new(), Vec::new()),
    };
    let answer = json!({"access_token": signer.token(repository, &actions, lifetime), "expires_in": lifetime});
    (200, "content-type: application/json\r\n".to_owned(), answer.to_string().into_bytes())
}

async fn guarded(lifetime: i64) -> (Scripted, Server) {
    let trust = Trust::new();
    let signer = Signer::new(&trust);
    let service = Scripted::start(&trust, move |asked, _| grant(&signer, asked, lifetime)).await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("roots.pem"), trust.authority.certificate_pem()).unwrap();
    let roots = folder.path().join("roots.pem");
    let settings = format!("realm: 'https://{}/token', service: {SERVICE}, issuer: {ISSUER}, rootcertbundle: {}", service.host, roots.display());
    let server = Server::start_in(folder, &trust, &Login::Token(settings));
    (service, server)
}

async fn move_on(from: &RegistryClient, source: &Server, to: &RegistryClient, target: &Server) -> Result<airlock_registry::Copied, RegistryError> {
    copy(from, &source.image("demo/app:1.0"), to, &target.image("airlock/app:1.0"), &mut |_| {}).await
}

#[tokio::test]
async fn a_password_buys_a_token_and_the_token_moves_images() {
    let (service, server) = guarded(300).await;
    let me = server.client(Some((USER, PASSWORD)));
    let pushed = push(&me, "demo/app", "1.0", 1, 64 * 1024).await;
    let copied = move_on(&me, &server, &me, &server).await.unwrap();
    assert_eq!((copied.digest, copied.blobs_sent), (pushed.digest, 5));
    let asked = service.asked.lock().unwrap().len();
    assert!(asked <= 3, "one token for each repository and right, not one for each request: {asked}");
}

#[tokio::test]
async fn who_has_no_password_may_pull_what_is_public_and_not_push() {
    let (_service, server) = guarded(300).await;
    let pushed = push(&server.client(Some((USER, PASSWORD))), "demo/app", "1.0", 1, 1024).await;
    let nobody = server.client(None);
    assert_eq!(nobody.resolve(&server.image("demo/app:1.0")).await.unwrap(), pushed.digest);
    let refused = move_on(&nobody, &server, &nobody, &server).await.unwrap_err();
    assert!(matches!(&refused, RegistryError::Unauthorized { username: None, .. }), "{refused:?}");
}

#[tokio::test]
async fn a_wrong_password_is_the_token_service_s_no() {
    let (service, server) = guarded(300).await;
    let refused = server.client(Some((USER, "hunter2"))).resolve(&server.image("demo/app:1.0")).await.unwrap_err();
    assert!(matches!(&refused, RegistryError::Unauthorized { host, username: Some(_), .. } if host.contains(&service.host)), "{refused:?}");
}

#[tokio::test]
async fn tokens_that_run_out_on_the_way_are_bought_anew() {
    let (service, server) = guarded(1).await;
    let me = server.client(Some((USER, PASSWORD)));
    let pushed = push(&me, "demo/app", "1.0", 1, 8 * 1024 * 1024).await;
    assert_eq!(move_on(&me, &server, &me, &server).await.unwrap().digest, pushed.digest);
    assert!(service.asked.lock().unwrap().len() > 1);
}
