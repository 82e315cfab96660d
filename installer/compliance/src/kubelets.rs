//! AUT-008: kubelets answer nobody who has not logged in.

use airlock_model::{AttemptResult, Check, CheckSpec, Finding, Need, Profile, Severity, Snapshot, Subject, Verdict, World, WorldNode};

use crate::attempts::{Call, outcome, words};
use crate::cluster_nodes::{NODES, left_out, nodes, tried};
use crate::described::{Described, Resting};
use crate::refusal::{Reading, refused_beside};

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "AUT-008",
        title: "kubelets answer no stranger",
        severity: Severity::Critical,
        promises: &["P2", "P3"],
        explanation: "At the InternalIP of every node, from where airlock runs: a request without credentials to the kubelet (10250) for its pods, which must be answered 401 or 403 while the same kubelet answers you through the Kubernetes API (nodes/proxy); and one to its read-only port (10255), where the connection must be refused while the kubelet's own port answers. What a firewall swallows on the way from here is unverified: another place may reach it. Of more than 32 nodes the first 32 are tried, by name, and a warning says so.",
        remedy: "Set `authentication.anonymous.enabled: false`, `authorization.mode: Webhook`, and `readOnlyPort: 0` in the kubelet's configuration file on every node (/var/lib/kubelet/config.yaml), and start it anew. Where nodes cannot be reached from here, run the check from a machine that does, or rely on CPL-002, which reads the settings in effect.",
    },
    expected: "401 or 403 at the kubelet's port while it answers you through the API; nobody at the read-only port",
    why: "a kubelet that answers everybody runs commands in every pod of its node, and shows their secrets",
};

static READING: Reading = Reading::of_requests("you through the Kubernetes API", |result| matches!(result, AttemptResult::Answered { status: 200, .. }));

pub(crate) const CHECK: &dyn Check = &KubeletStrangers;

/// Numbers of the CIS benchmark that a request without credentials is about, and that the read-only port is.
const STRANGERS: [&str; 2] = ["4.2.1", "4.2.2"];
const READ_ONLY: &str = "4.2.4";

/// The numbers that it judges one by one.
pub(crate) fn numbers() -> Vec<String> {
    STRANGERS.into_iter().chain([READ_ONLY]).map(str::to_owned).collect()
}

/// The check.
struct KubeletStrangers;

impl Check for KubeletStrangers {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, world: &World) -> Vec<Need> {
        let calls = tried(world).iter().flat_map(|node| node.addresses.iter().flat_map(move |address| [Call::Own, Call::Pods, Call::ReadOnly].map(|call| call.attempt(node, address))));
        [Need::Nodes].into_iter().chain(calls.map(|attempt| Need::Attempt(Box::new(attempt)))).collect()
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        let nodes = match nodes(given) {
            Ok(nodes) => nodes,
            Err(reason) => return vec![TEXTS.unverified(NODES, reason)],
        };
        let judged = tried(&given.world).iter().flat_map(|node| node.addresses.iter().flat_map(move |address| [asked(given, node, address), read_only(given, node, address).about([READ_ONLY])]));
        judged.chain(left_out(&TEXTS, nodes)).collect()
    }
}

fn asked(given: &Snapshot, node: &WorldNode, address: &str) -> Finding {
    let ids = (&Call::Pods.id(node, address), &Call::Own.id(node, address));
    let finding = refused_beside(&TEXTS, given, ids, &READING, format!("{} at {address}: a request without credentials", node.name));
    // 401: it takes nobody without credentials. 403: it takes them, and asks whether they may.
    let shown = match (finding.verdict, outcome(given, ids.0).map(|tried| &tried.result)) {
        (Verdict::Pass, Ok(AttemptResult::Answered { status: 401, .. })) => &STRANGERS[..1],
        (Verdict::Pass, Ok(AttemptResult::Answered { status: 403, .. })) => &STRANGERS[1..],
        _ => &STRANGERS[..],
    };
    finding.about(shown.iter().copied())
}

fn read_only(given: &Snapshot, node: &WorldNode, address: &str) -> Finding {
    let subject = Subject::scope(format!("{} at {address}: its read-only port", node.name));
    let tried = match outcome(given, &Call::ReadOnly.id(node, address)) {
        Ok(tried) => tried,
        Err(reason) => return TEXTS.unverified(subject, reason),
    };
    // Whoever answers there is one too many.
    if matches!(tried.result, AttemptResult::Answered { .. }) {
        return TEXTS.fail(subject, words(&tried.result)).tried([tried]);
    }
    let control = match outcome(given, &Call::Pods.id(node, address)) {
        Ok(control) => control,
        Err(reason) => return TEXTS.unverified(subject, reason).tried([tried]),
    };
    let observed = format!("{}; the kubelet's own port: {}", words(&tried.result), words(&control.result));
    let is_closed = tried.result == AttemptResult::Refused && matches!(control.result, AttemptResult::Answered { .. });
    let finding = if is_closed { TEXTS.pass(subject, observed) } else { TEXTS.unverified(subject, observed) };
    finding.tried([tried, control])
}
