//! One installation as values, for the recorded screens.

use std::collections::BTreeMap;
use std::time::Duration;

use airlock_model::{
    Action, Admission, Amount, ApiServer, Attempt, AttemptAction, AttemptId, AttemptResult, AuditResult, AuditedRun, Caller, CertificateFacts, CertificateSpec, CertificateSubject, Change, ClusterDns,
    Connection, Credentials, CredentialsForm, Digest, Event, Evidence, Fact, Facts, FieldChange, Finding, Gate, HostName, ImageLock, LockedImage, Namespace, Node, Object, ObjectRef, Operation,
    Outcome, Plan, PlannedStep, ProfileGate, ProfileMetadata, Purpose, Recipe, Record, Remedy, Right, Risk, RunName, SecretClass, SecretEntry, SecretSpec, ServerVersion, Severity, StepId,
    StorageClass, Target, Ticket, Trust, Undo, Vantage, Verdict, Worsened,
};
use airlock_platform::requirements::{Requirements, Volume};
use airlock_platform::status::{CertificateStatus, ComponentStatus, HostStatus, Status};
use airlock_platform::{Admitted, AdmittedChange, AdmittedPod, ChangeKind, Report, UncomparedPods};
use jiff::Timestamp;

pub(in crate::output) fn noon() -> Timestamp {
    "2026-11-24T12:00:00Z".parse().unwrap()
}

fn host(name: &str) -> HostName {
    name.parse().unwrap()
}

fn image(name: &str) -> LockedImage {
    LockedImage { name: name.into(), reference: format!("docker.io/library/{name}:1.2.3").parse().unwrap(), digest: Digest::of(name.as_bytes()) }
}

fn edge() -> ObjectRef {
    ObjectRef::namespaced("apps/v1", "Deployment", "airlock", "edge")
}

fn connection(source: &str, target: &str, port: u16, purpose: &str) -> Connection {
    Connection { source: source.into(), target: target.into(), port, protocol: "TCP".into(), purpose: purpose.into() }
}

fn right(group: &str, resource: &str, verb: &str, namespace: Option<&str>) -> Right {
    Right { group: group.into(), resource: resource.into(), verb: verb.into(), namespace: namespace.map(Into::into) }
}

fn outcome(attempt: &str, result: AttemptResult) -> Outcome {
    Outcome { attempt: AttemptId(attempt.into()), result, source: Some("10.0.0.4".into()), destination: Some("10.0.0.7:8443".into()), started: noon(), took_millis: 12 }
}

pub(in crate::output) fn findings() -> Vec<Finding> {
    let finding = |check: &str, subject: &str, verdict, severity, observed: &str, expected: &str, why: &str| Finding {
        check: check.into(),
        numbers: Vec::new(),
        verdict,
        reason: None,
        severity,
        subject: subject.to_owned().into(),
        path: None,
        observed: observed.to_owned().into(),
        expected: expected.into(),
        why: why.into(),
        fix: Vec::new(),
        evidence: Vec::new(),
        took_millis: 7,
    };
    let mut pass =
        finding("NET-001", "namespace airlock", Verdict::Pass, Severity::High, "default deny in both directions", "default deny in both directions", "without it every pod reaches every other");
    pass.evidence = vec![
        Evidence::Field { object: ObjectRef::namespaced("networking.k8s.io/v1", "NetworkPolicy", "airlock", "default-deny"), path: "/spec/podSelector".into(), value: serde_json::json!({}) },
        Evidence::Attempted(Box::new(outcome("netpol.allowed", AttemptResult::Connected))),
    ];
    let mut fail = finding("CAP-001", "the cluster", Verdict::Fail, Severity::High, "200m CPU, 128 MiB are free", "350m CPU, 320 MiB", "pods would stay pending");
    fail.fix = vec![Remedy { text: "free memory, add a node, or choose a smaller sizing".into(), command: Some("kubectl top nodes".into()) }];
    let unverified = finding("QTA-001", "namespace airlock", Verdict::Unverified, Severity::Medium, "missing right: list resourcequotas", "room for all pods", "a quota could refuse pods");
    vec![pass, fail, unverified]
}

