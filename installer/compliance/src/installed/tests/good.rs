//! An installation that is right in everything, and what it is made of.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use airlock_model::answers::Receiver;
use airlock_model::{
    AttemptId, AttemptResult, Credentials, CredentialsForm, Deliveries, Digest, ImageLock, JudgedSecret, LockedImage, ObjectRef, Outcome, PathStatus, Planned, Presented, Profile, ScannedPod,
    SearchedLogs, SecretKeyRef, ServedAt, SetCookie, Snapshot, SnapshotObject, Source, StoredCertificate, TlsVersion, World, WorldDatabase, WorldDeployment, WorldNode, WorldServer, names,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::shipped;

pub(super) const HOST: &str = "registry.platform.test";

pub(super) fn now() -> Timestamp {
    "2026-11-24T03:00:00Z".parse().unwrap()
}

/// Read once: some tests judge ten thousand times.
pub(super) fn baseline() -> Profile {
    static BASELINE: LazyLock<Profile> = LazyLock::new(|| shipped("baseline").unwrap());
    BASELINE.clone()
}

/// Those that pods of a deployment run as.
const ACCOUNTS: [&str; 2] = ["airflow-scheduler", "airflow-task"];

pub(super) fn world() -> World {
    let password = SecretKeyRef { namespace: "airlock".into(), name: "registry-password".into(), key: "value".into() };
    World {
        base_domain: "platform.test".into(),
        platform: "airlock".into(),
        probes: "airlock-probes".into(),
        namespaces: vec!["airlock".into(), "airlock-probes".into()],
        hosts: BTreeMap::from([(HOST.into(), Some("10.77.0.10".into()))]),
        edge_port: 443,
        authority: Some("PEM".into()),
        certificate: Some(Digest::of(b"leaf")),
        registry: Some(HOST.into()),
        registry_credentials: Some(Credentials { username: "airlock".into(), password: Some(password), form: CredentialsForm::Basic }),
        database: Some(WorldDatabase { host: "database.airlock.svc".into(), port: 5432, authority: Some("PEM".into()), certificate: Ok(Digest::of(b"leaf")), existing: false }),
        deployments: ["alpha", "beta"].map(deployment).into(),
        accounts_with_rights: vec!["airlock/kube-state-metrics".into()],
        accounts: ["alpha", "beta"].iter().flat_map(|name| ACCOUNTS.map(|account| ObjectRef::namespaced("v1", "ServiceAccount", &format!("airlock-{name}"), account))).collect(),
        secrets: [("airlock-alpha", "airflow-fernet-key"), ("airlock-beta", "airflow-fernet-key"), ("airlock", "registry-password")]
            .map(|(namespace, name)| ObjectRef::namespaced("v1", "Secret", namespace, name))
            .into(),
        declared_rights: Vec::new(),
        plan_reads: BTreeSet::new(),
        is_watched_by_others: false,
        receiver: Some(Receiver::Webhook),
        servers: vec![WorldServer {
            at: ServedAt { host: "registry.airlock.svc".into(), port: 5000, server_name: "registry.airlock.svc".into() },
            secret: ObjectRef::namespaced("v1", "Secret", "airlock", "registry-tls"),
            certificate: Ok(Digest::of(b"leaf")),
        }],
        internal_authority: Some("PEM".into()),
        nodes: Some(Ok(vec![WorldNode { name: "node1".into(), pool: Some(("default".into(), BTreeMap::new())), ..WorldNode::default() }])),
        services: None,
        api_server: None,
    }
}

pub(super) fn deployment(name: &str) -> WorldDeployment {
    let namespace = format!("airlock-{name}");
    let password = SecretKeyRef { namespace: namespace.clone(), name: "airflow-administrator".into(), key: "value".into() };
    let login = Credentials { username: "admin".into(), password: Some(password), form: CredentialsForm::Json };
    let password = SecretKeyRef { namespace: namespace.clone(), name: "airflow-database-password".into(), key: "value".into() };
    let role = Credentials { username: format!("airlock_{name}"), password: Some(password), form: CredentialsForm::Basic };
    WorldDeployment { name: name.into(), host: format!("{name}-airflow.platform.test"), namespace, login, role }
}

pub(super) fn live(api_version: &str, kind: &str, namespace: Option<&str>, name: &str, rest: &Value) -> SnapshotObject {
    let mut manifest = json!({ "metadata": { "name": name, "namespace": namespace } });
    for (key, value) in rest.as_object().unwrap() {
        if key == "labels" { manifest["metadata"]["labels"] = value.clone() } else { manifest[key] = value.clone() }
    }
    let object = ObjectRef { api_version: api_version.into(), kind: kind.into(), namespace: namespace.map(str::to_owned), name: name.into() };
    SnapshotObject { object, manifest, place: None }
}

pub(super) fn pod() -> SnapshotObject {
    let image = format!("docker.io/library/nginx@{}", Digest::of(b"nginx"));
    let container = json!({
        "name": "nginx",
        "image": image,
        "env": [ { "name": "PORT", "value": "8443" }, { "name": "PASSWORD_FILE", "value": "/run/password" }, { "name": "TOKEN", "valueFrom": { "secretKeyRef": { "name": "a", "key": "b" } } } ],
        "resources": { "requests": { "cpu": "100m", "memory": "64Mi" }, "limits": { "cpu": "1", "memory": "64Mi" } },
        "securityContext": { "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": { "drop": ["ALL"] } },
    });
    let spec = json!({
        "serviceAccountName": "edge",
        "automountServiceAccountToken": false,
        "securityContext": { "runAsNonRoot": true, "seccompProfile": { "type": "RuntimeDefault" } },
        "containers": [container],
        "volumes": [ { "name": "tmp", "emptyDir": {} } ],
    });
    live("v1", "Pod", Some("airlock"), "edge-0", &json!({ "spec": spec, "status": { "containerStatuses": [ { "name": "nginx", "imageID": image } ] } }))
}

/// The Job that sends the receiver of alerts a message.
pub(super) fn message(made: &str, ended: &str) -> SnapshotObject {
    let labels = json!({ "app.kubernetes.io/name": "monitoring-receiver" });
    let mut job =
        live("batch/v1", "Job", Some("airlock"), "monitoring-receiver-1", &json!({ "labels": labels, "status": { "conditions": [{ "type": ended, "status": "True" }], "completionTime": made } }));
    job.manifest["spec"] = json!({ "template": { "spec": pod().manifest["spec"] } });
    job.manifest["metadata"]["creationTimestamp"] = json!(made);
    job
}

pub(super) fn presented() -> Presented {
    Presented {
        version: TlsVersion::Tls13,
        fingerprint: Digest::of(b"leaf"),
        names: ["platform.test", "*.platform.test", "registry.airlock.svc", "database.airlock.svc"].map(|name| name.to_owned().into()).into(),
        issuer: "CN=platform.test".to_owned().into(),
        not_before: left(-24 * 90),
        not_after: now() + SignedDuration::from_hours(24 * 90),
        chain_length: 2,
    }
}

pub(super) const fn answered(status: u16) -> AttemptResult {
    AttemptResult::Answered { status, challenge: None, location: None, transport_security: None, allowed_origin: None }
}

/// A login that set one cookie, as it should be but for what is changed in it.
pub(super) fn logged_in(change: impl Fn(&mut SetCookie)) -> AttemptResult {
    let mut cookie =
        SetCookie { name: "session".to_owned().into(), secure: true, http_only: true, same_site: Some("Lax".to_owned().into()), domain: None, lasts_seconds: Some(24 * 60 * 60), token_seconds: None };
    change(&mut cookie);
    AttemptResult::LoggedIn(vec![cookie])
}

pub(super) fn redirected(location: &str) -> AttemptResult {
    AttemptResult::Answered { status: 308, challenge: None, location: Some(location.to_owned().into()), transport_security: None, allowed_origin: None }
}

pub(super) fn secured(value: &str) -> AttemptResult {
    AttemptResult::Answered { status: 200, challenge: None, location: None, transport_security: Some(value.to_owned().into()), allowed_origin: None }
}

pub(super) fn shared(origin: &str) -> AttemptResult {
    AttemptResult::Answered { status: 200, challenge: None, location: None, transport_security: None, allowed_origin: Some(origin.to_owned().into()) }
}

pub(super) fn outcome(id: &str, result: AttemptResult) -> (AttemptId, Outcome) {
    (id.into(), Outcome { attempt: id.into(), result, source: None, destination: None, started: now(), took_millis: 7 })
}

/// Kinds that were read, and there are none of them.
const NONE: [&str; 13] = [
    "AdminNetworkPolicy",
    "BaselineAdminNetworkPolicy",
    "CiliumClusterwideNetworkPolicy",
    "CiliumNetworkPolicy",
    "ClusterNetworkPolicy",
    "ConfigMap",
    "GlobalNetworkPolicy",
    "Ingress",
    "NetworkPolicy.crd.antrea.io",
    "NetworkPolicy.crd.projectcalico.org",
    "NetworkPolicy.projectcalico.org",
    "PersistentVolumeClaim",
    "Service",
];

#[expect(clippy::too_many_lines, reason = "it is one object after the other")]
pub(super) fn good() -> Snapshot {
    let deny = |namespace| live("networking.k8s.io/v1", "NetworkPolicy", Some(namespace), "default-deny", &json!({ "spec": { "podSelector": {}, "policyTypes": ["Ingress", "Egress"] } }));
    let allow = json!({ "spec": { "podSelector": { "matchLabels": { "app.kubernetes.io/name": "edge" } }, "policyTypes": ["Ingress"], "ingress": [ { "ports": [ { "port": 8443 } ] } ] } });
    let namespace = |name| live("v1", "Namespace", None, name, &json!({ "labels": { "pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/enforce-version": "latest" } }));
    let nginx = LockedImage { name: "nginx".into(), reference: "docker.io/library/nginx:1.30".parse().unwrap(), digest: Digest::of(b"nginx") };
    let refused = || AttemptResult::TlsRefused { alert: Some(70) };
    Snapshot {
        source: Source::Cluster,
        at: Some(now()),
        unread: Vec::new(),
        world: world(),
        facts: None,
        database: None,
        pulls: Vec::new(),
        templates: None,
        objects: NONE
            .iter()
            .map(|kind| ((*kind).to_owned(), Ok(Vec::new())))
            .chain([
                ("Pod".into(), Ok(vec![pod()])),
                ("Namespace".into(), Ok(vec![namespace("airlock"), namespace("airlock-probes")])),
                ("NetworkPolicy".into(), Ok(vec![deny("airlock"), live("networking.k8s.io/v1", "NetworkPolicy", Some("airlock"), "edge", &allow), deny("airlock-probes")])),
                ("Job".into(), Ok(vec![message("2026-11-24T02:00:00Z", "Complete")])),
                ("ServiceAccount".into(), Ok(vec![live("v1", "ServiceAccount", Some("airlock"), "edge", &json!({}))])),
            ])
            .collect(),
        // On the heap: there are many.
        outcomes: vec![
            outcome("policy.allowed", AttemptResult::Connected),
            outcome("policy.blocked.own", AttemptResult::Connected),
            outcome("policy.blocked", AttemptResult::TimedOut),
            outcome("policy.confined.own", AttemptResult::Connected),
            outcome("policy.confined", AttemptResult::Refused),
            outcome("tls.served.registry.platform.test", AttemptResult::Handshaken(presented())),
            outcome("tls.1.0.registry.platform.test", refused()),
            outcome("tls.1.1.registry.platform.test", refused()),
            outcome("tls.weak.registry.platform.test", refused()),
            outcome("tls.current.registry.airlock.svc:5000", AttemptResult::Handshaken(presented())),
            outcome("tls.1.0.registry.airlock.svc:5000", refused()),
            outcome("tls.1.1.registry.airlock.svc:5000", refused()),
            outcome("tls.weak.registry.airlock.svc:5000", refused()),
            outcome("tls.plain.registry.airlock.svc:5000", answered(400)),
            outcome("tls.current.database.airlock.svc:5432", AttemptResult::Handshaken(presented())),
            outcome("tls.1.0.database.airlock.svc:5432", refused()),
            outcome("tls.1.1.database.airlock.svc:5432", refused()),
            outcome("tls.weak.database.airlock.svc:5432", refused()),
            outcome("tls.unknown.registry.platform.test", refused()),
            outcome("http.plain.registry.platform.test", AttemptResult::Refused),
            outcome("registry.unsecured.registry.platform.test.80", AttemptResult::Refused),
            outcome("registry.unsecured.registry.platform.test.443", answered(400)),
            outcome("http.visited.registry.platform.test", secured("max-age=31536000")),
            outcome("api.own", answered(200)),
            outcome("api.stranger-versions", answered(403)),
            outcome("api.stranger-groups", answered(403)),
            outcome("api.stranger-secrets", answered(403)),
            outcome("admission.conforming.airlock", AttemptResult::Admitted),
            outcome("admission.baseline.airlock", unadmitted(VIOLATES)),
            outcome("admission.restricted.airlock", unadmitted(VIOLATES)),
            outcome("admission.conforming.airlock-probes", AttemptResult::Admitted),
            outcome("admission.baseline.airlock-probes", unadmitted(VIOLATES)),
            outcome("admission.restricted.airlock-probes", unadmitted(VIOLATES)),
            outcome("registry.login", answered(200)),
            outcome("registry.wrong-password", answered(401)),
            outcome("registry.anonymous", answered(401)),
            outcome("registry.anonymous-catalog", answered(401)),
            outcome("registry.anonymous-pull", answered(401)),
            outcome("registry.anonymous-push", answered(401)),
            outcome("airflow.login.alpha", answered(201)),
            outcome("airflow.wrong-password.alpha", answered(401)),
            outcome("airflow.anonymous.alpha", answered(401)),
            outcome("airflow.page.alpha", logged_in(|_| {})),
            outcome("airflow.login-page.alpha", answered(200)),
            outcome("airflow.sign-up-page.alpha", answered(404)),
            outcome("airflow.across.alpha.beta-airflow.platform.test", answered(200)),
            outcome("airflow.across.alpha.nobody.platform.test", answered(200)),
            outcome("airflow.login.beta", answered(201)),
            outcome("airflow.wrong-password.beta", answered(401)),
            outcome("airflow.anonymous.beta", answered(401)),
            outcome("airflow.page.beta", logged_in(|_| {})),
            outcome("airflow.login-page.beta", answered(200)),
            outcome("airflow.sign-up-page.beta", answered(404)),
            outcome("airflow.across.beta.alpha-airflow.platform.test", answered(200)),
            outcome("airflow.across.beta.nobody.platform.test", answered(200)),
            outcome("task.alpha.trusted", AttemptResult::Handshaken(presented())),
            outcome("task.beta.trusted", AttemptResult::Handshaken(presented())),
            outcome("registry.node.default", AttemptResult::Pulled),
            outcome("airflow.crossing.alpha.alpha", AttemptResult::Connected),
            outcome("airflow.crossing.alpha.beta", AttemptResult::TimedOut),
            outcome("airflow.crossing.beta.beta", AttemptResult::Connected),
            outcome("airflow.crossing.beta.alpha", AttemptResult::Refused),
            outcome("task.alpha.own", AttemptResult::Connected),
            outcome("task.alpha.pods.beta", reached(&[])),
            outcome("task.beta.own", AttemptResult::Connected),
            outcome("task.beta.pods.alpha", reached(&[])),
            outcome("dag-processor.alpha.own", AttemptResult::Connected),
            outcome("dag-processor.alpha.pods.beta", reached(&[])),
            outcome("dag-processor.beta.own", AttemptResult::Connected),
            outcome("dag-processor.beta.pods.alpha", reached(&[])),
            outcome("triggerer.alpha.own", AttemptResult::Connected),
            outcome("triggerer.alpha.pods.beta", reached(&[])),
            outcome("triggerer.beta.own", AttemptResult::Connected),
            outcome("triggerer.beta.pods.alpha", reached(&[])),
            outcome("account.alpha.airlock-alpha.pods", answered(200)),
            outcome("account.alpha.airlock-beta.secrets", answered(403)),
            outcome("account.alpha.airlock-beta.configmaps", answered(403)),
            outcome("account.alpha.airlock-beta.pods", answered(403)),
            outcome("account.alpha.airlock.secrets", answered(403)),
            outcome("account.alpha.airlock.configmaps", answered(403)),
            outcome("account.alpha.airlock.pods", answered(403)),
            outcome("account.beta.airlock-beta.pods", answered(200)),
            outcome("account.beta.airlock-alpha.secrets", answered(403)),
            outcome("account.beta.airlock-alpha.configmaps", answered(403)),
            outcome("account.beta.airlock-alpha.pods", answered(403)),
            outcome("account.beta.airlock.secrets", answered(403)),
            outcome("account.beta.airlock.configmaps", answered(403)),
            outcome("account.beta.airlock.pods", answered(403)),
            outcome("monitoring.deliveries", deliveries(None, None)),
            outcome("token.alpha.airflow-scheduler.known", known_as("alpha", "airflow-scheduler")),
            outcome("token.alpha.airflow-scheduler.secrets", statuses("airlock-beta", 403)),
            outcome("token.alpha.airflow-task.known", known_as("alpha", "airflow-task")),
            outcome("token.alpha.airflow-task.secrets", statuses("airlock-beta", 403)),
            outcome("token.beta.airflow-scheduler.known", known_as("beta", "airflow-scheduler")),
            outcome("token.beta.airflow-scheduler.secrets", statuses("airlock-alpha", 403)),
            outcome("token.beta.airflow-task.known", known_as("beta", "airflow-task")),
            outcome("token.beta.airflow-task.secrets", statuses("airlock-alpha", 403)),
            outcome("database.own.alpha", told("1")),
            outcome("database.other.alpha.beta", locked("42501")),
            outcome("database.server.alpha", locked("42501")),
            outcome("database.own.beta", told("1")),
            outcome("database.other.beta.alpha", locked("28000")),
            outcome("database.server.beta", locked("42501")),
            outcome("database.owned.alpha", told("airlock_alpha/airlock_alpha")),
            outcome("database.public.alpha", told("none")),
            outcome("database.powers.alpha", told("none")),
            outcome("database.verifiers.alpha", told("scram-sha-256")),
            outcome("database.empty.alpha", locked("28P01")),
            outcome("database.named.alpha", locked("28P01")),
            outcome("database.administrator-empty.alpha", locked("28P01")),
            outcome("database.administrator-named.alpha", locked("28000")),
            outcome("database.plain.alpha", locked("28000")),
            outcome("database.sensitive.alpha", told("531 71 0\nperson public.ab_user.email")),
            outcome("database.stored.alpha", told("3/0")),
            outcome("database.owned.beta", told("airlock_beta/airlock_beta")),
            outcome("database.public.beta", told("none")),
            outcome("database.powers.beta", told("none")),
            outcome("database.verifiers.beta", told("scram-sha-256")),
            outcome("database.empty.beta", locked("28P01")),
            outcome("database.named.beta", locked("28P01")),
            outcome("database.administrator-empty.beta", locked("28P01")),
            outcome("database.administrator-named.beta", locked("28000")),
            outcome("database.plain.beta", locked("28000")),
            outcome("database.sensitive.beta", told("531 71 0\nperson public.ab_user.email")),
            outcome("database.stored.beta", told("1/0")),
        ]
        .into_iter()
        .collect(),
        leaks: Some(Ok(Vec::new())),
        logged: Some(Ok(SearchedLogs { values: 40, logs: 12, events: 3, ..SearchedLogs::default() })),
        shared: Some(Ok(Vec::new())),
        strength: Some(Ok(vec![judged(&[])])),
        fernet_keys: Some(Ok(vec![fernet("airlock-alpha", &[]), fernet("airlock-beta", &[])])),
        stored_certificates: Some(Ok(vec![stored(&[], &[])])),
        control_plane: None,
        run: None,
        drift: None,
        plan_runs: None,
        node_reports: Vec::new(),
        scan_reports: Vec::new(),
        planned: Some(Planned { images: ImageLock(BTreeMap::from([("nginx".into(), nginx)])), ..Planned::default() }),
    }
}

pub(super) fn judged(weak: &[(&str, &str)]) -> JudgedSecret {
    JudgedSecret { secret: ObjectRef::namespaced("v1", "Secret", "airlock", "registry-password"), weak: weak.iter().map(|(key, why)| ((*key).to_owned(), (*why).to_owned())).collect() }
}

pub(super) fn fernet(namespace: &str, weak: &[(&str, &str)]) -> JudgedSecret {
    JudgedSecret { secret: ObjectRef::namespaced("v1", "Secret", namespace, names::FERNET_KEY), ..judged(weak) }
}

pub(super) fn stored(faults: &[&str], warnings: &[&str]) -> StoredCertificate {
    let all = |said: &[&str]| said.iter().map(|said| (*said).to_owned().into()).collect();
    let secret = ObjectRef::namespaced("v1", "Secret", "airlock", names::BASE_DOMAIN_CERTIFICATE);
    StoredCertificate { secret, place: None, seen: "ECDSA P-256".to_owned().into(), faults: all(faults), warnings: all(warnings), unknown: None }
}

/// What a token is answered to the list, to one Secret of another deployment, and to the Secrets of the platform.
pub(super) fn statuses(other: &str, to_name: u16) -> AttemptResult {
    let path = |path: &str, status| PathStatus { path: format!("/api/v1/namespaces/{path}"), status };
    let of_other = [path(&format!("{other}/secrets?limit=1"), 403), path(&format!("{other}/secrets/airflow-fernet-key"), to_name)];
    let of_platform = [path("airlock/secrets?limit=1", 403), path("airlock/secrets/registry-password", 403)];
    AttemptResult::Statuses(of_platform.into_iter().chain(of_other).collect())
}

pub(super) fn told(text: &str) -> AttemptResult {
    AttemptResult::Told(Some(text.to_owned().into()))
}

pub(super) fn locked(state: &str) -> AttemptResult {
    AttemptResult::SqlRefused { state: state.into(), message: "permission denied".to_owned().into() }
}

/// How Pod Security admission refuses.
const VIOLATES: &str = "pods \"a\" is forbidden: violates PodSecurity \"restricted:latest\": host namespaces (hostPID=true)";

pub(super) fn unadmitted(message: &str) -> AttemptResult {
    AttemptResult::NotAdmitted { message: message.to_owned().into() }
}

/// What the pods of a deployment said: one of them, at these ports.
pub(super) fn reached(open: &[u16]) -> AttemptResult {
    let pod = |name: &str, open: &[u16]| ScannedPod { pod: name.to_owned(), declared: vec![8080], open: open.to_vec(), silent: 8 };
    AttemptResult::Scanned(vec![pod("airflow-api-server-0", &[]), pod("airflow-triggerer-0", open)])
}

pub(super) fn left(hours: i64) -> Timestamp {
    now() + SignedDuration::from_hours(hours)
}

/// The search of logs.
pub(super) fn logged(given: &mut Snapshot) -> &mut SearchedLogs {
    given.logged.as_mut().unwrap().as_mut().unwrap()
}

/// When the receiver last took a message, and when one was last given up.
pub(super) fn deliveries(delivered: Option<&str>, given_up: Option<&str>) -> AttemptResult {
    let at = |time: Option<&str>| time.map(|time| time.parse().unwrap());
    AttemptResult::Deliveries(Deliveries { delivered: at(delivered), given_up: at(given_up) })
}

fn known_as(deployment: &str, account: &str) -> AttemptResult {
    AttemptResult::KnownAs(format!("system:serviceaccount:airlock-{deployment}:{account}").into())
}
