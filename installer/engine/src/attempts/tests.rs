use airlock_model::{AttemptAction, TlsVersion};

use super::*;

fn attempt(target: Target) -> Attempt {
    Attempt { id: "a".into(), from: Vantage::Workstation, target, action: AttemptAction::Connect, control: None, purpose: String::new() }
}

fn listener() -> Target {
    Target::Listener { namespace: "airlock-probes".into(), labels: BTreeMap::new(), port: 8443 }
}

#[test]
fn an_attempt_at_a_listener_is_aimed_at_its_address() {
    let attempt = attempt(listener());
    let listeners = BTreeMap::from([(place(&attempt).unwrap(), Ok("10.0.0.7".parse().unwrap()))]);
    assert_eq!(aim(&attempt, &listeners).unwrap().target, Target::Address { host: "10.0.0.7".into(), port: 8443 });
}

#[test]
fn without_a_listener_nothing_is_attempted_and_the_reason_is_kept() {
    let attempt = attempt(listener());
    let listeners = BTreeMap::from([(place(&attempt).unwrap(), Err("no pod listens: image".to_owned()))]);
    assert_eq!(aim(&attempt, &listeners).unwrap_err(), "no pod listens: image");
    assert_eq!(aim(&attempt, &BTreeMap::new()).unwrap_err(), "no pod listens");
}

#[test]
fn other_attempts_keep_their_target() {
    let target = Target::Address { host: "registry.example.com".into(), port: 443 };
    let attempt = Attempt { action: AttemptAction::Handshake { server_name: "x".into(), newest: TlsVersion::Tls11, trust: airlock_model::Trust::System }, ..attempt(target.clone()) };
    assert_eq!(aim(&attempt, &BTreeMap::new()).unwrap().target, target);
}

#[test]
fn what_was_not_carried_out_says_why_and_is_no_refusal() {
    let outcome = not_carried_out(&attempt(listener()), "no image");
    assert_eq!(outcome.result, AttemptResult::NotCarriedOut(Untrusted::from("no image")));
}
