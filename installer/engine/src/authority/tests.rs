use std::time::Duration;

use airlock_model::{Digest, OfflineRoot};
use airlock_tls::{Authorities, Authority, Expected, Form, Purpose, certificate_facts, certificates_from_pem, validate};

use super::*;

const DAY: Duration = Duration::from_hours(24);

fn spec(root: Option<OfflineRoot>) -> CertificateSpec {
    let subject = CertificateSubject::Authority { common_name: "Test".into(), permitted: vec!["svc".into()], publish: Some("ca".into()), root };
    CertificateSpec { namespace: "airlock".into(), name: "ca".into(), labels: BTreeMap::new(), subject, lifetime: 3650 * DAY, renew_before: 365 * DAY }
}

fn made(root: Option<&OfflineRoot>) -> Pair {
    certificate::make(&spec(root.cloned()), None, Timestamp::now()).unwrap_or_else(|error| panic!("{error}"))
}

/// What the Secret would hold.
fn stored(secret: SecretObject) -> SecretData {
    let SecretObject { data, labels, annotations, secret_type, .. } = secret;
    SecretData { data, labels, annotations, secret_type }
}

fn secret(pair: Pair) -> SecretData {
    stored(certificate::secret(&spec(None), pair, BTreeMap::new()))
}

fn held(secret: &SecretData) -> Held {
    Held::of(secret).unwrap()
}

/// The Secret after a step, read back.
fn after(held: &Held) -> SecretData {
    stored(held.secret(&spec(None), BTreeMap::new()))
}

/// Whether those who believe what a Secret says accept what its authority signs.
fn believes(believer: &SecretData, signer: &SecretData) -> bool {
    let authority = Authority::from_pem(certificate::bytes(signer, CERTIFICATE), certificate::bytes(signer, certificate::KEY)).unwrap();
    let issued = authority.issue(&["registry.airlock.svc".to_owned()], 90 * DAY, Timestamp::now()).unwrap();
    let chain = certificates_from_pem(issued.chain_pem.as_bytes()).unwrap();
    let authorities = Authorities::from_pem(&certificate::text(believer, names::BELIEVED)).unwrap();
    let expected = Expected { hosts: &[], authorities: &authorities, at: Timestamp::now(), purpose: Purpose::Private, form: Form::AsClients, ending: true, longest: None };
    validate(&chain, None, &expected).error().is_none()
}

#[test]
fn whoever_has_not_heard_of_a_step_yet_believes_what_is_signed_before_and_after_it() {
    let alone = secret(made(None));
    let announced = after(&held(&alone).announced(&made(None)).unwrap());
    let taken_over = after(&held(&announced).taken_over());
    let dropped = after(&held(&taken_over).without_former());
    let steps = [&alone, &announced, &taken_over, &dropped];
    let phases = steps.map(|secret| held(secret).phase());
    assert_eq!(phases, [RotationPhase::Alone, RotationPhase::Announced, RotationPhase::TakenOver, RotationPhase::Alone]);
    for pair in steps.windows(2) {
        assert!(believes(pair[0], pair[1]) && believes(pair[1], pair[0]), "a step that refuses somebody");
    }
    assert!(!believes(&alone, &dropped) && !believes(&dropped, &alone), "without the steps between they would refuse each other");
    for (secret, keys) in steps.iter().zip([3, 5, 3, 3]) {
        assert_eq!(secret.data.len(), keys);
    }
}

#[test]
fn steps_that_were_done_change_nothing() {
    let alone = secret(made(None));
    let same = |left: &SecretData, right: &SecretData| left.data.iter().map(|(key, value)| (key, value.expose())).eq(right.data.iter().map(|(key, value)| (key, value.expose())));
    assert!(same(&alone, &after(&held(&alone).taken_over())), "nobody is announced");
    assert!(same(&alone, &after(&held(&alone).without_former())), "there is no former one");
    let announced = held(&alone).announced(&made(None)).unwrap();
    let again = announced.clone().announced(&made(None)).unwrap();
    assert_eq!((again.phase(), again.believed.len()), (RotationPhase::Announced, 2), "one that never signed is forgotten");
    assert_ne!(again.believed(), announced.believed());
}

