//! A check of an installation whose API server breaks off a list: what was read of it is no reason to pass.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use airlock_model::names;
use serde_json::{Value, json};

use crate::api_server::{self, Answer, Request, record, record_map};
use crate::run;
use crate::run::Ended;

const ANSWERS: &str = "apiVersion: airlock/v1\nkind: Answers\nbaseDomain: platform.test\n";
const CHECK: &str = "compliance-check --kubeconfig kubeconfig --probes none -o json --checks";

/// What becomes of a list behind its first page.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    None,
    /// The connection ends in the middle of an answer.
    Torn,
    /// The API server has forgotten the moment that the list is of, once.
    ForgottenOnce,
    /// And again each time that the list is begun anew.
    Forgotten,
    Forbidden,
    /// No answer comes.
    Silent,
    /// Each page leads to itself.
    Circular,
    /// Each page is empty and leads to another one.
    Endless,
}

/// What the cluster holds and how its API server breaks.
struct World {
    pods: usize,
    /// The number of the pod that may do all.
    privileged: Option<usize>,
    /// Whose list breaks, as in `pods`, and from which object on.
    broken: (&'static str, usize),
    fault: Fault,
    /// How many broken pages were asked for.
    asked: AtomicUsize,
}

impl World {
    const fn of(pods: usize) -> Self {
        Self { pods, privileged: None, broken: ("pods", 0), fault: Fault::None, asked: AtomicUsize::new(0) }
    }

    /// The report, and how the run ended.
    fn checked(self, checks: &str) -> (Value, Ended, Arc<Self>) {
        let (folder, world) = (tempfile::tempdir().unwrap(), Arc::new(self));
        let shared = Arc::clone(&world);
        api_server::start(folder.path(), move |request| shared.answer(request));
        let ended = run::airlock(folder.path(), &format!("{CHECK} {checks}"), &[]);
        (serde_json::from_str(&ended.stdout).unwrap_or_default(), ended, world)
    }

    fn answer(&self, request: &Request) -> Answer {
        let parts: Vec<&str> = request.path().trim_matches('/').split('/').collect();
        match (request.method.as_str(), parts.as_slice()) {
            ("GET", ["api", "v1", "namespaces", "airlock", "configmaps", names::RECORD]) => Answer::Whole(200, record_map(&record(ANSWERS))),
            ("GET", ["api", "v1", "namespaces", name]) => Answer::Whole(200, json!({ "metadata": { "name": name } })),
            ("GET", _) if request.query("limit").is_some() => self.page(request, &parts),
            _ => Answer::refusal(404, "NotFound", "there is none"),
        }
    }

    fn page(&self, request: &Request, parts: &[&str]) -> Answer {
        let resource = parts.last().copied().unwrap_or_default();
        let count = if resource == "pods" && parts.contains(&"airlock") { self.pods } else { 0 };
        let (limit, token) = (request.query("limit").unwrap().parse::<usize>().unwrap(), request.query("continue"));
        let begin = token.map_or(0, |token| token.parse().unwrap());
        let end = (begin + limit).min(count);
        let is_broken = self.fault != Fault::None && self.broken.0 == resource;
        // What has one page alone gets another one to break.
        let next = if end < count || (is_broken && token.is_none()) { end.to_string() } else { String::new() };
        let page = |begin: usize, end: usize, next: &str| json!({ "metadata": { "continue": next }, "items": (begin..end).map(|number| self.pod(number)).collect::<Vec<_>>() });
        let whole = page(begin, end, &next);
        if !is_broken || token.is_none() || begin < self.broken.1 {
            return Answer::Whole(200, whole);
        }
        let is_first = self.asked.fetch_add(1, Ordering::Relaxed) == 0;
        match self.fault {
            Fault::Torn => Answer::Torn(whole),
            Fault::ForgottenOnce | Fault::Forgotten if is_first || self.fault == Fault::Forgotten => Answer::refusal(410, "Expired", "The provided continue parameter is too old"),
            Fault::Forbidden => Answer::refusal(403, "Forbidden", &format!("{resource} is forbidden: User \"eve\" cannot list resource \"{resource}\" in API group \"\"")),
            Fault::Silent => Answer::Silence,
            Fault::Circular => Answer::Whole(200, page(begin, end, &begin.to_string())),
            Fault::Endless => Answer::Whole(200, page(0, 0, &(begin + 1).to_string())),
            Fault::None | Fault::ForgottenOnce | Fault::Forgotten => Answer::Whole(200, whole),
        }
    }

