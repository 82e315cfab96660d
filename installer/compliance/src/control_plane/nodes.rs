//! CPL-002: kubelets and kube-proxy are set up as sections 4.2 and 4.3 of the CIS benchmark ask, by what they say is in effect.

use airlock_model::{Check, CheckSpec, ControlPlanePart, Fact, Finding, Need, Profile, Severity, Snapshot, Subject, World};
use serde_json::Value;

use super::table::STRONG;
use super::{need, read};
use crate::described::{Described, Resting};

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "CPL-002",
        title: "kubelets and kube-proxy are set up as the CIS benchmark asks",
        severity: Severity::High,
        promises: &["P2"],
        explanation: "What every kubelet says is in effect (`configz`, through the API server's proxy to the node), and metricsBindAddress in kube-proxy's ConfigMap in kube-system, against sections 4.2 and 4.3 of the CIS Kubernetes Benchmark 1.12: a finding a number and node. Defaults are in what is judged: what a kubelet leaves out is off. Numbers that the benchmark leaves to judgement (manual) are warnings. 4.2.7 is a flag that no setting shows; it is in the report of a node (CPL-003). A node that does not answer, and a kube-proxy without a ConfigMap, are unverified.",
        remedy: "Set the field in the kubelet's configuration file on every node (/var/lib/kubelet/config.yaml) or in kube-proxy's ConfigMap, and start the program anew. On a managed cluster the node pool has the setting.",
    },
    expected: "settings as the benchmark asks",
    why: "who commands a kubelet commands every pod of its node",
};

const PROXY: &str = "kube-proxy";
/// The number that is about kube-proxy.
const OF_PROXY: &str = "4.3.1";

/// What is asked of a field that is in effect.
enum Asked {
    False,
    True,
    /// It may be absent, which is `true` by default and never left out when it is not.
    NotFalse,
    Set,
    IsNot(&'static str),
    /// Absent is 0.
    Zero,
    /// Absent is well; a duration of nothing is not.
    NotNothing,
    AtLeast(i64),
    /// The list is there and has nothing else.
    Only(&'static [&'static str]),
}

/// A number of the benchmark. Of several fields each is as asked.
struct Control {
    number: &'static str,
    /// The benchmark counts it; else it is left to judgement.
    is_scored: bool,
    rules: &'static [(&'static str, Asked)],
}

/// Numbers, fields, and values as kube-bench has them (`cfg/cis-1.12/node.yaml`), for what is in effect instead of what a file has.
static KUBELET: [Control; 13] = [
    scored("4.2.1", &[("/authentication/anonymous/enabled", Asked::False)]),
    scored("4.2.2", &[("/authorization/mode", Asked::IsNot("AlwaysAllow"))]),
    scored("4.2.3", &[("/authentication/x509/clientCAFile", Asked::Set)]),
    manual("4.2.4", &[("/readOnlyPort", Asked::Zero)]),
    manual("4.2.5", &[("/streamingConnectionIdleTimeout", Asked::NotNothing)]),
    scored("4.2.6", &[("/makeIPTablesUtilChains", Asked::NotFalse)]),
    manual("4.2.8", &[("/eventRecordQPS", Asked::AtLeast(0))]),
    manual("4.2.9", &[("/tlsCertFile", Asked::Set), ("/tlsPrivateKeyFile", Asked::Set)]),
    scored("4.2.10", &[("/rotateCertificates", Asked::True)]),
    manual("4.2.11", &[("/featureGates/RotateKubeletServerCertificate", Asked::NotFalse)]),
    manual("4.2.12", &[("/tlsCipherSuites", Asked::Only(STRONG))]),
    manual("4.2.13", &[("/podPidsLimit", Asked::AtLeast(1))]),
    manual("4.2.14", &[("/seccompDefault", Asked::True)]),
];