/// A root in files, with its certificate.
fn root(folder: &std::path::Path) -> OfflineRoot {
    let root = Authority::root("Root", &["svc".to_owned()], 3650 * DAY, Timestamp::now()).unwrap();
    std::fs::write(folder.join("root.crt"), root.certificate_pem()).unwrap();
    std::fs::write(folder.join("root.key"), root.key_pem().expose()).unwrap();
    let file = |name: &str| format!("file:{}", folder.join(name).display());
    OfflineRoot { certificate: file("root.crt"), key: file("root.key"), password: None }
}

#[test]
fn another_root_under_the_same_answers_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let same = root(folder.path());
    let rooted = spec(Some(same.clone()));
    let below = secret(made(Some(&same)));
    assert!(is_vouched_for(&rooted, &below));
    assert!(!is_vouched_for(&spec(None), &below), "it should vouch for itself");
    assert!(!is_vouched_for(&rooted, &secret(made(None))), "it vouches for itself");

    root(folder.path());
    assert!(!is_vouched_for(&rooted, &below), "the files hold another root by now");
    let announced = after(&held(&below).announced(&made(Some(&same))).unwrap());
    assert!(is_vouched_for(&rooted, &announced), "its successor is announced");
    assert!(believes(&announced, &below) && believes(&announced, &after(&held(&announced).taken_over())));

    std::fs::remove_file(folder.path().join("root.crt")).unwrap();
    assert!(is_vouched_for(&rooted, &below), "what cannot be read is not another one");
}

#[test]
fn below_the_same_root_nobody_has_to_be_told() {
    let folder = tempfile::tempdir().unwrap();
    let same = root(folder.path());
    let below = secret(made(Some(&same)));
    let announced = held(&below).announced(&made(Some(&same))).unwrap();
    assert!(!announced.is_believed_anew());
    let next = after(&announced.taken_over());
    assert!(believes(&below, &next) && believes(&next, &below));
    assert_eq!(held(&next).phase(), RotationPhase::Alone);
}

#[test]
fn only_what_cannot_sign_is_taken_away_from_those_who_believe_it() {
    let now = Timestamp::now();
    let pair = made(None);
    let facts = certificate_facts(pair.certificate.as_bytes(), pair.key.expose().as_bytes()).unwrap();
    let stands = |change: fn(&mut CertificateFacts), vouched: bool, announced: bool| {
        let mut facts = facts.clone();
        change(&mut facts);
        authority_standing(&spec(None), Some(&facts), vouched, announced, now)
    };
    let near_its_end = |facts: &mut CertificateFacts| facts.not_after = Timestamp::now() + 300 * DAY;
    assert_eq!(stands(|_| (), true, false), AuthorityStanding::Good);
    assert_eq!(stands(|_| (), false, false), AuthorityStanding::Due);
    assert_eq!(stands(near_its_end, true, false), AuthorityStanding::Due);
    assert_eq!(stands(near_its_end, true, true), AuthorityStanding::Good, "its successor is announced");
    assert_eq!(stands(near_its_end, false, true), AuthorityStanding::Due, "by another root than it should be");
    assert_eq!(stands(|facts| facts.not_after = facts.not_before, true, true), AuthorityStanding::Lost, "nobody believes it any more");
    assert_eq!(stands(|facts| facts.key_matches = false, true, false), AuthorityStanding::Lost);
    assert_eq!(stands(|facts| facts.permitted = vec!["other".into()], true, false), AuthorityStanding::Lost);
    assert_eq!(stands(|facts| facts.fingerprint = Digest::of(b"another"), true, false), AuthorityStanding::Good);
    assert_eq!(authority_standing(&spec(None), None, true, false, now), AuthorityStanding::Lost);
}