    fn pod(&self, number: usize) -> Value {
        let container = json!({ "name": "a", "image": "a", "securityContext": { "privileged": self.privileged == Some(number) } });
        json!({ "metadata": { "name": format!("pod-{number}"), "namespace": "airlock" }, "spec": { "containers": [container] } })
    }
}

/// The one finding of a report: what was seen, and what to do.
fn unverified(report: &Value) -> (&str, &str) {
    assert_eq!(report["summary"]["verdict"], "unverified", "{report}");
    let [finding] = report["findings"].as_array().unwrap().as_slice() else { panic!("{}", report["findings"]) };
    (finding["observed"].as_str().unwrap(), finding["fix"][0]["text"].as_str().unwrap())
}

#[test]
fn a_list_that_breaks_off_is_unverified_and_what_was_read_of_it_does_not_pass() {
    let cases = [
        (Fault::Torn, "cannot reach the API server http://127.0.0.1:"),
        (Fault::Forgotten, "Path /api/v1/namespaces/airlock/pods was changed by another: The provided continue parameter is too old"),
        (Fault::Forbidden, "missing right: list pods in namespace airlock"),
        (Fault::Circular, "cannot read the API server's answer to pods: its pages do not end, 2 were read"),
        (Fault::Endless, "cannot read the API server's answer to pods: its pages do not end, 901 were read"),
    ];
    for (fault, reason) in cases {
        let (report, ended, _) = World { fault, ..World::of(600) }.checked("PSS-001");
        assert_eq!(ended.exit, 7, "{fault:?}: {}", ended.stderr);
        assert!(ended.stderr.contains("PSS-001 (all pods) fails the gate"), "{fault:?}: {}", ended.stderr);
        let (seen, fix) = unverified(&report);
        assert!(seen.starts_with(&format!("objects of kind Pod could not be read: {reason}")), "{fault:?}: {seen}");
        assert!(fix.contains("`airlock compliance-check --permissions`") && fix.contains("`--checks PSS-001`"), "{fix}");
    }
}

#[test]
fn the_same_lists_whole_are_judged_to_their_last_page() {
    for fault in [Fault::None, Fault::ForgottenOnce] {
        let (report, ended, world) = World { fault, ..World::of(600) }.checked("PSS-001");
        assert_eq!((ended.exit, &report["summary"]["pass"]), (0, &json!(600)), "{fault:?}: {}", ended.stderr);
        assert_eq!(world.asked.load(Ordering::Relaxed) > 0, fault == Fault::ForgottenOnce);
        let (report, ended, _) = World { fault, privileged: Some(599), ..World::of(600) }.checked("PSS-001");
        assert_eq!((ended.exit, &report["summary"]["fail"], &report["summary"]["pass"]), (7, &json!(1), &json!(599)), "{fault:?}: {}", ended.stderr);
    }
}

#[test]
fn a_page_that_does_not_come_is_waited_for_once() {
    let (report, ended, world) = World { fault: Fault::Silent, ..World::of(600) }.checked("PSS-001");
    assert_eq!(ended.exit, 7, "{}", ended.stderr);
    let (seen, _) = unverified(&report);
    assert!(
        seen.starts_with("objects of kind Pod could not be read: the API server http://127.0.0.1:") && seen.ends_with(" did not answer within 30 s: GET /api/v1/namespaces/airlock/pods"),
        "{seen}"
    );
    assert_eq!(world.asked.load(Ordering::Relaxed), 1);
}

#[test]
fn twenty_thousand_objects_are_judged_to_the_last_and_unverified_where_the_last_page_is_missing() {
    const MANY: usize = 20_000;
    let (report, ended, _) = World { privileged: Some(MANY - 1), ..World::of(MANY) }.checked("PSS-001");
    assert_eq!((ended.exit, &report["summary"]["fail"], &report["summary"]["pass"]), (7, &json!(1), &json!(MANY - 1)), "{}", ended.stderr);
    let (report, ended, _) = World { fault: Fault::Torn, broken: ("pods", MANY - 500), ..World::of(MANY) }.checked("PSS-001");
    assert_eq!(ended.exit, 7, "{}", ended.stderr);
    assert!(unverified(&report).0.starts_with("objects of kind Pod could not be read: cannot reach "), "{report}");
}