/// What was decided about a finding, in words.
pub(in crate::output) const EXCEPTED: &str = "it fails, and the exception EXC-1 covers it until 2027-01-31: it is known (approved by jane, SEC-1)";
pub(in crate::output) const ATTESTED: &str = "joe attests until 2027-01-31: it is so";

/// A failure that an exception covers, and what somebody attests, in words that would clear a screen.
pub(in crate::output) fn decided() -> [Finding; 2] {
    let [pass, fail, _] = <[Finding; 3]>::try_from(findings()).unwrap();
    let of = |finding, verdict, words: &str| Finding { verdict, evidence: vec![Evidence::Fact("something else".into()), Evidence::Fact(format!("{words}\u{1b}[2J"))], ..finding };
    [of(fail, Verdict::Excepted, EXCEPTED), of(pass, Verdict::Attested, ATTESTED)]
}

pub(in crate::output) fn tickets() -> Vec<Ticket> {
    vec![
        Ticket {
            gate: "dns".into(),
            what: "set the records of platform.test".into(),
            who: "the DNS administrators of platform.test".into(),
            paste: "platform.test.   300 IN A 10.10.0.5\n*.platform.test. 300 IN A 10.10.0.5".into(),
            checked_by: "each name is resolved on this workstation".into(),
            seen: "registry.platform.test has no address".to_owned().into(),
        },
        Ticket {
            gate: "node-pull".into(),
            what: "let the nodes of the pool default trust the registry's authority".into(),
            who: "the administrators of the nodes".into(),
            paste: "server = \"https://registry.platform.test\"".into(),
            checked_by: "a pod on such a node pulls an image".into(),
            seen: "x509: certificate signed by unknown authority".to_owned().into(),
        },
    ]
}

fn step(id: &str, title: &str, action: Action, changes: Vec<Change>) -> PlannedStep {
    PlannedStep {
        id: id.into(),
        title: title.into(),
        after: Vec::new(),
        action,
        changes,
        risk: Risk::None,
        rights: vec![right("apps", "deployments", "get", Some("airlock")), right("apps", "deployments", "patch", Some("airlock")), right("", "namespaces", "create", None)],
        undo: Undo::Delete,
    }
}

fn change(object: ObjectRef, operation: Operation) -> Change {
    Change { object, operation, seen: None, fields: Vec::new() }
}

