//! TLS-008: servers inside the cluster answer nobody who comes without TLS.

use airlock_model::{AttemptResult, Check, CheckSpec, Finding, Need, Profile, Reason, Severity, Snapshot, World};

use crate::attempts::Greeted;
use crate::described::Described;
use crate::refusal::{Reading, refused_beside};

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "TLS-008",
        title: "no server inside the cluster answers without TLS",
        severity: Severity::High,
        promises: &["P6"],
        explanation: "A request without TLS to each server inside the cluster whose certificate is renewed, from a pod under the policies of the renewer. Each must end the connection or answer 400, as servers do that speak TLS alone, while a handshake beside it is made. The database server is asked by DBS-006. No release installs Redis yet, which will be among them.",
        remedy: "Servers as Airlock configures them speak TLS alone: `airlock install` and `airlock deployment apply` put back what was changed.",
    },
    expected: "refused, while a handshake is made beside it",
    why: "who stands between two pods reads what they say, and answers in the place of either",
};

static READING: Reading = Reading { control: "beside it, with TLS", is_accepted: is_made, is_let_in: is_answered, is_refused };

const fn is_made(result: &AttemptResult) -> bool {
    result.presented().is_some()
}

const fn is_answered(result: &AttemptResult) -> bool {
    matches!(result, AttemptResult::Answered { .. }) && !is_refused(result)
}

/// Go's servers and nginx answer 400 to HTTP where they wait for TLS (`net/http`, `server.go`; nginx, `ngx_http_ssl_module`, error 497).
const fn is_refused(result: &AttemptResult) -> bool {
    matches!(result, AttemptResult::Answered { status: 400, .. } | AttemptResult::Unanswered(_))
}

/// The check.
pub(crate) struct InnerPlainText;

impl Check for InnerPlainText {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, world: &World) -> Vec<Need> {
        let tried = |server: &Greeted| server.plain().map(|plain| [server.current(), plain]);
        Greeted::inside(world).iter().filter_map(tried).flatten().map(|attempt| Need::Attempt(Box::new(attempt))).collect()
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        const ALL: &str = "servers inside the cluster";
        if given.world.base_domain.is_empty() {
            return vec![TEXTS.unverified(ALL, "nothing is known of the installation")];
        }
        let of = |server: &Greeted| server.plain().map(|plain| refused_beside(&TEXTS, given, (&plain.id, server.current_id()), &READING, format!("{}, without TLS", server.name)));
        let findings: Vec<Finding> = Greeted::inside(&given.world).iter().filter_map(of).collect();
        if findings.is_empty() { vec![TEXTS.not_applicable(ALL, Reason::NoSubject, "there is none")] } else { findings }
    }
}
