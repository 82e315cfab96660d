//! Sections 1.2, 1.3, 1.4, and 2 of the CIS Kubernetes Benchmark 1.12: numbers, programs, flags (facts as in kube-bench, `cfg/cis-1.12`).

use super::flags::Flags;
use Asked::{AtLeast, GateIsNotOff, Has, Is, Only, Set, SetWithout, Unset, UnsetOrIs, Without};

/// What is asked of a flag.
pub(super) enum Asked {
    Set,
    Unset,
    Is(&'static str),
    UnsetOrIs(&'static str),
    /// The list has it.
    Has(&'static str),
    /// The list does not have it; it may be absent.
    Without(&'static str),
    /// The list is there and does not have it.
    SetWithout(&'static str),
    AtLeast(u64),
    /// The last item of the gate, if there is one, does not switch it off.
    GateIsNotOff(&'static str),
    /// The list is there and has nothing else.
    Only(&'static [&'static str]),
}

pub(super) struct Rule {
    pub(super) flag: &'static str,
    asked: Asked,
}

/// A number of the benchmark.
pub(super) struct Control {
    pub(super) number: &'static str,
    pub(super) program: &'static str,
    /// The benchmark counts it; else it is left to judgement.
    pub(super) is_scored: bool,
    pub(super) rules: &'static [Rule],
    /// Whether a file that the flag names decides in the end.
    pub(super) needs_file: bool,
}

impl Rule {
    pub(super) fn is_kept(&self, flags: &Flags) -> bool {
        let value = flags.whole(self.flag);
        let value = value.as_deref();
        // Lists are read as CSV, where quotation marks are no part of an item (`spf13/pflag`, `readAsCSV`).
        let mut items = value.into_iter().flat_map(|value| value.split(',')).map(|item| item.trim().trim_matches('"'));
        match self.asked {
            Set => value.is_some_and(|value| !value.is_empty()),
            Unset => value.is_none(),
            Is(wanted) => value.is_some_and(|value| is(value, wanted)),
            UnsetOrIs(wanted) => value.is_none_or(|value| is(value, wanted)),
            Has(wanted) => items.any(|item| item == wanted),
            Without(unwanted) => items.all(|item| item != unwanted),
            SetWithout(unwanted) => value.is_some() && items.all(|item| item != unwanted),
            AtLeast(least) => value.and_then(|value| value.parse::<u64>().ok()).is_some_and(|value| value >= least),
            GateIsNotOff(gate) => items.rfind(|item| gate_of(item).0 == gate).is_none_or(|item| !is_false(gate_of(item).1)),
            Only(wanted) => value.is_some() && items.all(|item| wanted.contains(&item)),
        }
    }

    /// A file that decides what the flag would: where it is given, the flag cannot stand beside it or is not read (Kubernetes
    /// reference of each program; etcd documentation, "Configuration file").
    pub(super) fn file<'f>(&self, flags: &'f Flags) -> Option<(&'static str, &'f str)> {
        let is_absent = flags.get(self.flag).is_none();
        let file = match (flags.program, self.flag) {
            (API, "authorization-mode") if is_absent => "authorization-config",
            (API, "anonymous-auth") if is_absent => "authentication-config",
            (SCHEDULER, "profiling") => "config",
            (ETCD, _) => "config-file",
            _ => return None,
        };
        flags.get(file).map(|path| (file, path))
    }

    /// How the program was started.
    pub(super) fn given(&self, flags: &Flags) -> String {
        flags.whole(self.flag).map_or_else(|| format!("--{} is not set", self.flag), |value| format!("--{}={value}", self.flag))
    }

    fn words(&self) -> String {
        let flag = self.flag;
        match &self.asked {
            Set => format!("--{flag} is set"),
            Unset => format!("--{flag} is not set"),
            Is(wanted) => format!("--{flag} is {wanted}"),
            UnsetOrIs(wanted) => format!("--{flag} is {wanted} or not set"),
            Has(wanted) => format!("--{flag} has {wanted}"),
            Without(unwanted) => format!("--{flag} does not have {unwanted}"),
            SetWithout(unwanted) => format!("--{flag} is set without {unwanted}"),
            GateIsNotOff(gate) => format!("--{flag} does not have {gate}=false"),
            AtLeast(least) => format!("--{flag} is {least} or more"),
            Only(_) => format!("--{flag} is set and has strong suites only"),
        }
    }
}

/// A gate and its value, without the component that may stand before it (`k8s.io/component-base`, `compatibility/registry.go`).
fn gate_of(item: &str) -> (&str, &str) {
    let (gate, value) = item.split_once('=').unwrap_or((item, ""));
    (gate.strip_prefix("kube:").unwrap_or(gate).trim(), value.trim())
}

/// Whether a flag has a value; a switch has it in any spelling that Go's `strconv.ParseBool` takes.
fn is(value: &str, wanted: &str) -> bool {
    match wanted {
        "false" => is_false(value),
        "true" => ["1", "t", "T", "true", "TRUE", "True"].contains(&value),
        _ => value == wanted,
    }
}

/// Go's `strconv.ParseBool` takes it for false.
fn is_false(value: &str) -> bool {
    ["0", "f", "F", "false", "FALSE", "False"].contains(&value)
}

/// The numbers of all sections, in words.
pub(super) fn numbers() -> String {
    let section = |number: &'static str| number.rsplit_once('.').map_or(number, |(section, _)| section);
    let sections = CONTROLS.chunk_by(|a, b| section(a.number) == section(b.number));
    sections.filter_map(|controls| Some(format!("{} to {}", controls.first()?.number, controls.last()?.number))).collect::<Vec<_>>().join(", ")
}

impl Control {
    /// What it asks, in words.
    pub(super) fn asks(&self) -> String {
        self.rules.iter().map(Rule::words).collect::<Vec<_>>().join(" and ")
    }
}

const fn rule(flag: &'static str, asked: Asked) -> Rule {
    Rule { flag, asked }
}

const fn scored(number: &'static str, program: &'static str, rules: &'static [Rule]) -> Control {
    Control { number, program, is_scored: true, rules, needs_file: false }
}

const fn manual(number: &'static str, program: &'static str, rules: &'static [Rule]) -> Control {
    Control { number, program, is_scored: false, rules, needs_file: false }
}

const API: &str = "kube-apiserver";
const MANAGER: &str = "kube-controller-manager";
const SCHEDULER: &str = "kube-scheduler";
const ETCD: &str = "etcd";
pub(super) const STRONG: &[&str] = &[
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
];

pub(super) static CONTROLS: [Control; 46] = [
    manual("1.2.1", API, &[rule("anonymous-auth", Is("false"))]),
    scored("1.2.2", API, &[rule("token-auth-file", Unset)]),
    manual("1.2.3", API, &[rule("enable-admission-plugins", Has("DenyServiceExternalIPs"))]),
    scored("1.2.4", API, &[rule("kubelet-client-certificate", Set), rule("kubelet-client-key", Set)]),
    scored("1.2.5", API, &[rule("kubelet-certificate-authority", Set)]),
    scored("1.2.6", API, &[rule("authorization-mode", SetWithout("AlwaysAllow"))]),
    scored("1.2.7", API, &[rule("authorization-mode", Has("Node"))]),
    scored("1.2.8", API, &[rule("authorization-mode", Has("RBAC"))]),
    manual("1.2.9", API, &[rule("enable-admission-plugins", Has("EventRateLimit"))]),
    scored("1.2.10", API, &[rule("enable-admission-plugins", Without("AlwaysAdmit"))]),
    manual("1.2.11", API, &[rule("enable-admission-plugins", Has("AlwaysPullImages"))]),
    scored("1.2.12", API, &[rule("disable-admission-plugins", Without("ServiceAccount"))]),
    scored("1.2.13", API, &[rule("disable-admission-plugins", Without("NamespaceLifecycle"))]),
    scored("1.2.14", API, &[rule("enable-admission-plugins", Has("NodeRestriction"))]),
    scored("1.2.15", API, &[rule("profiling", Is("false"))]),
    scored("1.2.16", API, &[rule("audit-log-path", Set)]),
    scored("1.2.17", API, &[rule("audit-log-maxage", AtLeast(30))]),
    scored("1.2.18", API, &[rule("audit-log-maxbackup", AtLeast(10))]),
    scored("1.2.19", API, &[rule("audit-log-maxsize", AtLeast(100))]),
    manual("1.2.20", API, &[rule("request-timeout", Set)]),
    scored("1.2.21", API, &[rule("service-account-lookup", UnsetOrIs("true"))]),
    scored("1.2.22", API, &[rule("service-account-key-file", Set)]),
    scored("1.2.23", API, &[rule("etcd-certfile", Set), rule("etcd-keyfile", Set)]),
    scored("1.2.24", API, &[rule("tls-cert-file", Set), rule("tls-private-key-file", Set)]),
    scored("1.2.25", API, &[rule("client-ca-file", Set)]),
    scored("1.2.26", API, &[rule("etcd-cafile", Set)]),
    manual("1.2.27", API, &[rule("encryption-provider-config", Set)]),
    Control { needs_file: true, ..manual("1.2.28", API, &[rule("encryption-provider-config", Set)]) },
    manual("1.2.29", API, &[rule("tls-cipher-suites", Only(STRONG))]),
    scored("1.2.30", API, &[rule("service-account-extend-token-expiration", Is("false"))]),
    manual("1.3.1", MANAGER, &[rule("terminated-pod-gc-threshold", Set)]),
    scored("1.3.2", MANAGER, &[rule("profiling", Is("false"))]),
    scored("1.3.3", MANAGER, &[rule("use-service-account-credentials", Is("true"))]),
    scored("1.3.4", MANAGER, &[rule("service-account-private-key-file", Set)]),
    scored("1.3.5", MANAGER, &[rule("root-ca-file", Set)]),
    scored("1.3.6", MANAGER, &[rule("feature-gates", GateIsNotOff("RotateKubeletServerCertificate"))]),
    scored("1.3.7", MANAGER, &[rule("bind-address", UnsetOrIs("127.0.0.1"))]),
    scored("1.4.1", SCHEDULER, &[rule("profiling", Is("false"))]),
    scored("1.4.2", SCHEDULER, &[rule("bind-address", UnsetOrIs("127.0.0.1"))]),
    scored("2.1", ETCD, &[rule("cert-file", Set), rule("key-file", Set)]),
    scored("2.2", ETCD, &[rule("client-cert-auth", Is("true"))]),
    scored("2.3", ETCD, &[rule("auto-tls", UnsetOrIs("false"))]),
    scored("2.4", ETCD, &[rule("peer-cert-file", Set), rule("peer-key-file", Set)]),
    scored("2.5", ETCD, &[rule("peer-client-cert-auth", Is("true"))]),
    scored("2.6", ETCD, &[rule("peer-auto-tls", UnsetOrIs("false"))]),
    manual("2.7", ETCD, &[rule("trusted-ca-file", Set)]),
];