pub(in crate::output) fn plan() -> Plan {
    let deployment = Object::new(serde_json::json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "edge", "namespace": "airlock" } })).unwrap();
    let secret = SecretSpec {
        namespace: "airlock".into(),
        name: "registry-password".into(),
        secret_type: "Opaque".into(),
        labels: BTreeMap::new(),
        entries: vec![SecretEntry { key: "value".into(), recipe: Recipe::Random }],
        class: SecretClass::Credential,
    };
    let certificate = |name: &str, subject| CertificateSpec {
        namespace: "airlock".into(),
        name: name.into(),
        labels: BTreeMap::new(),
        subject,
        lifetime: Duration::from_hours(90 * 24),
        renew_before: Duration::from_hours(30 * 24),
    };
    let authority = certificate("base-domain-ca", CertificateSubject::Authority { common_name: "x".into(), permitted: vec!["platform.test".into()], publish: None, root: None });
    let server = certificate(
        "base-domain-tls",
        CertificateSubject::Server { authority_namespace: "airlock".into(), authority: "base-domain-ca".into(), names: vec!["platform.test".into(), "*.platform.test".into()] },
    );
    let mut update = change(edge(), Operation::Update);
    update.fields = vec![
        FieldChange { path: "/spec/replicas".into(), before: Some(1.into()), after: Some(2.into()) },
        FieldChange { path: "/metadata/labels/team".into(), before: Some("\u{1b}[2Jothers".into()), after: None },
        FieldChange { path: "/spec/long".into(), before: None, after: Some("x".repeat(200).into()) },
    ];
    let mut edge_step =
        step("edge.workload", "start the edge", Action::Apply(vec![deployment]), vec![update, change(ObjectRef::namespaced("v1", "ConfigMap", "airlock", "edge-config"), Operation::Create)]);
    edge_step.risk = Risk::Restart;
    edge_step.undo = Undo::Reapply;
    let dns =
        Gate::Dns { hosts: vec![host("registry.platform.test")], records: vec!["platform.test".into(), "*.platform.test".into()], service: ObjectRef::namespaced("v1", "Service", "airlock", "edge") };
    let mut gone = step("remove.data", "remove the old volume", Action::Delete(Vec::new()), vec![change(ObjectRef::namespaced("v1", "PersistentVolumeClaim", "airlock", "old"), Operation::Delete)]);
    gone.risk = Risk::DataLoss;
    gone.undo = Undo::Impossible("deleted data does not come back".into());
    Plan {
        schema: 1,
        purpose: Purpose::Install,
        cluster_uid: "7c1f7a5e-0000-4000-8000-000000000001".into(),
        namespace: "airlock".into(),
        installation: Some("k3v7".into()),
        release: "0.1.0".into(),
        answers: Digest::of(b"answers"),
        images: ImageLock(BTreeMap::from([("nginx".into(), image("nginx")), ("registry".into(), image("registry"))])),
        requests: Amount { cpu_millis: 350, memory_bytes: 320 << 20 },
        connections: vec![connection("outside", "edge", 8443, "users reach the platform"), connection("edge", "registry", 5000, "images are pulled and pushed")],
        run_rights: Vec::new(),
        hosts: vec![host("registry.platform.test")],
        steps: vec![
            step("registry.secrets", "make the registry's password", Action::Generate(secret), vec![change(ObjectRef::namespaced("v1", "Secret", "airlock", "registry-password"), Operation::Create)]),
            step("tls.authority", "make the authority of the base domain", Action::Issue(authority), Vec::new()),
            step("tls.certificate", "issue the certificate of the base domain", Action::Issue(server), Vec::new()),
            edge_step,
            step("gate.dns", "wait for the DNS records", Action::Await(dns), Vec::new()),
            gone,
        ],
    }
}

pub(in crate::output) fn events() -> Vec<(u64, Event)> {
    let id = |id: &str| StepId::from(id);
    let progress = |done: u64| Event::Progress { step: id("registry.push"), what: "nginx".to_owned().into(), done: done << 20, total: 40 << 20 };
    vec![
        (0, Event::RunStarted { run: "r7".into(), plan: Digest::of(b"plan"), steps: 3 }),
        (0, Event::StepStarted { step: id("edge"), title: "start the edge".into(), number: 1, of: 3 }),
        (0, Event::ObjectSettled { step: id("edge"), object: edge(), operation: Some(Operation::Create) }),
        (1, Event::ObjectSettled { step: id("edge"), object: ObjectRef::namespaced("v1", "Service", "airlock", "edge"), operation: None }),
        (1, Event::Waiting { step: id("edge"), object: edge(), cause: "0 of 1 pods are ready: \u{1b}[31mpulling the image".to_owned().into() }),
        (3, Event::StepFinished { step: id("edge"), took_millis: 3250 }),
        (3, Event::StepStarted { step: id("registry.push"), title: "fill the registry".into(), number: 2, of: 3 }),
        (3, progress(0)),
        (4, progress(5)),
        (9, progress(20)),
        (13, progress(40)),
        (13, Event::StepFinished { step: id("registry.push"), took_millis: 10_000 }),
        (13, Event::StepStarted { step: id("gate.dns"), title: "wait for the DNS records".into(), number: 3, of: 3 }),
        (14, Event::TicketOpened { step: id("gate.dns"), ticket: tickets().remove(0) }),
        (14, Event::StepFailed { step: id("other"), code: "engine.not-ready".into() }),
        (14, Event::NoLongerNeeded { step: id("gate.dns"), what: vec!["_acme-challenge.platform.test. 60 IN TXT \"one\"".to_owned().into(), "\u{1b}[31mtwo".to_owned().into()] }),
        (14, Event::Remarked { step: id("gate.dns"), what: "the authority does not offer the chain of `Old \u{1b}Root`".to_owned().into() }),
        (15, Event::Found(Box::new(findings().remove(1)))),
        (15, Event::RunFinished { run: "r7".into(), at: noon() }),
    ]
}

