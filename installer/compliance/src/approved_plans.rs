//! EVD-003: what is there is what plans made that were approved: journals tell of no other, and nothing was changed since.

use std::collections::{BTreeMap, BTreeSet};

use airlock_model::{ApprovedBy, Check, CheckSpec, Digest, Drifted, Fact, Finding, Need, Operation, PlanRun, Profile, Reason, Severity, Snapshot, World, names};

use crate::described::Described;
use crate::parameter;

/// The parameter with the digests of the plans.
pub(crate) const PLANS: &str = "EVD-003.plans";
/// The parameter with the ways in which plans may be let go.
pub(crate) const WAYS: &str = "EVD-003.ways";
/// The ways.
pub(crate) const EACH_WAY: &[&str] = &[PROMPT, YES];
const PROMPT: &str = "prompt";
const YES: &str = "yes";

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "EVD-003",
        title: "live objects are those that were approved",
        severity: Severity::High,
        promises: &["P2"],
        explanation: "EVD-003.plans names the plans that somebody approved, by the digest that `airlock plan` shows of each, or `airlock deployment create`: it covers every object, image, and right of the plan. Each plan that the journals of the platform's and of each deployment's namespace tell of must be one of them, and what the plans made must be as they made it, as EVD-002 sees it. Ten journals of a namespace are kept; where there are as many, earlier plans are unverified. Journals and records are ConfigMaps, which whoever may write them can edit, and those of a deployment go with it: signed evidence of earlier runs has them (`airlock evidence report`). EVD-003.ways says how a plan may have been let go: by a person at the prompt, by --yes, or both; it holds alone or beside the names. What no plan made is not looked at. Where both parameters are silent nothing is.",
        remedy: "Have a plan written and approved before it is carried out: `airlock plan -o json > plan.json`, and `airlock install --plan plan.json`, which can do nothing else. Where a plan that was carried out is good, whoever answers for it adds its digest to EVD-003.plans. Where --yes does not count, let plans go at the prompt. What was changed by hand is put back by a plan too, which is approved like any other.",
    },
    expected: "each plan is one that EVD-003.plans names, let go as EVD-003.ways says, and nothing was changed since",
    why: "what nobody has seen beforehand runs, or what runs is not what was seen",
};

pub(crate) const CHECK: &dyn Check = &ApprovedPlans;

/// The check.
struct ApprovedPlans;

impl Check for ApprovedPlans {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, profile: &Profile, _: &World) -> Vec<Need> {
        if [PLANS, WAYS].iter().all(|name| parameter::texts(profile, name).is_empty()) { Vec::new() } else { vec![Need::PlanRuns, Need::Drift] }
    }

    fn evaluate(&self, profile: &Profile, given: &Snapshot) -> Vec<Finding> {
        const ALL: &str = "the installation";
        let (named, ways) = (parameter::texts(profile, PLANS), parameter::texts(profile, WAYS));
        if named.is_empty() && ways.is_empty() {
            return vec![TEXTS.not_applicable(ALL, Reason::NotAsked, format!("{PLANS} names none, and {WAYS} nothing"))];
        }
        let plans: Option<BTreeSet<Digest>> = match (!named.is_empty()).then(|| named.into_iter().map(str::parse).collect::<Result<_, _>>()).transpose() {
            Ok(plans) => plans,
            Err(error) => return vec![TEXTS.unverified(PLANS, format!("names no plan: {error}"))],
        };
        let rules = Rules { plans, ways };
        let runs = match &given.plan_runs {
            None => return vec![TEXTS.unverified(ALL, "nobody looked which plans were carried out")],
            Some(Fact::Unverified(why)) => return vec![TEXTS.unverified(ALL, why.as_str())],
            Some(Fact::Known(runs)) => runs,
        };
        let deployments = given.world.deployments.iter().map(|deployment| (format!("deployment {}", deployment.name), &deployment.namespace));
        let parts = std::iter::once(("the platform".to_owned(), &given.world.platform)).chain(deployments);
        parts.flat_map(|(what, namespace)| rules.judge(&what, runs.get(namespace)).into_iter().chain([unchanged(&what, namespace, given)]).collect::<Vec<_>>()).collect()
    }
}

