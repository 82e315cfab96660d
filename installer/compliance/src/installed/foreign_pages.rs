//! AUT-009: no page of another host reads an Airflow deployment.

use airlock_model::{AttemptResult, Check, CheckSpec, Finding, Need, Profile, Severity, Snapshot, Subject, World, WorldDeployment};

use super::deployments;
use crate::attempts::{Page, origin_of, outcome, words};
use crate::described::{Described, Resting};

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "AUT-009",
        title: "no page of another host reads an Airflow deployment",
        severity: Severity::High,
        promises: &["P12", "P13"],
        explanation: "At the host of each Airflow deployment, through the edge: a request for its version as a browser makes it for a page of each other deployment, and of a host of the base domain that nobody has (`Origin`). It must be answered, and the answer must allow no origin but the deployment's own (`Access-Control-Allow-Origin`): browsers hand it to no other page then (Fetch standard, CORS protocol). An origin that is allowed when it asks, and was not asked for, is not seen. Without an answer the check is unverified.",
        remedy: "Take the origin out of `AIRFLOW__API__ACCESS_CONTROL_ALLOW_ORIGINS`, which is in the deployment's image or its environment, and run `airlock deployment apply` with the deployment's document; an edge that adds such a header is put back by `airlock install`.",
    },
    expected: "an answer that allows no other origin",
    why: "who is logged in at one deployment and opens a page of another hands it what she may read there",
};

/// The check.
pub(crate) struct ForeignPages;

impl Check for ForeignPages {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, world: &World) -> Vec<Need> {
        deployments::needs(world, |deployment| Page::others(world, deployment).into_iter().map(|page| page.attempt(world, deployment)).collect::<Vec<_>>())
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        deployments::findings(&TEXTS, given, |deployment| [judge(given, deployment)])
    }
}

fn judge(given: &Snapshot, of: &WorldDeployment) -> Finding {
    let subject = Subject::of("Host", format!("{}: pages of other hosts", of.host));
    let (mut tried, mut allowed, mut unanswered) = (Vec::new(), Vec::new(), Vec::new());
    for page in Page::others(&given.world, of) {
        let asked = match outcome(given, &page.id(of)) {
            Ok(asked) => asked,
            Err(reason) => {
                unanswered.push(format!("{}: {reason}", page.origin()));
                continue;
            }
        };
        tried.push(asked);
        match &asked.result {
            AttemptResult::Answered { allowed_origin: Some(origin), .. } if *origin.raw() != origin_of(&of.host) => allowed.push(origin.raw()),
            AttemptResult::Answered { status: 200..300, .. } => {}
            other => unanswered.push(format!("{}: {}", page.origin(), words(other))),
        }
    }
    allowed.sort_unstable();
    allowed.dedup();
    let finding = match (allowed.is_empty(), unanswered.is_empty()) {
        (false, _) => TEXTS.fail(subject, format!("answers may be read by pages of {}", allowed.join(", ").replace('*', "every host"))),
        (true, false) => TEXTS.unverified(subject, unanswered.join("; ")),
        (true, true) => TEXTS.pass(subject, format!("none of the pages of {} other hosts may read its answers", tried.len())),
    };
    finding.tried(tried)
}