pub(in crate::output) fn attempts() -> Vec<Attempt> {
    let labels = BTreeMap::from([("airlock-platform.io/probe".into(), "blocked".into())]);
    let pod = Vantage::Pod { namespace: "airlock-probes".into(), labels: labels.clone(), account: None };
    vec![
        Attempt {
            id: AttemptId("netpol.blocked".into()),
            from: pod,
            target: Target::Listener { namespace: "airlock-probes".into(), labels, port: 8443 },
            action: AttemptAction::Connect,
            control: Some(AttemptId("netpol.allowed".into())),
            purpose: "a connection that the policies forbid".into(),
        },
        Attempt {
            id: AttemptId("dns".into()),
            from: Vantage::Workstation,
            target: Target::Address { host: "registry.platform.test".into(), port: 443 },
            action: AttemptAction::Resolve { name: "registry.platform.test".into() },
            control: None,
            purpose: "the name of the registry".into(),
        },
        Attempt {
            id: AttemptId("airflow.wrong-password.alpha".into()),
            from: Vantage::Workstation,
            target: Target::Address { host: "alpha-airflow.platform.test".into(), port: 443 },
            action: AttemptAction::Request {
                method: "POST".into(),
                path: "/auth/token".into(),
                server_name: "alpha-airflow.platform.test".into(),
                trust: Trust::System,
                credentials: Some(Credentials { username: "admin".into(), password: None, form: CredentialsForm::Json }),
            },
            control: None,
            purpose: "a login with a wrong password, to be refused".into(),
        },
        Attempt {
            id: AttemptId("admission.restricted".into()),
            from: Vantage::Workstation,
            target: Target::KubernetesApi,
            action: AttemptAction::Admit { manifest: serde_json::Value::Null },
            control: None,
            purpose: "a pod that runs as root, not to be admitted".into(),
        },
        Attempt {
            id: AttemptId("ports".into()),
            from: Vantage::LetIn { namespace: "airlock".into() },
            target: Target::Pods { namespace: "airlock".into(), found: BTreeMap::new() },
            action: AttemptAction::Scan { ports: Vec::new() },
            control: None,
            purpose: "which of their ports are open".into(),
        },
    ]
}

pub(in crate::output) fn report() -> Report {
    let findings = findings();
    let check = |id: &str, title: &str, severity, verdict, findings, gate_failed| airlock_compliance::CheckSummary {
        id: id.into(),
        title: title.into(),
        severity,
        promises: vec!["P3".into()],
        references: Vec::new(),
        verdict,
        reason: None,
        findings,
        gate_failed,
        texts: None,
    };
    let checks = vec![
        check("NET-001", "every namespace denies by default", Severity::High, Verdict::Pass, 2, false),
        check("CAP-001", "the cluster has room", Severity::High, Verdict::Fail, 1, true),
        check("QTA-001", "no quota is in the way", Severity::Medium, Verdict::Unverified, 1, true),
    ];
    Report {
        schema: 2,
        summary: airlock_compliance::Summary {
            verdict: Verdict::Fail,
            gate_failed: true,
            checks: 3,
            objects: 0,
            score: None,
            counts: BTreeMap::from([(Verdict::Pass, 1), (Verdict::Unverified, 1), (Verdict::Fail, 1)]),
        },
        profile: ProfileMetadata { name: "baseline".into(), version: "1".into(), owner: "Airlock".into(), description: String::new() },
        digest: Digest::of(b"profile"),
        installed: None,
        gate: ProfileGate::default(),
        controls: Vec::new(),
        promises: airlock_compliance::promises(&checks),
        checks,
        findings,
        exceptions: Vec::new(),
        admitted: None,
    }
}

