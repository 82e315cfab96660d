//! Who issues the certificate of the base domain, as one answer of a guided run: the source, what belongs to it, and the authority that
//! it leads to.

use airlock_model::answers::{Egress, Tls, TlsSource};
use airlock_model::names::RENEWER;
use airlock_model::{Answers, CERT_MANAGER, CLUSTER_ISSUER, Fact, Facts, ISSUER, Issuer, IssuerReference};

use super::acme::{self, ACME};
use super::question::{Choice, Further};
use super::word;

/// An authority of Airlock's own.
pub(super) const OWN: &str = "private-ca";
const REQUEST: &str = "request";
const FILES: &str = "files";
const SECRET: &str = "secret";
const BY_CERT_MANAGER: &str = "cert-manager";
/// A request for the wildcard.
const WILDCARD: &str = "wildcard";
/// Before where the password of the files is.
const PASSWORD: &str = "password=";

const ROOT: Further = Further { asks: "Which file holds its root?", hint: "file:PATH, or - where every system knows it; and the word wildcard for *.DOMAIN instead of each host", take: word::ANY };
const PAIR: Further = Further {
    asks: "Which files?",
    hint: "file:PATH of the certificate, file:PATH of its key, password=file:PATH where it has one, file:PATH of the root unless every system knows it",
    take: word::ANY,
};
const KEPT: Further = Further { asks: "Which Secret?", hint: "NAMESPACE/NAME, and file:PATH of the root unless every system knows it", take: word::ANY };
const BY_ISSUER: Further =
    Further { asks: "Which issuer?", hint: "ClusterIssuer/NAME, or Issuer/NAME of the platform's namespace, and file:PATH of the root unless every system knows it", take: word::ANY };

/// cert-manager is offered where it was found.
pub(super) fn choices(facts: &Facts) -> Vec<Choice> {
    let mut choices = vec![
        Choice::new(OWN, "a private authority that signs for the base domain alone"),
        Choice::told(ACME, "an ACME authority, of yours or a public one", acme::further),
        Choice::told(REQUEST, "your own authority, by a request that Airlock makes", |words| words.is_empty().then_some(&ROOT)),
        Choice::told(FILES, "it is issued already, and you have the files", |words| words.is_empty().then_some(&PAIR)),
        Choice::told(SECRET, "others, who keep it in a Secret of the cluster", |words| words.is_empty().then_some(&KEPT)),
    ];
    if facts.operators.known().is_some_and(|groups| groups.iter().any(|group| group == CERT_MANAGER)) {
        choices.push(Choice::told(BY_CERT_MANAGER, format!("the cluster's cert-manager{}", issuers(facts)), |words| words.is_empty().then_some(&BY_ISSUER)));
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
        TlsSource::Acme => tls.acme.as_ref().map_or_else(|| vec![ACME.to_owned()], |authority| acme::get(answers, authority)),
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
    if source == ACME {
        let authority = acme::authority(words, answers.tls.acme.as_ref())?;
        put_in_place(answers, Tls { source: TlsSource::Acme, acme: Some(authority.acme), ..Tls::default() }, authority.egress, authority.believed);
        return Ok(());
    }
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
        other => return Err(format!("`{other}` is none of {OWN}, {ACME}, {REQUEST}, {FILES}, {SECRET}, {BY_CERT_MANAGER}")),
    };
    let believed = words.into_iter().map(str::to_owned).collect();
    put_in_place(answers, tls, Vec::new(), believed);
    Ok(())
}

/// In the place of the former source, with the ways out that belong to it. What holds for several sources is kept.
fn put_in_place(answers: &mut Answers, tls: Tls, egress: Vec<Egress>, believed: Vec<String>) {
    let former = std::mem::take(&mut answers.tls);
    if former.source == TlsSource::Acme {
        answers.network.egress.retain(|egress| egress.component != RENEWER);
    }
    answers.network.egress.extend(egress);
    let further_hosts = if tls.names_each_host() { former.further_hosts } else { Vec::new() };
    answers.tls = Tls { renewal: former.renewal, further_hosts, ..tls };
    answers.trust.ca = believed;
}

#[cfg(test)]
mod tests {
    use super::super::tests::facts;
    use super::*;

    const BY_UPDATE: &str = "acme https://acme.test/dir mail=ops@corp.test mail=more@corp.test agreed update=10.0.0.53:53 key=airlock secret=env:TSIG algorithm=hmac-sha512 reached=10.0.0.1/32:14000 reached=10.0.0.53/32:53 ca=file:/server.pem file:/root.pem";

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
            BY_UPDATE,
            "acme https://acme.test/dir mail=ops@corp.test agreed http-01 reached=10.0.0.1/32:14000",
            "acme https://acme.test/dir agreed by-hand ca=file:/server.pem file:/root.pem",
            "acme https://acme.test/dir agreed program=/usr/local/bin/dns-records",
            "private-ca",
        ] {
            put(&mut given, text).unwrap();
            assert_eq!((get(&given).as_str(), given.validate(), given.not_built()), (text, Vec::new(), Vec::new()));
        }
        assert_eq!(given, answers());
        put(&mut given, "request -").unwrap();
        assert_eq!(get(&given), "request");
    }

    #[test]
    fn hosts_that_were_named_stay_where_each_is_named_and_nowhere_else() {
        let mut given = answers();
        put(&mut given, "request").unwrap();
        given.tls.further_hosts = vec!["alpha-airflow.platform.test".into()];
        put(&mut given, "acme https://acme.test/dir agreed http-01 reached=10.0.0.1/32:14000").unwrap();
        assert_eq!(given.tls.further_hosts, ["alpha-airflow.platform.test"]);
        put(&mut given, BY_UPDATE).unwrap();
        assert_eq!((given.tls.further_hosts.len(), given.validate()), (0, Vec::new()));
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
        for text in ["", "files", "secret", "secret file:/root.pem", "cert-manager", "cert-manager company-ca", "letsencrypt", "acme", "acme agreed by-hand"] {
            assert!(put(&mut answers(), text).is_err(), "{text}");
        }
    }
}
