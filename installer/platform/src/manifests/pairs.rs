//! Certificates with their keys in Secrets of files, judged where the key is read.

use airlock_model::{Snapshot, SnapshotObject, StoredCertificate};
use airlock_tls::{Content, Form, Request, check};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::verify::stored;

/// What is said where nobody named the authority: clients may believe it all the same.
const OF_ISSUERS: [&str; 3] = ["tls.issuer-missing", "tls.self-signed", "tls.unknown-issuer"];

/// Each Secret of type `kubernetes.io/tls` (Kubernetes documentation, "Secrets", TLS Secrets). Which hosts it is for is not known of a file.
pub(super) fn judged(given: &Snapshot, at: Timestamp) -> Result<Vec<StoredCertificate>, String> {
    let secrets = given.objects.get("Secret").map_or(Ok(&[][..]), |secrets| secrets.as_ref().map(Vec::as_slice).map_err(Clone::clone))?;
    Ok(secrets.iter().filter(|secret| secret.object.api_version == "v1" && secret.manifest["type"] == "kubernetes.io/tls").map(|secret| judge(secret, at)).collect())
}

fn judge(secret: &SnapshotObject, at: Timestamp) -> StoredCertificate {
    let whole = |key: &str| part(secret, key).and_then(|part| part.ok_or_else(|| format!("it has no {key}")));
    let (certificate, key) = match (whole("tls.crt"), whole("tls.key")) {
        (Ok(certificate), Ok(key)) => (certificate, key),
        (Err(reason), _) | (_, Err(reason)) => return StoredCertificate { unknown: Some(reason.into()), ..stored::unjudged(secret.object.clone(), secret.place.clone()) },
    };
    let (authorities, mut unknown) = match part(secret, "ca.crt") {
        Ok(authority) => (Vec::from_iter(authority), None),
        Err(reason) => (Vec::new(), Some(reason.into())),
    };
    let files = [certificate];
    let mut judgement = check(&Request { files: &files, key: Some(&key), password: None, hosts: &[], authorities: &authorities, at, form: Form::AsClients, ending: true });
    if authorities.is_empty() {
        judgement.findings.retain(|finding| {
            let is_of_issuers = OF_ISSUERS.contains(&finding.code.0);
            if is_of_issuers && unknown.is_none() {
                unknown = Some(format!("{}; the Secret names no authority (ca.crt) that clients believe", finding.why.raw()).into());
            }
            !is_of_issuers
        });
    }
    StoredCertificate { unknown, ..stored::told(secret.object.clone(), secret.place.clone(), &judgement) }
}

/// The bytes of an entry, which hold PEM: anything else may stand for what is put in later, and is the error. None: there is no such entry.
fn part(secret: &SnapshotObject, key: &str) -> Result<Option<Content>, String> {
    let field = |field: &str| secret.manifest.get(field)?.get(key)?.as_str();
    // What `stringData` holds is written over `data`.
    let bytes = match (field("stringData"), field("data")) {
        (Some(text), _) => Zeroizing::new(text.as_bytes().to_vec()),
        (None, Some(encoded)) => Zeroizing::new(STANDARD.decode(encoded.trim()).map_err(|_| format!("{key} is not written in base64"))?),
        (None, None) => return Ok(None),
    };
    if bytes.windows(BEGINS.len()).any(|bytes| bytes == BEGINS) { Ok(Some(Content::of_bytes(format!("{}, key {key}", secret.object), &bytes))) } else { Err(format!("{key} holds no PEM")) }
}