/// A sidecar, a mirror's image, a variable, and a label; pods of tasks and of what could not be read.
pub(in crate::output) fn admitted() -> Admitted {
    let change = |change, path: &str, what: &str, asked: Option<&str>, stored: Option<&str>, or_since| AdmittedChange {
        change,
        path: path.into(),
        what: what.into(),
        asked: asked.map(Into::into),
        stored: stored.map(Into::into),
        or_since,
    };
    let changes = vec![
        change(ChangeKind::Added, "metadata.labels.team", "label team", None, Some("a"), true),
        change(ChangeKind::Changed, "spec.containers[0].image", "image of container edge", Some("docker.io/library/nginx:1"), Some("mirror.test/library/nginx:1"), true),
        change(ChangeKind::Added, "spec.containers[0].env[2]", "variable HTTP_PROXY of container edge", None, None, false),
        change(ChangeKind::Added, "spec.containers[1]", "container mesh", None, Some("mesh.test/proxy:2"), false),
        change(ChangeKind::Removed, "spec.securityContext.runAsNonRoot", "securityContext.runAsNonRoot", Some("true"), None, false),
    ];
    let of = |kind: &str, api_version: &str, name: &str| airlock_model::Subject::from(&ObjectRef::namespaced(api_version, kind, "airlock", name));
    let uncompared = |reason: &str, pods, unread| UncomparedPods { reason: reason.into(), pods, unread };
    Admitted {
        compared: 12,
        changed: vec![AdmittedPod { subject: of("Pod", "v1", "edge-6d5f-x"), made_by: of("Deployment", "apps/v1", "edge"), changes }],
        uncompared: vec![uncompared("StatefulSets could not be read: HTTP 403", 1, true), uncompared("no workload made them, as with tasks of Airflow: nothing says what was asked for", 2, false)],
    }
}

pub(in crate::output) fn audit() -> AuditResult {
    let run = |number: u64| AuditedRun { run: RunName::new(number, noon()), sums: Digest::of(&[u8::try_from(number).unwrap()]) };
    let worse = |check: &str, after| Worsened { check: check.into(), before: Verdict::Pass, after, more: 1 };
    AuditResult {
        at: noon(),
        run: run(7),
        since: run(5),
        signed_by: None,
        verdict: Verdict::Fail,
        gate_failed: true,
        checks: 40,
        failed: 1,
        unverified: 13,
        worse: vec![worse("NET-001", Verdict::Fail), worse("WKL-002", Verdict::Unverified)],
    }
}

pub(in crate::output) fn status() -> Status {
    let certificate = |name: &str, authority: bool, not_after: &str| CertificateStatus {
        secret: ObjectRef::namespaced("v1", "Secret", "airlock", name),
        facts: Some(CertificateFacts {
            fingerprint: Digest::of(name.as_bytes()),
            names: if authority { Vec::new() } else { vec!["platform.test".into(), "*.platform.test".into()] },
            permitted: if authority { vec!["platform.test".into()] } else { Vec::new() },
            authority,
            issuer: "CN=Example authority".to_owned().into(),
            key_fingerprint: Digest::of(b"key"),
            issuer_fingerprint: None,
            not_before: Timestamp::UNIX_EPOCH,
            not_after: not_after.parse().unwrap(),
            key_matches: true,
        }),
    };
    Status {
        record: Record {
            schema: 1,
            release: "0.1.0".into(),
            installation: "k3v7".into(),
            plan: Digest::of(b"plan"),
            purpose: airlock_model::Purpose::Install,
            complete: true,
            answers: serde_json::Value::Null,
            images: ImageLock::default(),
            gates: BTreeMap::new(),
            verdict: Some(Verdict::Pass),
            profile: None,
            by: "ada@bastion".into(),
            at: noon(),
        },
        audit: Some(Fact::Known(audit())),
        components: vec![
            ComponentStatus { object: edge(), ready: true, images: vec![image("nginx").pinned().to_string()] },
            ComponentStatus { object: ObjectRef::namespaced("apps/v1", "StatefulSet", "airlock", "registry"), ready: false, images: Vec::new() },
        ],
        hosts: vec![HostStatus { host: "registry.platform.test".into(), addresses: vec!["10.10.0.5".into()] }, HostStatus { host: "app.platform.test".into(), addresses: Vec::new() }],
        certificates: vec![
            certificate("base-domain-ca", true, "2036-11-24T12:00:00Z"),
            certificate("base-domain-tls", false, "2026-12-04T11:00:00Z"),
            certificate("registry-tls", false, "2026-11-23T12:00:00Z"),
            CertificateStatus { secret: ObjectRef::namespaced("v1", "Secret", "airlock", "internal-ca"), facts: None },
        ],
    }
}

