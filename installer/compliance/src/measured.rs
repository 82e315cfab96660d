//! MON-001: what is to be measured is measured.

mod monitors;

use std::collections::BTreeSet;

use airlock_model::answers::Receiver;
use airlock_model::names::MEASURED_JOBS;
use airlock_model::{AttemptResult, Check, CheckSpec, Finding, Measured, Need, Profile, Reason, Severity, Snapshot, World};

use crate::attempts::{outcome, prometheus, words};
use crate::described::{Described, Resting};

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "MON-001",
        title: "what is to be measured is measured",
        severity: Severity::Medium,
        promises: &["P4"],
        explanation: "The platform's Prometheus is asked, by way of the API server, since it listens inside its pod alone, for each target whether its last measurement came (the series `up`). Every target must have answered, those of the platform's own parts and one for each Airflow deployment must be there. A target that has just come is waited for, 75 seconds at most. Where the company's own Prometheus measures, each ServiceMonitor and PodMonitor of the installation must select something that has the port which it names, and one must select something of each Airflow deployment; whether what is selected answers is not known here, so that the best that is said is a warning.",
        remedy: "`kubectl -n NAMESPACE exec monitoring-0 -c prometheus -- promtool query instant http://127.0.0.1:9090 'up == 0'` names what does not answer. See whether its pod runs, and whether a NetworkPolicy of somebody else stands in between; `airlock install`, and `airlock deployment apply` for a deployment, put back what Airlock made. A monitor that selects nothing is not Airlock's, or was changed: compare its labels and the name of its port with those of the Service (`kubectl get services --show-labels`).",
    },
    expected: "every target is up, one of each deployment among them",
    why: "what is not measured raises no alert, however bad it is",
};

const TARGETS: &str = "targets of Prometheus";
pub(crate) const CHECK: &dyn Check = &EverythingMeasured;

/// The check.
struct EverythingMeasured;

impl Check for EverythingMeasured {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, world: &World) -> Vec<Need> {
        match world.receiver {
            Some(_) => vec![Need::Attempt(Box::new(prometheus::targets(world)))],
            None if world.is_watched_by_others => monitors::needs(),
            None => Vec::new(),
        }
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        match given.world.receiver {
            None if given.world.base_domain.is_empty() => return vec![TEXTS.unverified(TARGETS, "nothing is known of the installation")],
            None if given.world.is_watched_by_others => return monitors::judge(given),
            None => return vec![TEXTS.not_applicable(TARGETS, Reason::ComponentOff, "no monitoring is installed")],
            Some(Receiver::None | Receiver::Webhook | Receiver::Email) => {}
        }
        let outcome = match outcome(given, &prometheus::targets_id()) {
            Ok(outcome) => outcome,
            Err(reason) => return vec![TEXTS.unverified(TARGETS, reason)],
        };
        let AttemptResult::Measured(targets) = &outcome.result else { return vec![TEXTS.unverified(TARGETS, words(&outcome.result)).tried([outcome])] };
        judge(&given.world, targets).into_iter().map(|finding| finding.tried([outcome])).collect()
    }
}

fn judge(world: &World, targets: &[Measured]) -> Vec<Finding> {
    let down = targets.iter().filter(|target| !target.up);
    let mut findings: Vec<Finding> = down.map(|target| TEXTS.fail(format!("{} {}", target.job.raw(), target.instance.raw()), "it did not answer the last time it was to be measured")).collect();
    let jobs: BTreeSet<&str> = targets.iter().map(|target| target.job.raw()).collect();
    findings.extend(MEASURED_JOBS.into_iter().filter(|job| !jobs.contains(job)).map(|job| TEXTS.fail(job, "Prometheus has no such target")));
    let deployments: BTreeSet<&str> = targets.iter().filter_map(|target| target.deployment.as_ref().map(airlock_model::Untrusted::raw)).collect();
    findings.extend(world.deployments.iter().filter(|of| !deployments.contains(of.name.as_str())).map(|of| TEXTS.fail(format!("deployment {}", of.name), "Prometheus has no target of it")));
    if findings.is_empty() {
        findings.push(TEXTS.pass(TARGETS, format!("all {} are up, in {} jobs, {} deployments among them", targets.len(), jobs.len(), deployments.len())));
    }
    findings
}

