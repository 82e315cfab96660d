//! Who issues the certificate of the base domain, as one answer of a guided run: the source, what belongs to it, and the authority that
//! it leads to.

use airlock_model::answers::{Tls, TlsSource};
use airlock_model::{Answers, CERT_MANAGER, CLUSTER_ISSUER, Fact, Facts, ISSUER, Issuer, IssuerReference};

use super::question::Choice;

/// An authority of Airlock's own.
pub(super) const OWN: &str = "private-ca";
const ACME: &str = "acme";
const REQUEST: &str = "request";
const FILES: &str = "files";
const SECRET: &str = "secret";
const BY_CERT_MANAGER: &str = "cert-manager";
/// A request for the wildcard.
const WILDCARD: &str = "wildcard";
/// Before where the password of the files is.
const PASSWORD: &str = "password=";

/// cert-manager is offered where it was found.
pub(super) fn choices(facts: &Facts) -> Vec<Choice> {
    let told = |value: &str, label: &str, further: &'static str| Choice { further: Some(further), ..Choice::new(value, label) };
    let mut choices = vec![
        Choice::new(OWN, "a private authority that signs for the base domain alone"),
        told(
            REQUEST,
            "your own authority, by a request that Airlock makes",
            "Which file holds its root? (file:PATH, or - where every system knows it; and the word wildcard for *.DOMAIN instead of each host)",
        ),
        told(
            FILES,
            "it is issued already, and you have the files",
            "Which files? (file:PATH of the certificate, file:PATH of its key, password=file:PATH where it has one, file:PATH of the root unless every system knows it)",
        ),
        told(SECRET, "others, who keep it in a Secret of the cluster", "Which Secret? (NAMESPACE/NAME, and file:PATH of the root unless every system knows it)"),
    ];
    if facts.operators.known().is_some_and(|groups| groups.iter().any(|group| group == CERT_MANAGER)) {
        let asked = "Which issuer? (ClusterIssuer/NAME, or Issuer/NAME of the platform's namespace, and file:PATH of the root unless every system knows it)";
        choices.push(told(BY_CERT_MANAGER, &format!("the cluster's cert-manager{}", issuers(facts)), asked));
    }
    choices
}

/// The issuers that were found, in brackets.
fn issuers(facts: &Facts) -> String {
    let of = |kind: &str, found: &Fact<Vec<Issuer>>| found.known().into_iter().flatten().map(|issuer| format!("{kind}/{}", issuer.name)).collect::<Vec<_>>();
    let found = [of(CLUSTER_ISSUER, &facts.cluster_issuers), of(ISSUER, &facts.issuers)].concat();
    if found.is_empty() { String::new() } else { format!(" (it has {})", found.join(", ")) }
}

/// An issuer as it is answered: `ClusterIssuer/company-ca`, `VaultIssuer.issuers.example.com/company-ca`.
fn issuer(word: &str) -> Option<IssuerReference> {
    let (kind, name) = word.split_once('/')?;
    let (kind, group) = kind.split_once('.').unwrap_or((kind, CERT_MANAGER));
    Some(IssuerReference { name: name.to_owned(), kind: kind.to_owned(), group: group.to_owned() })
}

fn issuer_word(issuer: &IssuerReference) -> String {
    let group = if issuer.is_of_cert_manager() { String::new() } else { format!(".{}", issuer.group) };
    format!("{}{group}/{}", issuer.kind, issuer.name)
}

pub(super) fn get(answers: &Answers) -> String {
    let tls = &answers.tls;
    let password = tls.password.as_ref().map(|password| format!("{PASSWORD}{password}"));
    let words: Vec<String> = match tls.source {
        TlsSource::PrivateCa => return OWN.into(),
        // Its keys are more than a question asks for: they are written into the file.
        TlsSource::Acme => return ACME.into(),
        TlsSource::Csr => std::iter::once(REQUEST.to_owned()).chain(tls.wildcard.then(|| WILDCARD.to_owned())).collect(),
        TlsSource::Files => std::iter::once(FILES.to_owned()).chain(tls.certificate.clone()).chain(tls.key.clone()).chain(password).collect(),
        TlsSource::Secret => std::iter::once(SECRET.to_owned()).chain(tls.secret.clone()).collect(),
        TlsSource::CertManager => std::iter::once(BY_CERT_MANAGER.to_owned()).chain(tls.issuer_ref.as_ref().map(issuer_word)).collect(),
    };
    words.into_iter().chain(answers.trust.ca.iter().cloned()).collect::<Vec<_>>().join(" ")
}