const BEGINS: &[u8] = b"-----BEGIN ";

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use airlock_compliance::{Decisions, manifests, unprofiled, with_checks};
    use airlock_model::Verdict;
    use airlock_tls::{Authority, Issued};
    use serde_json::{Value, json};

    use super::super::{JudgeOptions, judge};
    use super::*;

    const DAY: Duration = Duration::from_hours(24);

    fn authority() -> Authority {
        Authority::generate("an authority", &["example.com".to_owned()], 100 * DAY, Timestamp::now()).unwrap()
    }

    fn issued(by: &Authority) -> Issued {
        by.issue(&["example.com".to_owned()], 30 * DAY, Timestamp::now()).unwrap()
    }

    /// Of one Secret of this data, so many days from now.
    fn told(kind: &str, fields: &Value, days: u32) -> Vec<StoredCertificate> {
        let mut secret = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "a", "namespace": "shop" }, "type": kind });
        secret.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let given = manifests::snapshot([manifests::read("a.yaml", secret.to_string().as_bytes())]);
        judged(&given, Timestamp::now() + days * DAY).unwrap()
    }

    fn pair(certificate: &str, issued: &Issued, authority: Option<&Authority>) -> Value {
        let mut data = json!({ "tls.crt": STANDARD.encode(certificate), "tls.key": STANDARD.encode(issued.key_pem.expose()) });
        if let Some(authority) = authority {
            data["ca.crt"] = STANDARD.encode(authority.certificate_pem()).into();
        }
        json!({ "data": data })
    }

    /// Codes of faults, codes of warnings, and what is not known.
    fn said(fields: &Value, days: u32) -> (Vec<String>, Vec<String>, Option<String>) {
        let told = told("kubernetes.io/tls", fields, days);
        let [told] = &told[..] else { panic!("{told:?}") };
        assert_eq!(told.place.as_ref().map(|place| place.file.raw()), Some("a.yaml"));
        let codes = |said: &[airlock_model::Untrusted<String>]| said.iter().map(|said| said.raw().rsplit_once(" (").unwrap().1.trim_end_matches(')').to_owned()).collect();
        (codes(&told.faults), codes(&told.warnings), told.unknown.as_ref().map(|unknown| unknown.raw().to_owned()))
    }

    #[test]
    fn a_pair_with_its_authority_is_judged_whole() {
        let (ours, other) = (authority(), authority());
        let (good, another) = (issued(&ours), issued(&ours));
        let none = (Vec::new(), Vec::new(), None);
        let fault = |code: &str| (vec![code.to_owned()], Vec::new(), None);
        assert_eq!(said(&pair(&good.chain_pem, &good, Some(&ours)), 0), none);
        assert_eq!(said(&json!({ "stringData": { "tls.crt": good.chain_pem, "tls.key": good.key_pem.expose(), "ca.crt": ours.certificate_pem() } }), 0), none);
        assert_eq!(said(&pair(&good.chain_pem, &another, Some(&ours)), 0), fault("tls.key-mismatch"));
        assert_eq!(said(&pair(&good.chain_pem, &good, Some(&ours)), 40), fault("tls.expired"));
        assert_eq!(said(&pair(&good.chain_pem, &good, Some(&other)), 0), fault("tls.unknown-issuer"));
    }

    #[test]
    fn an_intermediate_before_the_servers_own_is_another_order() {
        let root = Authority::root("a root", &["example.com".to_owned()], 100 * DAY, Timestamp::now()).unwrap();
        let below = root.subordinate("below", &["example.com".to_owned()], 90 * DAY, Timestamp::now()).unwrap();
        let good = issued(&below);
        let leaf = good.chain_pem.split_inclusive("-----END CERTIFICATE-----\n").next().unwrap();
        assert_eq!(said(&pair(&good.chain_pem, &good, Some(&root)), 0), (Vec::new(), Vec::new(), None));
        assert_eq!(said(&pair(&format!("{}{leaf}", below.certificate_pem()), &good, Some(&root)), 0), (vec!["tls.order-mended".to_owned()], Vec::new(), None));
    }

    #[test]
    fn without_its_authority_who_believes_it_is_not_known_and_the_rest_is_judged() {
        let ours = authority();
        let (good, another) = (issued(&ours), issued(&ours));
        let (faults, warnings, unknown) = said(&pair(&good.chain_pem, &good, None), 0);
        assert_eq!((faults, warnings), (Vec::new(), Vec::new()));
        assert!(unknown.unwrap().ends_with("the Secret names no authority (ca.crt) that clients believe"));
        assert_eq!(said(&pair(&good.chain_pem, &another, None), 0).0, ["tls.key-mismatch"]);
        assert_eq!(said(&pair(&good.chain_pem, &good, None), 40).0, ["tls.expired"]);
        let mut later = pair(&good.chain_pem, &good, None);
        later["stringData"] = json!({ "ca.crt": "${AUTHORITY}" });
        assert_eq!(said(&later, 0), (Vec::new(), Vec::new(), Some("ca.crt holds no PEM".to_owned())));
        later["stringData"]["tls.key"] = another.key_pem.expose().as_str().into();
        assert_eq!(said(&later, 0).0, ["tls.key-mismatch"]);
    }

    #[test]
    fn what_is_put_in_later_is_not_known_and_other_secrets_are_none() {
        let good = issued(&authority());
        for (fields, why) in [
            (json!({}), "it has no tls.crt"),
            (json!({ "data": { "tls.crt": "", "tls.key": "" } }), "tls.crt holds no PEM"),
            (json!({ "data": { "tls.crt": "${CERTIFICATE}", "tls.key": "" } }), "tls.crt is not written in base64"),
            (json!({ "stringData": { "tls.crt": good.chain_pem, "tls.key": "${KEY}" } }), "tls.key holds no PEM"),
        ] {
            assert_eq!(said(&fields, 0), (Vec::new(), Vec::new(), Some(why.to_owned())));
        }
        assert_eq!(told("Opaque", &pair(&good.chain_pem, &good, None), 0), []);
    }

    #[test]
    fn a_report_of_files_tells_of_each_pair_and_of_no_key() {
        let ours = authority();
        let (good, another) = (issued(&ours), issued(&ours));
        let folder = tempfile::tempdir().unwrap();
        for (name, key) in [("good", &good), ("mixed-up", &another)] {
            let mut secret = pair(&good.chain_pem, key, Some(&ours));
            secret.as_object_mut().unwrap().extend([
                ("apiVersion".to_owned(), "v1".into()),
                ("kind".to_owned(), "Secret".into()),
                ("metadata".to_owned(), json!({ "name": name })),
                ("type".to_owned(), "kubernetes.io/tls".into()),
            ]);
            std::fs::write(folder.path().join(format!("{name}.json")), secret.to_string()).unwrap();
        }
        let (profile, decisions) = (with_checks(unprofiled(), "TLS-001").unwrap(), Decisions::default());
        let options = JudgeOptions { passes: true, ..JudgeOptions::new(&profile, &decisions) };
        let report = judge(&[folder.path().to_owned()], &options).unwrap();
        let told: Vec<(&str, Verdict)> = report.findings.iter().filter(|found| found.check == "TLS-001").map(|found| (found.subject.name.raw(), found.verdict)).collect();
        assert_eq!(told, [("mixed-up", Verdict::Fail), ("good", Verdict::Pass)]);
        let text = serde_json::to_string(&report).unwrap();
        assert!(text.contains("tls.key-mismatch") && !text.contains("PRIVATE KEY") && !text.contains(&STANDARD.encode(good.key_pem.expose())), "{text}");
    }
}
