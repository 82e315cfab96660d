//! The pair that is stored for the base domain, judged where its key is read.

use airlock_cluster::Cluster;
use airlock_model::{Digest, ObjectRef, Place, StoredCertificate, Untrusted, World, names, with_causes};
use airlock_tls::{Content, Form, Host, Judgement, Request, TlsFinding, Weight, check};
use jiff::Timestamp;

use crate::observe::certificate_facts;

/// SHA-256 of the certificate in a TLS Secret. What kept it from being read is the error.
pub(super) async fn leaf(cluster: &Cluster, namespace: &str, name: &str) -> Result<Digest, String> {
    let secret = cluster.secret(namespace, name).await.map_err(|error| with_causes(&error))?.ok_or_else(|| format!("there is no Secret {namespace}/{name}"))?;
    certificate_facts(&secret).map(|facts| facts.fingerprint).ok_or_else(|| format!("the Secret {namespace}/{name} holds no certificate that can be read"))
}

/// The certificate of the base domain with its key. What kept it from being read is the error.
pub(super) async fn certificate(cluster: &Cluster, world: &World) -> Result<StoredCertificate, String> {
    let secret = ObjectRef::namespaced("v1", "Secret", &world.platform, names::BASE_DOMAIN_CERTIFICATE);
    let stored = cluster.secret(&world.platform, names::BASE_DOMAIN_CERTIFICATE).await.map_err(|error| with_causes(&error))?.ok_or_else(|| format!("there is no {secret}"))?;
    let part = |key: &str| stored.data.get(key).map(|value| Content::of_bytes(format!("{secret}, key {key}"), value.expose())).ok_or_else(|| format!("{secret} has no key {key}"));
    let hosts: Vec<Host> = world.hosts.keys().map(|host| Host::served(host)).collect::<Result<_, _>>().map_err(|finding| finding.why.raw().to_owned())?;
    let authorities: Vec<Content> = world.authority.iter().map(|pem| Content::of_bytes("the authority of the base domain", pem.as_bytes())).collect();
    // How many days are left is for TLS-002, which knows what the profile asks.
    let judgement = check(&Request {
        files: &[part("tls.crt")?],
        key: Some(&part("tls.key")?),
        password: None,
        hosts: &hosts,
        authorities: &authorities,
        at: Timestamp::now(),
        form: Form::AsClients,
        ending: true,
    });
    Ok(told(secret, None, &judgement))
}

/// What a judgement comes to.
pub(crate) fn told(secret: ObjectRef, place: Option<Place>, judgement: &Judgement) -> StoredCertificate {
    let said = |weight: Weight| judgement.findings.iter().filter(move |finding| finding.severity == weight).map(sentence);
    let seen = judgement.chain.first().map_or_else(String::new, |leaf| format!("{}, issued by {}, valid until {}", leaf.key, leaf.issuer.raw(), leaf.not_after));
    // Whoever serves it takes it as it stands.
    let disordered = judgement
        .findings
        .iter()
        .find(|finding| finding.code.0 == "tls.order-mended")
        .map(|_| "the certificates stand in another order than that of a chain: the server's, then each issuer in turn (tls.order-mended)".to_owned().into());
    StoredCertificate { seen: seen.into(), faults: said(Weight::Error).chain(disordered).collect(), warnings: said(Weight::Warn).collect(), ..unjudged(secret, place) }
}

/// One of which nothing is known so far.
pub(crate) fn unjudged(secret: ObjectRef, place: Option<Place>) -> StoredCertificate {
    StoredCertificate { secret, place, seen: String::new().into(), faults: Vec::new(), warnings: Vec::new(), unknown: None }
}

fn sentence(finding: &TlsFinding) -> Untrusted<String> {
    format!("{} ({})", finding.why.raw(), finding.code.0).into()
}