const fn scored(number: &'static str, rules: &'static [(&'static str, Asked)]) -> Control {
    Control { number, is_scored: true, rules }
}

const fn manual(number: &'static str, rules: &'static [(&'static str, Asked)]) -> Control {
    Control { number, is_scored: false, rules }
}

/// The numbers that are about kubelets.
fn of_kubelets() -> impl Iterator<Item = &'static str> {
    KUBELET.iter().map(|control| control.number)
}

/// What it judges.
pub(super) fn numbers() -> impl Iterator<Item = &'static str> {
    of_kubelets().chain([OF_PROXY])
}

/// The check.
pub(super) struct Nodes;

impl Check for Nodes {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        need(ControlPlanePart::Nodes)
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        const ALL: &str = "all nodes";
        let read = match read(given) {
            Ok(read) => read,
            Err(why) => return vec![TEXTS.unverified(ALL, why)],
        };
        let mut findings = match &read.kubelets {
            Fact::Unverified(why) => vec![TEXTS.unverified(ALL, why.as_str()).about(of_kubelets())],
            Fact::Known(kubelets) if kubelets.is_empty() => vec![TEXTS.unverified(ALL, "the cluster shows no node").about(of_kubelets())],
            Fact::Known(kubelets) => kubelets.iter().flat_map(|(node, settings)| of_kubelet(node, settings)).collect(),
        };
        findings.push(of_proxy(&read.kube_proxy).about([OF_PROXY]));
        findings
    }
}

fn of_kubelet(node: &str, settings: &Fact<Value>) -> Vec<Finding> {
    let subject = || Subject::of("Node", node);
    match settings {
        Fact::Unverified(why) => vec![TEXTS.unverified(subject(), why.as_str()).about(of_kubelets())],
        Fact::Known(settings) => KUBELET.iter().map(|control| told(subject(), control, settings)).collect(),
    }
}

fn told(subject: Subject, control: &Control, settings: &Value) -> Finding {
    let is_kept = control.rules.iter().all(|(field, asked)| asked.is_kept(settings.pointer(field)));
    let seen: Vec<String> = control.rules.iter().map(|(field, _)| shown(field, settings.pointer(field))).collect();
    let observed = format!("CIS {}: {}", control.number, seen.join(", "));
    let mut finding = match (is_kept, control.is_scored) {
        (true, _) => TEXTS.pass(subject, observed),
        (false, true) => TEXTS.fail(subject, observed),
        (false, false) => TEXTS.warn(Severity::Low, subject, observed),
    };
    finding.expected = control.rules.iter().map(|(field, asked)| format!("{} {}", dotted(field), asked.words())).collect::<Vec<_>>().join(" and ");
    finding.known(format!("CIS Kubernetes Benchmark 1.12, {}", control.number)).about([control.number])
}

fn of_proxy(settings: &Fact<Option<String>>) -> Finding {
    const FIELD: &str = "/metricsBindAddress";
    let text = match settings {
        Fact::Unverified(why) => return TEXTS.unverified(PROXY, why.as_str()),
        Fact::Known(None) => return TEXTS.unverified(PROXY, "kube-system has no ConfigMap of kube-proxy: it is set up on the nodes, or something else is in its place"),
        Fact::Known(Some(text)) => text,
    };
    let settings = match serde_yaml::from_str::<Value>(text) {
        Ok(settings) if settings["kind"] == "KubeProxyConfiguration" => settings,
        _ => return TEXTS.unverified(PROXY, "its ConfigMap holds no KubeProxyConfiguration"),
    };
    let value = settings.pointer(FIELD);
    // Empty is the default, 127.0.0.1:10249 (KubeProxyConfiguration v1alpha1).
    let is_local = match value {
        None | Some(Value::Null) => true,
        Some(Value::String(address)) => address.is_empty() || is_loopback(address),
        Some(_) => false,
    };
    let observed = format!("CIS {OF_PROXY}: {}", shown(FIELD, value));
    let mut finding = if is_local { TEXTS.pass(PROXY, observed) } else { TEXTS.fail(PROXY, observed) };
    "metricsBindAddress is on loopback or not set".clone_into(&mut finding.expected);
    finding.known(format!("CIS Kubernetes Benchmark 1.12, {OF_PROXY}"))
}

fn is_loopback(address: &str) -> bool {
    let host = address.parse::<std::net::SocketAddr>().map(|address| address.ip()).or_else(|_| address.parse::<std::net::IpAddr>());
    host.is_ok_and(|host| host.is_loopback()) || address.split(':').next() == Some("localhost")
}

impl Asked {
    fn is_kept(&self, value: Option<&Value>) -> bool {
        let value = value.filter(|value| !value.is_null());
        let text = value.and_then(Value::as_str);
        match self {
            Self::False => value == Some(&Value::Bool(false)),
            Self::True => value == Some(&Value::Bool(true)),
            Self::NotFalse => value.is_none_or(|value| value == &Value::Bool(true)),
            Self::Set => text.is_some_and(|text| !text.is_empty()),
            Self::IsNot(unwanted) => text.is_some_and(|text| !text.is_empty() && text != *unwanted),
            Self::Zero => value.is_none_or(|value| value.as_i64() == Some(0)),
            Self::NotNothing => value.is_none_or(|_| text.is_some_and(|text| text.bytes().any(|byte| (b'1'..=b'9').contains(&byte)))),
            Self::AtLeast(least) => value.and_then(Value::as_i64).is_some_and(|value| value >= *least),
            Self::Only(wanted) => value.and_then(Value::as_array).is_some_and(|items| !items.is_empty() && items.iter().all(|item| item.as_str().is_some_and(|item| wanted.contains(&item)))),
        }
    }

    fn words(&self) -> String {
        match self {
            Self::False => "is false".to_owned(),
            Self::True => "is true".to_owned(),
            Self::NotFalse => "is not false".to_owned(),
            Self::Set => "is set".to_owned(),
            Self::IsNot(unwanted) => format!("is set and not {unwanted}"),
            Self::Zero => "is 0".to_owned(),
            Self::NotNothing => "is not 0".to_owned(),
            Self::AtLeast(least) => format!("is {least} or more"),
            Self::Only(_) => "is set and has strong suites only".to_owned(),
        }
    }
}

fn dotted(field: &str) -> String {
    field.trim_start_matches('/').replace('/', ".")
}

fn shown(field: &str, value: Option<&Value>) -> String {
    let field = dotted(field);
    match value {
        None | Some(Value::Null) => format!("{field} is not set"),
        Some(Value::String(text)) => format!("{field} is {text}"),
        Some(value) => format!("{field} is {value}"),
    }
}