#[cfg(test)]
mod tests {
    use airlock_model::{Credentials, CredentialsForm, Outcome, Verdict, WorldDeployment};
    use jiff::Timestamp;

    use super::*;
    use crate::profile::unprofiled;

    fn world() -> World {
        let deployment = WorldDeployment { name: "alpha".into(), namespace: "airlock-alpha".into(), host: "alpha-airflow.platform.test".into(), login: nobody(), role: nobody() };
        World { base_domain: "platform.test".into(), platform: "airlock".into(), receiver: Some(Receiver::None), deployments: vec![deployment], ..World::default() }
    }

    fn nobody() -> Credentials {
        Credentials { username: "nobody".into(), password: None, form: CredentialsForm::Basic }
    }

    fn targets(but: impl Fn(&mut Measured) -> bool) -> AttemptResult {
        let target =
            |job: &str, deployment: Option<&str>| Measured { job: job.to_owned().into(), instance: "i:1".to_owned().into(), deployment: deployment.map(|name| name.to_owned().into()), up: true };
        let mut all: Vec<Measured> = MEASURED_JOBS.map(|job| target(job, None)).into();
        all.push(target("airflow", Some("alpha")));
        all.retain_mut(|target| but(target));
        AttemptResult::Measured(all)
    }

    fn judged(world: World, result: Option<AttemptResult>) -> Vec<(String, Verdict)> {
        let outcomes =
            result.map(|result| (prometheus::targets_id(), Outcome { attempt: prometheus::targets_id(), result, source: None, destination: None, started: Timestamp::UNIX_EPOCH, took_millis: 0 }));
        let given = Snapshot { world, outcomes: outcomes.into_iter().collect(), ..Snapshot::default() };
        CHECK.evaluate(&unprofiled(), &given).into_iter().map(|finding| (finding.subject.name.raw().to_owned(), finding.verdict)).collect()
    }

    #[test]
    fn every_target_is_there_and_up() {
        let of = |but: fn(&mut Measured) -> bool| judged(world(), Some(targets(but)));
        assert_eq!(of(|_| true), [(TARGETS.to_owned(), Verdict::Pass)]);
        assert_eq!(
            of(|target| {
                target.up = target.job.raw() != "certificates";
                true
            }),
            [("certificates i:1".to_owned(), Verdict::Fail)]
        );
        assert_eq!(of(|target| target.job.raw() != "alertmanager"), [("alertmanager".to_owned(), Verdict::Fail)]);
        assert_eq!(of(|target| target.deployment.is_none()), [("deployment alpha".to_owned(), Verdict::Fail)]);
        assert_eq!(of(|_| false).len(), 5, "an answer without targets is no pass");
    }

    #[test]
    fn without_an_answer_nothing_is_vouched_for() {
        let one = |verdict| [(TARGETS.to_owned(), verdict)];
        assert_eq!(judged(world(), None), one(Verdict::Unverified));
        assert_eq!(judged(world(), Some(AttemptResult::NotCarriedOut("403".to_owned().into()))), one(Verdict::Unverified));
        assert_eq!(judged(World { receiver: None, ..world() }, None), one(Verdict::NotApplicable));
        assert_eq!(judged(World { receiver: None, is_watched_by_others: true, ..world() }, None), one(Verdict::Unverified), "its monitors were not read");
        assert_eq!(judged(World::default(), None), one(Verdict::Unverified));
        assert!(CHECK.needs(&unprofiled(), &World { receiver: None, ..world() }).is_empty());
        assert_eq!(CHECK.needs(&unprofiled(), &world()).len(), 1);
    }
}
