//! TLS-003: hosts and servers refuse TLS 1.0, TLS 1.1, and weak suites, tried beside a handshake with the newest version.

use airlock_model::{AttemptResult, Check, CheckSpec, Finding, Need, Profile, Severity, Snapshot, Subject, TlsVersion, World};

use super::hosts;
use crate::attempts::{Greeted, Outdated, outcome, words};
use crate::described::{Described, Resting};

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "TLS-003",
        title: "no host and no server speaks TLS 1.0, TLS 1.1, or weak suites",
        severity: Severity::High,
        promises: &["P6", "P7"],
        explanation: "Three handshakes with each host at the edge and each server inside the cluster whose certificate is renewed, and the database server where there is a deployment that may reach it, also one that you run: one that offers nothing newer than TLS 1.0, one nothing newer than TLS 1.1, and one TLS 1.2 with suites alone that do not protect (none, RC4, DES, 3DES, 40 bits, no authentication; RFC 9325 section 4.1). All must be refused while a handshake that offers TLS 1.3 gets as far as a certificate. A connection that fails below TLS proves nothing.",
        remedy: "Edge and servers as Airlock configures them speak TLS 1.2 and 1.3 alone; a PostgreSQL server of yours does by `ssl_min_protocol_version` and `ssl_ciphers`. Find what answers before them (a load balancer that ends TLS, a changed configuration) and have the old versions and suites switched off there.",
    },
    expected: "refused, while TLS 1.2 or 1.3 is accepted beside it",
    why: "traffic can be forced down to versions and suites whose protection was broken (RFC 8996, RFC 9325)",
};

/// The check.
pub(crate) struct OutdatedTls;

impl Check for OutdatedTls {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, world: &World) -> Vec<Need> {
        let tried = |server: &Greeted| [server.current()].into_iter().chain(Outdated::ALL.map(|outdated| server.offer(outdated))).collect::<Vec<_>>();
        let inside = Greeted::inside(world);
        let inside = inside.iter().flat_map(tried).map(|attempt| Need::Attempt(Box::new(attempt)));
        hosts::needs(world, |host| tried(&Greeted::host(world, host))).into_iter().chain(inside).collect()
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        let at_host = |host: &str| {
            let server = Greeted::host(&given.world, host);
            Outdated::ALL.map(|outdated| judge(given, &server, outdated, Subject::of("Host", format!("{host}:{}, {}", given.world.edge_port, outdated.words()))))
        };
        let inside = Greeted::inside(&given.world);
        let inside = inside.iter().flat_map(|server| Outdated::ALL.map(|outdated| judge(given, server, outdated, Subject::of("Server", format!("{}, {}", server.name, outdated.words())))));
        hosts::findings(&TEXTS, given, at_host).into_iter().chain(inside).collect()
    }
}

fn judge(given: &Snapshot, server: &Greeted, outdated: Outdated, subject: Subject) -> Finding {
    let tried = match outcome(given, &server.id(outdated)) {
        Ok(tried) => tried,
        Err(reason) => return TEXTS.unverified(subject, reason),
    };
    // What was accepted is a proof in itself, whatever became of the control.
    let is_agreed = match &tried.result {
        AttemptResult::Handshaken(presented) => presented.version <= TlsVersion::Tls11,
        result => matches!(result, AttemptResult::Agreed(_)),
    };
    if is_agreed {
        return TEXTS.fail(subject, words(&tried.result)).tried([tried]);
    }
    let control = match outcome(given, server.current_id()) {
        Ok(control) => control,
        Err(reason) => return TEXTS.unverified(subject, reason).tried([tried]),
    };
    let observed = format!("{}; beside it: {}", words(&tried.result), words(&control.result));
    let is_proved = matches!(tried.result, AttemptResult::TlsRefused { .. }) && control.result.presented().is_some_and(|presented| presented.version > TlsVersion::Tls11);
    let finding = if is_proved { TEXTS.pass(subject, observed) } else { TEXTS.unverified(subject, observed) };
    finding.tried([tried, control])
}