pub(in crate::output) fn requirements() -> Requirements {
    Requirements {
        release: "0.1.0".into(),
        requests: Amount { cpu_millis: 350, memory_bytes: 320 << 20 },
        largest_pod: Amount { cpu_millis: 150, memory_bytes: 192 << 20 },
        pods: 2,
        volumes: vec![Volume { owner: "StatefulSet airlock/registry".into(), size: "20Gi".into(), class: None }],
        records: vec!["platform.test".into(), "*.platform.test".into()],
        certificate_names: vec!["platform.test".into(), "*.platform.test".into()],
        certificate: "issued by an authority of Airlock's own".into(),
        flows: plan().connections,
        rights: vec![right("", "namespaces", "create", None), right("apps", "deployments", "get", Some("airlock")), right("apps", "deployments", "patch", Some("airlock"))],
        removal_rights: vec![right("apps", "deployments", "delete", Some("airlock"))],
        images: vec!["docker.io/library/registry:3.1.2".into()],
    }
}

pub(in crate::output) fn facts() -> Facts {
    Facts {
        server: "https://10.10.0.1:6443".into(),
        cluster_uid: Fact::Known("7c1f7a5e-0000-4000-8000-000000000001".into()),
        version: Fact::Known(ServerVersion { major: 1, minor: 37, git: "v1.37.2".into() }),
        clock_difference_millis: Fact::Known(-400),
        caller: Fact::Known(Caller { user: "ada".into(), groups: vec!["system:authenticated".into()] }),
        nodes: Fact::Known(vec![Node {
            name: "node1".into(),
            pool: "default".into(),
            pool_label: None,
            architecture: "amd64".into(),
            runtime: "containerd://2.4.2".into(),
            kubelet: "v1.37.2".into(),
            ready: true,
            schedulable: false,
            pressures: vec!["MemoryPressure".into()],
            allocatable: Amount { cpu_millis: 2000, memory_bytes: 4 << 30 },
            requested: Amount { cpu_millis: 250, memory_bytes: 1 << 30 },
            pods: 5,
            max_pods: 110,
        }]),
        storage_classes: Fact::Known(vec![StorageClass { name: "local".into(), provisioner: "p".into(), default: true, binding_mode: "WaitForFirstConsumer".into(), expandable: false }]),
        ingress_classes: Fact::Known(BTreeMap::new()),
        gateway_classes: Fact::Known(BTreeMap::new()),
        operators: Fact::Known(Vec::new()),
        prometheuses: Fact::Known(Vec::new()),
        cluster_issuers: Fact::Known(Vec::new()),
        issuers: Fact::Known(Vec::new()),
        dns: Fact::Known(ClusterDns {
            namespace: "kube-system".into(),
            service: "kube-dns".into(),
            cluster_ip: "10.96.0.10".parse().unwrap(),
            selector: BTreeMap::new(),
            target_ports: vec![5353],
            node_local: Some("169.254.20.10".parse().unwrap()),
        }),
        api_server: Fact::Known(ApiServer { service: "10.96.0.1:443".parse().unwrap(), endpoints: vec!["10.10.0.1:6443".parse().unwrap()] }),
        namespaces: Fact::Known(BTreeMap::from([
            ("airlock".into(), Namespace { labels: BTreeMap::new(), installation: None, foreign: vec!["Deployment web".into()] }),
            (
                "airlock-probes".into(),
                Namespace {
                    labels: BTreeMap::from([("pod-security.kubernetes.io/enforce".into(), "restricted".into()), ("pod-security.kubernetes.io/warn".into(), "base\u{1b}[31mline".into())]),
                    installation: Some("k3v7".into()),
                    foreign: Vec::new(),
                },
            ),
        ])),
        installations: Fact::Known(BTreeMap::from([("airlock-probes".into(), "k3v7".into()), ("elsewhere".into(), "q9x1".into())])),
        admission: Fact::Known(vec![Admission { kind: "ValidatingWebhookConfiguration".into(), name: "gate\u{1b}[31m".into(), failure_policy: "Fail".into(), dry_run: true }]),
        quotas: Fact::Unverified("missing right: list resourcequotas in the cluster".into()),
    }
}
