//! Pods that read their files again do so when the kubelet has brought them the new ones, up to a minute and a half after
//! the write. An install is judged after that: what the edge serves is asked for until it is of today.

use std::time::Duration;

use airlock_cluster::Cluster;
use airlock_engine::Halt;
use airlock_engine::attempts::{self, ProbeSite};
use airlock_model::{Attempt, AttemptAction, AttemptId, AttemptResult, Event, Events, ObjectRef, Outcome, StepId, Target, TlsVersion, Trust, Untrusted, Vantage, World};
use tokio::time::{Instant, sleep};

use crate::PlatformError;

/// The kubelet looks at a pod's files every minute, by chance up to half a minute later; then comes the reload.
const WITHIN: Duration = Duration::from_mins(3);
/// Between two looks.
const PAUSE: Duration = Duration::from_secs(2);

/// Waits while the edge serves a former certificate, or does not yet believe a component whose authority is new. Whatever
/// else is wrong is for the checks to say.
pub(crate) async fn wait(cluster: &Cluster, world: &World, site: &ProbeSite, halt: &Halt, events: &dyn Events) -> Result<(), PlatformError> {
    let attempts = attempts(world);
    let began = Instant::now();
    let mut told = "";
    while began.elapsed() < WITHIN {
        let outcomes = attempts::carry_out(cluster, &attempts, site, halt, events).await?;
        let Some(cause) = outcomes.iter().find_map(|outcome| former(world, outcome)) else { return Ok(()) };
        if told != cause {
            let object = ObjectRef::namespaced("apps/v1", "Deployment", &world.platform, "edge");
            events.send(Event::Waiting { step: StepId::from("verify"), object, cause: Untrusted::from(cause) });
            told = cause;
        }
        halt.or(sleep(PAUSE)).await?;
    }
    Ok(())
}

/// A handshake with the base domain, and a request that the edge passes on.
fn attempts(world: &World) -> Vec<Attempt> {
    let attempt = |id: &str, host: &str, action: AttemptAction| Attempt {
        id: AttemptId::from(id),
        from: Vantage::Workstation,
        target: Target::Address { host: host.to_owned(), port: world.edge_port },
        action,
        control: None,
        purpose: "see whether the edge has read its files again".to_owned(),
    };
    let base = &world.base_domain;
    let mut attempts = vec![attempt("reload.certificate", base, AttemptAction::Handshake { server_name: base.clone(), newest: TlsVersion::Tls13, trust: Trust::Unverified })];
    attempts.extend(world.registry.as_ref().map(|host| {
        let action = AttemptAction::Request { method: "GET".to_owned(), path: "/v2/".to_owned(), server_name: host.clone(), trust: Trust::Unverified, credentials: None };
        attempt("reload.authority", host, action)
    }));
    attempts
}

/// What shows that the edge has not read its files again, if anything does.
fn former(world: &World, outcome: &Outcome) -> Option<&'static str> {
    match &outcome.result {
        AttemptResult::Handshaken(presented) => {
            let is_former = world.certificate.as_ref().is_some_and(|installed| *installed != presented.fingerprint);
            is_former.then_some("it serves the former certificate until its files are there; that takes up to a minute and a half")
        }
        AttemptResult::Answered { status: 502, .. } => Some("it does not pass requests on yet; a changed authority takes up to a minute and a half to get there"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use airlock_model::{Digest, Presented};
    use jiff::Timestamp;

    use super::*;

    fn world() -> World {
        World { base_domain: "platform.test".into(), certificate: Some(Digest::of(b"new")), registry: Some("registry.platform.test".into()), ..World::default() }
    }

    fn waits(result: AttemptResult) -> bool {
        let outcome = Outcome { attempt: AttemptId::from("reload"), result, source: None, destination: None, started: Timestamp::UNIX_EPOCH, took_millis: 0 };
        former(&world(), &outcome).is_some()
    }

    fn presented(leaf: &[u8]) -> AttemptResult {
        AttemptResult::Handshaken(Presented {
            version: TlsVersion::Tls13,
            fingerprint: Digest::of(leaf),
            names: Vec::new(),
            issuer: Untrusted::from("ca"),
            not_before: Timestamp::UNIX_EPOCH,
            not_after: Timestamp::UNIX_EPOCH,
            chain_length: 2,
        })
    }

    #[test]
    fn only_what_a_reload_will_mend_is_waited_for() {
        assert!(waits(presented(b"former")) && waits(AttemptResult::Answered { status: 502, challenge: None, location: None, transport_security: None, allowed_origin: None }));
        for other in [
            presented(b"new"),
            AttemptResult::Answered { status: 401, challenge: None, location: None, transport_security: None, allowed_origin: None },
            AttemptResult::NoSuchName,
            AttemptResult::TimedOut,
            AttemptResult::TlsRefused { alert: None },
        ] {
            assert!(!waits(other.clone()), "{other:?}");
        }
    }

    #[test]
    fn it_looks_from_here_so_that_no_pod_is_made() {
        assert!(attempts(&world()).iter().all(|attempt| attempt.from == Vantage::Workstation));
        assert_eq!(attempts(&World { registry: None, ..world() }).len(), 1);
    }
}
