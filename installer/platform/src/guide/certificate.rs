//! Who issues the certificate of the base domain, as one answer of a guided run: the source, what belongs to it, and the authority that
//! it leads to.

use airlock_model::Answers;
use airlock_model::answers::{Tls, TlsSource};

use super::question::Choice;

/// An authority of Airlock's own.
pub(super) const OWN: &str = "private-ca";
const ACME: &str = "acme";
const REQUEST: &str = "request";
const FILES: &str = "files";
const SECRET: &str = "secret";
/// A request for the wildcard.
const WILDCARD: &str = "wildcard";
/// Before where the password of the files is.
const PASSWORD: &str = "password=";

pub(super) fn choices() -> Vec<Choice> {
    let told = |value: &str, label: &str, further: &'static str| Choice { further: Some(further), ..Choice::new(value, label) };
    vec![
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
    ]
}

pub(super) fn get(answers: &Answers) -> String {
    let tls = &answers.tls;
    let password = tls.password.as_ref().map(|password| format!("{PASSWORD}{password}"));
    let words: Vec<String> = match tls.source {
        TlsSource::PrivateCa | TlsSource::CertManager => return OWN.into(),
        // Its keys are more than a question asks for: they are written into the file.
        TlsSource::Acme => return ACME.into(),
        TlsSource::Csr => std::iter::once(REQUEST.to_owned()).chain(tls.wildcard.then(|| WILDCARD.to_owned())).collect(),
        TlsSource::Files => std::iter::once(FILES.to_owned()).chain(tls.certificate.clone()).chain(tls.key.clone()).chain(password).collect(),
        TlsSource::Secret => std::iter::once(SECRET.to_owned()).chain(tls.secret.clone()).collect(),
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
        ACME => return Err("write the ACME authority into the answers file (tls.acme, docs/certificates.md) and begin again".to_owned()),
        other => return Err(format!("`{other}` is none of {OWN}, {REQUEST}, {FILES}, {SECRET}")),
    };
    answers.tls = Tls { renewal: std::mem::take(&mut answers.tls.renewal), ..tls };
    answers.trust.ca = words.into_iter().map(str::to_owned).collect();
    Ok(())
}

#[cfg(test)]
mod tests {
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
    fn what_is_half_told_is_refused() {
        for text in ["", "files", "secret", "secret file:/root.pem", "letsencrypt"] {
            assert!(put(&mut answers(), text).is_err(), "{text}");
        }
    }
}