/// Which plans count as approved; none and empty: of that nothing is asked.
struct Rules<'a> {
    plans: Option<BTreeSet<Digest>>,
    ways: Vec<&'a str>,
}

impl Rules<'_> {
    /// The plans of one part, each once: as it was carried out last, or as it must not have been.
    fn judge(&self, what: &str, runs: Option<&Fact<Vec<PlanRun>>>) -> Vec<Finding> {
        let unknown = |why: &str| vec![TEXTS.unverified(format!("{what}: plans"), why)];
        let runs = match runs {
            None => return unknown("nobody looked which were carried out"),
            Some(Fact::Unverified(why)) => return unknown(why),
            Some(Fact::Known(runs)) if runs.is_empty() => return unknown("no journal tells of one"),
            Some(Fact::Known(runs)) => runs,
        };
        let mut each: BTreeMap<&Digest, &PlanRun> = BTreeMap::new();
        for run in runs {
            if each.get(&run.plan).is_none_or(|other| self.takes(other.approved)) {
                each.insert(&run.plan, run);
            }
        }
        let earlier = || TEXTS.unverified(format!("{what}: earlier plans"), format!("{} journals are kept, and there are as many", names::JOURNALS_KEPT));
        each.into_values().map(|run| self.judge_run(what, run)).chain((runs.len() >= names::JOURNALS_KEPT).then(earlier)).collect()
    }

    fn judge_run(&self, what: &str, run: &PlanRun) -> Finding {
        let subject = format!("{what}: plan {}", run.plan);
        let how = match run.approved {
            ApprovedBy::YesFlag => "by --yes",
            ApprovedBy::Prompt => "at the prompt",
        };
        let carried_out = format!("carried out {} by {}, let go {how}", run.started, run.by);
        let unnamed = self.plans.as_ref().is_some_and(|plans| !plans.contains(&run.plan)).then(|| format!("{PLANS} does not name it"));
        let otherwise = (!self.takes(run.approved)).then(|| format!("{WAYS} takes {} alone", self.ways.join(" and ")));
        match unnamed.into_iter().chain(otherwise).collect::<Vec<_>>() {
            wrong if wrong.is_empty() => TEXTS.pass(subject, format!("{carried_out}; approved")),
            wrong => TEXTS.fail(subject, format!("{carried_out}; {}", wrong.join("; "))),
        }
    }

    fn takes(&self, approved: ApprovedBy) -> bool {
        let way = match approved {
            ApprovedBy::Prompt => PROMPT,
            ApprovedBy::YesFlag => YES,
        };
        self.ways.is_empty() || self.ways.contains(&way)
    }
}

/// Whether the objects of one part are as its plans made them.
fn unchanged(what: &str, namespace: &str, given: &Snapshot) -> Finding {
    let subject = format!("{what}: objects");
    let changes = match given.drift.as_ref().map(|drift| drift.as_ref().map(|parts| parts.iter().find(|part| part.namespace == namespace))) {
        None | Some(Ok(None)) => return TEXTS.unverified(subject, "they were not compared with what was installed"),
        Some(Err(reason)) => return TEXTS.unverified(subject, reason.as_str()),
        Some(Ok(Some(Drifted { changes: Fact::Unverified(why), .. }))) => return TEXTS.unverified(subject, why.as_str()),
        Some(Ok(Some(Drifted { changes: Fact::Known(changes), .. }))) => changes,
    };
    match changes.iter().filter(|change| change.operation != Operation::Await).count() {
        0 => TEXTS.pass(subject, "every object is as it was installed"),
        count => TEXTS.fail(subject, format!("{count} no longer as installed; EVD-002 names each with its fields")),
    }
}

#[cfg(test)]
mod tests {
    use airlock_model::{Change, Credentials, CredentialsForm, ObjectRef, Verdict, WorldDeployment};

    use super::*;
    use crate::network::tests::profile;

    const NOW: &str = "2026-11-30T01:00:00Z";

