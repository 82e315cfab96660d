//! EVD-001: a run is whole: it is known by what it judges, where, and for whom, and it may look at all that it asks for.

use airlock_model::{Check, CheckSpec, Fact, Finding, JudgingRun, Need, Permission, Profile, Severity, Snapshot, World};

use crate::described::{Described, Resting};

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "EVD-001",
        title: "a run is whole: profile, program, cluster, caller, and rights are known",
        severity: Severity::High,
        promises: &["P2"],
        explanation: "What a report rests on: the digest of the profile, that of the program that judges (SHA-256 of its file), the identity of the cluster (UID of the namespace kube-system), the caller as the API server knows her (SelfSubjectReview), and for every right that the checks of this run ask for whether she has it (SelfSubjectAccessReview). A right that she lacks fails, since what it would have shown is unverified; a question that was not answered is unverified.",
        remedy: "Run the check as somebody who may look at all that it asks for: `airlock compliance-check --permissions` prints the roles that are lacking, for `kubectl apply -f -`.",
    },
    expected: "profile, program, cluster, and caller are known, and every right that the checks ask for is there",
    why: "nobody can say afterwards what was judged, by what, and whether all of it was looked at",
};

/// How many rights a finding names.
const NAMED: usize = 8;

pub(crate) const CHECK: &dyn Check = &WholeRun;

/// The check.
struct WholeRun;

impl Check for WholeRun {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        vec![Need::Run]
    }

    fn evaluate(&self, profile: &Profile, given: &Snapshot) -> Vec<Finding> {
        let Some(run) = &given.run else { return vec![TEXTS.unverified("the run", "what it rests on was not looked at")] };
        let JudgingRun { program, cluster_uid, caller, rights } = run;
        let digest = crate::digest(profile).map_or_else(|error| Fact::Unverified(error.to_string()), |digest| Fact::Known(format!("{}, {digest}", profile.metadata.name)));
        let program = map(program, |digest| format!("airlock {}, {digest}", env!("CARGO_PKG_VERSION")));
        vec![known("profile", &digest), known("program", &program), known("cluster", cluster_uid), known("caller", &map(caller, |caller| caller.user.clone())), allowed(rights)]
    }
}

fn map<T>(fact: &Fact<T>, words: impl Fn(&T) -> String) -> Fact<String> {
    match fact {
        Fact::Known(value) => Fact::Known(words(value)),
        Fact::Unverified(why) => Fact::Unverified(why.clone()),
    }
}

fn known(subject: &str, fact: &Fact<String>) -> Finding {
    match fact {
        Fact::Known(value) => TEXTS.pass(subject, value.as_str()).known(format!("{subject}: {value}")),
        Fact::Unverified(why) => TEXTS.unverified(subject, why.as_str()),
    }
}

fn allowed(rights: &Fact<Vec<Permission>>) -> Finding {
    const SUBJECT: &str = "rights";
    let rights = match rights {
        Fact::Known(rights) => rights,
        Fact::Unverified(why) => return TEXTS.unverified(SUBJECT, why.as_str()),
    };
    let those = |is_meant: fn(&Fact<bool>) -> bool| rights.iter().filter(|permission| is_meant(&permission.granted)).collect::<Vec<_>>();
    let (refused, unanswered) = (those(|granted| granted.known() == Some(&false)), those(|granted| granted.known().is_none()));
    if !refused.is_empty() {
        return TEXTS.fail(SUBJECT, format!("lacking: {}", listed(&refused)));
    }
    if !unanswered.is_empty() {
        return TEXTS.unverified(SUBJECT, format!("not answered for: {}", listed(&unanswered)));
    }
    match rights.len() {
        0 => TEXTS.unverified(SUBJECT, "no right was asked about"),
        asked => TEXTS.pass(SUBJECT, format!("all {asked} that the checks ask for")),
    }
}

