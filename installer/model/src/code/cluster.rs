//! Codes of `cluster`.

use super::CodeSpec;
use crate::Exit;

const fn spec(code: &'static str, exit: Exit, what: &'static str, why: &'static str, fix: &'static str) -> CodeSpec {
    CodeSpec { code, exit, what, why, fix, next: None }
}

pub(super) const CODES: &[CodeSpec] = &[
    spec(
        "cluster.kubeconfig-missing",
        Exit::Unreachable,
        "there is no kubeconfig",
        "without it Airlock does not know which cluster is meant and who you are",
        "name the file with --kubeconfig or KUBECONFIG",
    ),
    spec(
        "cluster.kubeconfig-unusable",
        Exit::Unreachable,
        "the kubeconfig cannot be used",
        "a cluster, user, certificate, or credential plugin that it names is missing or broken",
        "mend what the message names; `kubectl config view` shows the file without secrets",
    ),
    CodeSpec {
        next: Some("kubectl config get-contexts"),
        ..spec(
            "cluster.no-current-context",
            Exit::Unreachable,
            "the kubeconfig has no current context",
            "Airlock does not guess which cluster is meant",
            "name one with --context, or set it with `kubectl config use-context`",
        )
    },
    CodeSpec {
        next: Some("kubectl config get-contexts"),
        ..spec(
            "cluster.context-unknown",
            Exit::Unreachable,
            "the kubeconfig has no such context",
            "the context names the cluster and the user; without it neither is known",
            "choose one of the contexts that the message lists",
        )
    },
    spec(
        "cluster.client-certificate-expired",
        Exit::Unreachable,
        "the client certificate in the kubeconfig is not valid at this time",
        "the API server accepts it only between the two times in the message",
        "get a new kubeconfig from the cluster's administrators; if the times look right, check this machine's clock",
    ),
    spec(
        "cluster.unreachable",
        Exit::Unreachable,
        "the API server cannot be reached",
        "nothing can be read or written without it",
        "check the address in the kubeconfig, VPN, firewall, and proxy (HTTPS_PROXY, NO_PROXY); run the same command again",
    ),
    spec(
        "cluster.timeout",
        Exit::Unreachable,
        "the API server did not answer in time",
        "it is overloaded, or something on the way drops packets",
        "run the same command again; it goes on where it was",
    ),
    spec(
        "cluster.unauthorized",
        Exit::Unreachable,
        "the API server does not accept the credentials",
        "it does not know who you are, so that no right applies",
        "log in again as your cluster wants it, or get a new kubeconfig; `kubectl auth whoami` shows the result",
    ),
    CodeSpec {
        next: Some("airlock requirements --answers FILE"),
        ..spec(
            "cluster.forbidden",
            Exit::Blocked,
            "a right is missing",
            "the API server refuses what the plan needs",
            "hand the right in the message to the cluster's administrators; `airlock requirements` lists all that are needed",
        )
    },
    spec(
        "cluster.refused",
        Exit::Blocked,
        "the cluster's admission refuses an object",
        "a policy, a webhook, or a quota of this cluster does not allow it",
        "read the words of the policy in the message; change the answers, or ask its owners for an exception",
    ),
    spec(
        "cluster.conflict",
        Exit::Blocked,
        "others own fields that Airlock would set",
        "overwriting them would undo somebody's work, so it is not forced",
        "remove the other manager's fields, or leave the object to it and take it out by a patch in the answers",
    ),
    spec(
        "cluster.invalid",
        Exit::ApplyFailed,
        "the API server finds an object invalid",
        "it has a field or value that this version of Kubernetes does not know",
        "check patches in the answers and the supported versions of Kubernetes; otherwise report it with the message",
    ),
    spec(
        "cluster.kind-unknown",
        Exit::Blocked,
        "the cluster does not know a kind of object",
        "its API group is not installed, or not in this version",
        "install what brings the kind, or change the answer that asks for it",
    ),
    spec("cluster.not-found", Exit::ApplyFailed, "an object does not exist", "it was deleted during the run, or its namespace does not exist", "run the same command again; it makes what is missing"),
    spec(
        "cluster.changed",
        Exit::ApplyFailed,
        "an object was changed by another in between",
        "somebody else works on the same objects",
        "find out who (`kubectl get --show-managed-fields`), then run the same command again",
    ),
    spec(
        "cluster.failing",
        Exit::ApplyFailed,
        "the API server failed",
        "the fault is on its side: etcd, a webhook that does not answer, or overload",
        "look at the cluster's health; run the same command again, it goes on where it was",
    ),
    spec(
        "cluster.unreadable",
        Exit::ApplyFailed,
        "an answer of the API server cannot be read",
        "something between here and there changed it, or its version is not supported",
        "check proxies on the way and the supported versions of Kubernetes",
    ),
    spec(
        "cluster.not-ready",
        Exit::GaveUpWaiting,
        "something in the cluster does not become ready",
        "the cause in the message does not go away by itself, or nothing moved for too long",
        "remove the cause, then run the same command again; it goes on where it was",
    ),
    spec("cluster.pod-failed", Exit::GaveUpWaiting, "a pod ended with an error", "its last lines are in the message", "remove the cause, then run the same command again"),
    spec(
        "cluster.lease-held",
        Exit::LeaseHeld,
        "another run holds the lease",
        "two runs at once would undo each other's work",
        "wait until it ends; the lease of a run that was killed expires by itself",
    ),
    spec(
        "cluster.lease-lost",
        Exit::LeaseHeld,
        "another run took the lease",
        "this run's heartbeat stopped for too long, so that another one went on",
        "wait until the other run ends, then run the same command again",
    ),
    spec("cluster.stopped", Exit::Interrupted, "it was stopped as asked", "nothing is half written; what was done stays", "run the same command again; it goes on where it was"),
];