    fn run(plan: &str) -> PlanRun {
        let at: jiff::Timestamp = NOW.parse().unwrap();
        PlanRun {
            run: "r".to_owned().into(),
            plan: Digest::of(plan.as_bytes()),
            release: "0.1.0".to_owned().into(),
            approved: ApprovedBy::Prompt,
            by: "ann@desk".to_owned().into(),
            started: at,
            ended: Some(at),
            outcome: Some("done".to_owned().into()),
        }
    }

    fn given(platform: Fact<Vec<PlanRun>>, changes: Fact<Vec<Change>>) -> Snapshot {
        let credentials = || Credentials { username: "admin".into(), password: None, form: CredentialsForm::Json };
        let alpha = WorldDeployment { name: "alpha".into(), namespace: "airlock-alpha".into(), host: "alpha.platform.test".into(), login: credentials(), role: credentials() };
        let world = World { platform: "airlock".into(), deployments: vec![alpha], ..World::default() };
        let plan_runs = BTreeMap::from([("airlock".to_owned(), platform), ("airlock-alpha".to_owned(), Fact::Known(vec![run("of alpha")]))]);
        let drift = vec![
            Drifted { what: "the platform".into(), namespace: "airlock".into(), changes },
            Drifted { what: "deployment alpha".into(), namespace: "airlock-alpha".into(), changes: Fact::Known(vec![]) },
        ];
        Snapshot { world, plan_runs: Some(Fact::Known(plan_runs)), drift: Some(Ok(drift)), ..Snapshot::default() }
    }

    fn judged(named: &[&str], given: &Snapshot) -> Vec<(String, Verdict)> {
        let named: Vec<String> = named.iter().map(|plan| Digest::of(plan.as_bytes()).to_string()).collect();
        let findings = CHECK.evaluate(&profile(serde_json::json!({ (PLANS): named })), given);
        findings.into_iter().map(|finding| (finding.subject.name.raw().split(" sha256:").next().unwrap().to_owned(), finding.verdict)).collect()
    }

    fn only(verdicts: &[(String, Verdict)], subject: &str) -> Vec<Verdict> {
        verdicts.iter().filter(|(name, _)| name == subject).map(|(_, verdict)| *verdict).collect()
    }

    #[test]
    fn plans_that_were_approved_and_left_as_they_were_pass() {
        let twice = given(Fact::Known(vec![run("first"), run("first")]), Fact::Known(vec![]));
        let all = judged(&["first", "of alpha", "never carried out"], &twice);
        assert_eq!(all.len(), 4, "a plan that is resumed counts once: {all:?}");
        assert!(all.iter().all(|(_, verdict)| *verdict == Verdict::Pass), "{all:?}");
    }

    #[test]
    fn a_plan_that_nobody_approved_fails_with_when_and_by_whom() {
        let given = given(Fact::Known(vec![run("first"), run("another")]), Fact::Known(vec![]));
        let told = judged(&["first", "of alpha"], &given);
        let mut of_platform = only(&told, "the platform: plan");
        of_platform.sort_by_key(|verdict| format!("{verdict:?}"));
        assert_eq!(of_platform, [Verdict::Fail, Verdict::Pass]);
        assert_eq!((only(&told, "deployment alpha: plan"), only(&told, "the platform: objects")), (vec![Verdict::Pass], vec![Verdict::Pass]));
        let findings = CHECK.evaluate(&profile(serde_json::json!({ (PLANS): [Digest::of(b"first").to_string(), Digest::of(b"of alpha").to_string()] })), &given);
        let failed = findings.iter().find(|finding| finding.verdict == Verdict::Fail).unwrap();
        assert_eq!(failed.observed.raw(), "carried out 2026-11-30T01:00:00Z by ann@desk, let go at the prompt; EVD-003.plans does not name it");
    }