pub(super) fn put(answers: &mut Answers, text: &str) -> Result<(), String> {
    // What a file said that this question has no words for stays as it is.
    if text == get(answers) {
        return Ok(());
    }
    let mut words = text.split_whitespace();
    let source = words.next().unwrap_or_default();
    let mut words: Vec<&str> = words.filter(|word| *word != "-").collect();
    let mut taken = |is: fn(&str) -> bool| words.iter().position(|word| is(word)).map(|at| words.remove(at).to_owned());
    let tls = match source {
        OWN => Tls::default(),
        REQUEST => Tls { source: TlsSource::Csr, wildcard: taken(|word| word == WILDCARD).is_some(), ..Tls::default() },
        FILES => {
            let password = taken(|word| word.starts_with(PASSWORD)).map(|word| word[PASSWORD.len()..].to_owned());
            let certificate = taken(|_| true).ok_or("name the file with the certificate, as in file:/etc/airlock/tls.crt")?;
            Tls { source: TlsSource::Files, certificate: Some(certificate), key: taken(|_| true), password, ..Tls::default() }
        }
        SECRET => {
            let secret = taken(|word| !word.contains(':')).ok_or("name the Secret, as in certificates/platform-tls")?;
            Tls { source: TlsSource::Secret, secret: Some(secret), ..Tls::default() }
        }
        BY_CERT_MANAGER => {
            let issuer = taken(|word| !word.contains(':')).and_then(|word| issuer(&word)).ok_or("name the issuer, as in ClusterIssuer/company-ca")?;
            Tls { source: TlsSource::CertManager, issuer_ref: Some(issuer), ..Tls::default() }
        }
        ACME => return Err("write the ACME authority into the answers file (tls.acme, docs/certificates.md) and begin again".to_owned()),
        other => return Err(format!("`{other}` is none of {OWN}, {REQUEST}, {FILES}, {SECRET}, {BY_CERT_MANAGER}")),
    };
    answers.tls = Tls { renewal: std::mem::take(&mut answers.tls.renewal), ..tls };
    answers.trust.ca = words.into_iter().map(str::to_owned).collect();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::facts;
    use super::*;

    fn answers() -> Answers {
        Answers::from_yaml("apiVersion: airlock/v1\nkind: Answers\nbaseDomain: platform.test\n").unwrap()
    }

    #[test]
    fn what_is_put_is_what_is_got_and_can_be_meant() {
        let mut given = answers();
        for text in [
            "files file:/tls.crt file:/tls.key password=file:/word file:/root.pem",
            "files file:/all.pfx",
            "request",
            "request wildcard file:/root.pem file:/other.pem",
            "secret certificates/platform-tls file:/root.pem",
            "cert-manager ClusterIssuer/company-ca file:/root.pem",
            "cert-manager VaultIssuer.issuers.test/company-ca",
            "private-ca",
        ] {
            put(&mut given, text).unwrap();
            assert_eq!((get(&given).as_str(), given.validate(), given.not_built()), (text, Vec::new(), Vec::new()));
        }
        assert_eq!(given, answers());
        let ordered = "apiVersion: airlock/v1\nkind: Answers\nbaseDomain: platform.test\ntls: { source: acme, acme: { directory: 'https://a/dir', termsOfServiceAgreed: true, dns01: { rfc2136: { server: 'ns:53', keyName: k, secret: 'file:t' } } } }\nnetwork: { egress: [{ component: renewer, to: 10.0.0.1/32, port: 53, reason: r }] }\n";
        let mut ordered = Answers::from_yaml(ordered).unwrap();
        let before = ordered.clone();
        put(&mut ordered, "acme").unwrap();
        assert_eq!((get(&ordered).as_str(), ordered == before), ("acme", true), "what the file said stays");
        assert!(put(&mut given, "acme").is_err());
        put(&mut given, "request -").unwrap();
        assert_eq!(get(&given), "request");
    }

    #[test]
    fn cert_manager_is_offered_where_it_was_found_with_its_issuers() {
        let offered = |operators: &[&str], issuers: &[&str]| {
            let known = |names: &[&str]| names.iter().map(|name| Issuer { namespace: None, name: (*name).to_owned(), not_ready: None }).collect();
            let operators = Fact::Known(operators.iter().map(|group| (*group).to_owned()).collect());
            let facts = Facts { operators, cluster_issuers: Fact::Known(known(issuers)), ..facts() };
            choices(&facts).into_iter().find(|choice| choice.value == BY_CERT_MANAGER).map(|choice| choice.label)
        };
        assert_eq!(offered(&["cert-manager.io"], &["company-ca", "public"]).unwrap(), "the cluster's cert-manager (it has ClusterIssuer/company-ca, ClusterIssuer/public)");
        assert_eq!(offered(&["cert-manager.io"], &[]).unwrap(), "the cluster's cert-manager");
        assert_eq!(offered(&["keda.sh"], &[]), None);
        assert!(choices(&facts()).iter().all(|choice| choice.value != BY_CERT_MANAGER), "what could not be read is not offered");
    }

    #[test]
    fn what_is_half_told_is_refused() {
        for text in ["", "files", "secret", "secret file:/root.pem", "cert-manager", "cert-manager company-ca", "letsencrypt"] {
            assert!(put(&mut answers(), text).is_err(), "{text}");
        }
    }
}