fn listed(permissions: &[&Permission]) -> String {
    let one = |permission: &&Permission| match permission.checks.iter().cloned().collect::<Vec<_>>().join(", ") {
        checks if checks.is_empty() => permission.right.to_string(),
        checks => format!("{} ({checks})", permission.right),
    };
    let named = permissions.iter().take(NAMED).map(one).collect::<Vec<_>>().join("; ");
    match permissions.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named}; and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use airlock_model::{Caller, Digest, Right, Verdict};

    use super::*;
    use crate::profile::unprofiled;

    fn permission(resource: &str, granted: Fact<bool>) -> Permission {
        Permission { right: Right { group: String::new(), resource: resource.to_owned(), verb: "list".into(), namespace: None }, checks: ["NET-013".to_owned()].into(), shows: None, granted }
    }

    fn whole() -> JudgingRun {
        JudgingRun {
            program: Fact::Known(Digest::of(b"program")),
            cluster_uid: Fact::Known("7c1e".into()),
            caller: Fact::Known(Caller { user: "alice".into(), groups: Vec::new() }),
            rights: Fact::Known(vec![permission("nodes", Fact::Known(true)), permission("pods", Fact::Known(true))]),
        }
    }

    fn said(run: Option<JudgingRun>) -> Vec<Finding> {
        WholeRun.evaluate(&unprofiled(), &Snapshot { run, ..Snapshot::default() })
    }

    fn of<'f>(findings: &'f [Finding], subject: &str) -> &'f Finding {
        findings.iter().find(|finding| finding.subject.name.raw() == subject).unwrap()
    }

    #[test]
    fn a_whole_run_says_what_it_rests_on() {
        let findings = said(Some(whole()));
        assert!(findings.len() == 5 && findings.iter().all(|finding| finding.verdict == Verdict::Pass), "{findings:#?}");
        assert!(of(&findings, "program").observed.raw().contains(&Digest::of(b"program").to_string()));
        assert!(of(&findings, "profile").observed.raw().contains(&crate::digest(&unprofiled()).unwrap().to_string()));
        assert_eq!(of(&findings, "caller").observed.raw(), "alice");
    }

    #[test]
    fn a_right_that_is_lacking_fails_and_names_who_asked_for_it() {
        let rights = |granted| Fact::Known(vec![permission("nodes", granted), permission("pods", Fact::Known(true))]);
        let lacking = said(Some(JudgingRun { rights: rights(Fact::Known(false)), ..whole() }));
        assert_eq!((of(&lacking, "rights").verdict, of(&lacking, "rights").observed.raw()), (Verdict::Fail, "lacking: list nodes in the cluster (NET-013)"));
        let unanswered = said(Some(JudgingRun { rights: rights(Fact::Unverified("timeout".into())), ..whole() }));
        assert_eq!(of(&unanswered, "rights").verdict, Verdict::Unverified);
        let many = said(Some(JudgingRun { rights: Fact::Known(vec![permission("nodes", Fact::Known(false)); NAMED + 2]), ..whole() }));
        assert!(of(&many, "rights").observed.raw().ends_with("; and 2 more"));
    }

    #[test]
    fn what_is_not_known_is_unverified_one_by_one() {
        let why = || Fact::Unverified("403".to_owned());
        for (subject, run) in [
            ("program", JudgingRun { program: Fact::Unverified("unreadable".into()), ..whole() }),
            ("cluster", JudgingRun { cluster_uid: why(), ..whole() }),
            ("caller", JudgingRun { caller: Fact::Unverified("403".into()), ..whole() }),
            ("rights", JudgingRun { rights: Fact::Unverified("403".into()), ..whole() }),
            ("rights", JudgingRun { rights: Fact::Known(Vec::new()), ..whole() }),
        ] {
            let open: Vec<_> = said(Some(run)).into_iter().filter(|finding| finding.verdict != Verdict::Pass).map(|finding| (finding.subject.name.raw().to_owned(), finding.verdict)).collect();
            assert_eq!(open, [(subject.to_owned(), Verdict::Unverified)]);
        }
        assert_eq!(said(None).iter().map(|finding| finding.verdict).collect::<Vec<_>>(), [Verdict::Unverified]);
    }
}