    #[test]
    fn a_plan_that_was_let_go_otherwise_than_the_profile_takes_fails() {
        let by_yes = PlanRun { approved: ApprovedBy::YesFlag, ..run("first") };
        let judged = |parameters: serde_json::Value, runs| {
            let findings = CHECK.evaluate(&profile(parameters), &given(Fact::Known(runs), Fact::Known(vec![])));
            let of_platform = findings.into_iter().filter(|finding| finding.subject.name.raw().starts_with("the platform: plan"));
            of_platform.map(|finding| (finding.verdict, finding.observed.raw().rsplit("let go ").next().unwrap().to_owned())).collect::<Vec<_>>()
        };
        let at_the_prompt = || serde_json::json!({ (WAYS): ["prompt"] });
        let refused = [(Verdict::Fail, "by --yes; EVD-003.ways takes prompt alone".to_owned())];
        assert_eq!(judged(at_the_prompt(), vec![by_yes.clone()]), refused);
        assert_eq!(judged(at_the_prompt(), vec![run("first")]), [(Verdict::Pass, "at the prompt; approved".into())], "the control");
        for twice in [vec![run("first"), by_yes.clone()], vec![by_yes.clone(), run("first")]] {
            assert_eq!(judged(at_the_prompt(), twice), refused, "a plan that was begun one way and ended the other");
        }
        assert_eq!(judged(serde_json::json!({ (WAYS): EACH_WAY }), vec![by_yes.clone()]), [(Verdict::Pass, "by --yes; approved".into())]);
        let both = serde_json::json!({ (PLANS): [Digest::of(b"another").to_string()], (WAYS): ["prompt"] });
        assert_eq!(judged(both, vec![by_yes]), [(Verdict::Fail, "by --yes; EVD-003.plans does not name it; EVD-003.ways takes prompt alone".into())]);
    }

    #[test]
    fn what_was_carried_out_before_the_journals_that_are_kept_is_unverified() {
        let earlier = |runs| only(&judged(&["first", "of alpha"], &given(Fact::Known(vec![run("first"); runs]), Fact::Known(vec![]))), "the platform: earlier plans");
        assert_eq!((earlier(names::JOURNALS_KEPT - 1), earlier(names::JOURNALS_KEPT)), (vec![], vec![Verdict::Unverified]));
    }

    #[test]
    fn what_was_changed_since_fails_and_what_is_only_waited_for_does_not() {
        let change = |operation| Change { object: ObjectRef::namespaced("apps/v1", "Deployment", "airlock", "edge"), operation, seen: None, fields: Vec::new() };
        let verdict = |changes| only(&judged(&["first", "of alpha"], &given(Fact::Known(vec![run("first")]), changes)), "the platform: objects");
        assert_eq!(verdict(Fact::Known(vec![change(Operation::Await)])), [Verdict::Pass]);
        assert_eq!(verdict(Fact::Known(vec![change(Operation::Await), change(Operation::Update)])), [Verdict::Fail]);
        assert_eq!(verdict(Fact::Unverified("forbidden".into())), [Verdict::Unverified]);
    }

    #[test]
    fn what_nobody_knows_is_no_pass() {
        let whole = given(Fact::Known(vec![run("first")]), Fact::Known(vec![]));
        for runs in [Fact::Unverified("forbidden".to_owned()), Fact::Known(vec![])] {
            assert_eq!(only(&judged(&["first", "of alpha"], &given(runs, Fact::Known(vec![]))), "the platform: plans"), [Verdict::Unverified]);
        }
        for plan_runs in [None, Some(Fact::Unverified("forbidden".to_owned()))] {
            assert_eq!(judged(&["first"], &Snapshot { plan_runs, ..whole.clone() }), [("the installation".to_owned(), Verdict::Unverified)]);
        }
        let elsewhere = Snapshot { plan_runs: Some(Fact::Known(BTreeMap::new())), ..whole.clone() };
        assert_eq!(only(&judged(&["first"], &elsewhere), "deployment alpha: plans"), [Verdict::Unverified]);
        for drift in [None, Some(Err("forbidden".to_owned())), Some(Ok(Vec::new()))] {
            assert_eq!(only(&judged(&["first"], &Snapshot { drift, ..whole.clone() }), "the platform: objects"), [Verdict::Unverified]);
        }
        let wrong = CHECK.evaluate(&profile(serde_json::json!({ (PLANS): ["the one of Monday"] })), &whole);
        assert_eq!((wrong.len(), wrong[0].verdict), (1, Verdict::Unverified));
        assert_eq!(CHECK.evaluate(&profile(serde_json::json!({})), &whole)[0].verdict, Verdict::NotApplicable);
    }
}
