//! Every combination of answers and facts that changes what is rendered.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use airlock_model::prometheus::{Prometheus, Selection};
use airlock_model::selector::{Holds, Requirement, Selector};
use airlock_model::{AirflowDeployment, Answers, ApiServer, Caller, ClusterDns, Digest, Fact, Facts, HostName, ImageLock, LockedImage, ServerVersion};
use airlock_render::{RenderInput, Rendered, TenantInput, release, render};

/// The least that answers can say.
pub(crate) const SMALLEST: &str = "apiVersion: airlock/v1\nkind: Answers\nbaseDomain: platform.test\n";

/// What the company's own profile came to, where the answers name one.
pub(crate) const PROFILE: &str = "apiVersion: airlock/v1\nkind: SecurityPolicyProfile\nmetadata:\n  description: \"'a: {b} # c\"\n";
/// Answers that name one, with an auditor that judges by it.
pub(crate) const OWN_PROFILE: &str = "components: { auditor: {} }\nevidence: { sink: folder }\nprofile: { ref: 'file:acme.yaml' }\n";

/// One combination, with its name for messages.
pub(crate) struct Combination {
    pub(crate) name: String,
    pub(crate) answers: Answers,
    pub(crate) facts: Option<Facts>,
    pub(crate) lock: Option<ImageLock>,
    /// The Airflow deployment that is rendered; none: the platform is.
    pub(crate) deployment: Option<AirflowDeployment>,
}

impl Combination {
    /// Around the answers' own checks, which refuse what this release does not offer yet: this room must hold by itself.
    pub(crate) fn of(name: &str, yaml: &str) -> Self {
        let text = format!("{SMALLEST}{yaml}");
        Self { name: name.into(), answers: serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}\n{text}")), facts: None, lock: None, deployment: None }
    }

    pub(crate) fn render(&self) -> Rendered {
        self.try_render().unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    /// The platform that a deployment is on, or the platform itself.
    pub(crate) fn platform(&self) -> Rendered {
        self.try_render_as(None).unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    pub(crate) fn try_render(&self) -> Result<Rendered, airlock_render::RenderError> {
        self.try_render_as(self.deployment.as_ref())
    }

    fn try_render_as(&self, deployment: Option<&AirflowDeployment>) -> Result<Rendered, airlock_render::RenderError> {
        let name = deployment.map(|deployment| deployment.name().unwrap());
        let tenant = deployment.zip(name.as_ref()).map(|(deployment, name)| TenantInput { name, deployment, incarnation: None, kept: true });
        let release = release().unwrap();
        let base: HostName = self.answers.base_domain.parse().unwrap();
        render(&RenderInput {
            answers: &self.answers,
            base: &base,
            release: &release,
            lock: self.lock.as_ref(),
            facts: self.facts.as_ref(),
            installation: "0123456789abcdef",
            profile: Some(PROFILE),
            tenant,
        })
    }
}

/// A lock that gives each image of the release a digest.
pub(crate) fn lock() -> ImageLock {
    let locked = |(name, image): (String, airlock_model::ReleaseImage)| {
        let digest = Digest::of(name.as_bytes());
        (name.clone(), LockedImage { name, reference: image.reference, digest })
    };
    ImageLock(release().unwrap().images.into_iter().map(locked).collect())
}

/// A cluster whose DNS listens on another port than its Service, as on `OpenShift` and in the bed.
pub(crate) fn facts(operators: &[&str]) -> Facts {
    let unread = || "not asked for".to_owned();
    Facts {
        server: "https://192.0.2.10:6443".into(),
        cluster_uid: Fact::Known("8d1f".into()),
        version: Fact::Known(ServerVersion { major: 1, minor: 37, git: "v1.37.2".into() }),
        clock_difference_millis: Fact::Known(0),
        caller: Fact::Known(Caller { user: "admin".into(), groups: Vec::new() }),
        nodes: Fact::Unverified(unread()),
        storage_classes: Fact::Unverified(unread()),
        ingress_classes: Fact::Unverified(unread()),
        gateway_classes: Fact::Unverified(unread()),
        operators: Fact::Known(operators.iter().map(|&operator| operator.to_owned()).collect()),
        prometheuses: Fact::Known(vec![prometheus()]),
        cluster_issuers: Fact::Unverified(unread()),
        issuers: Fact::Unverified(unread()),
        dns: Fact::Known(ClusterDns {
            namespace: "dns-of-the-cluster".into(),
            service: "dns".into(),
            cluster_ip: "10.96.0.10".parse().unwrap(),
            selector: BTreeMap::from([("app".into(), "coredns".into())]),
            target_ports: vec![5353],
            node_local: Some("169.254.20.10".parse().unwrap()),
        }),
        api_server: Fact::Known(ApiServer { service: "10.96.0.1:443".parse().unwrap(), endpoints: vec!["192.0.2.10:6443".parse().unwrap()] }),
        namespaces: Fact::Known(BTreeMap::new()),
        installations: Fact::Known(BTreeMap::new()),
        admission: Fact::Known(Vec::new()),
        quotas: Fact::Known(Vec::new()),
    }
}

/// Choices that do not depend on each other; the first of each is the default.
const CHOICES: [&[&str]; 6] = [
    &["", "sizing: tiny\n", "sizing: production\n"],
    &[
        "",
        "components:\n  registry: { mode: off }\n",
        concat!(
            "components:\n",
            "  edge:\n    replicas: 3\n    resources: { requests: { cpu: 0.5, memory: 64Mi }, limits: { cpu: 1000m, memory: 1024Mi } }\n",
            "    nodeSelector: { pool: platform }\n    tolerations: [{ key: dedicated, operator: Equal, value: platform, effect: NoExecute, tolerationSeconds: \"60\" }]\n    priorityClass: important\n",
            "  registry:\n    replicas: 1\n    storage: { class: fast, size: 1024Mi }\n    resources: { requests: { cpu: 100m, memory: 1Gi }, limits: { cpu: \"2\", memory: 2Gi } }\n",
        ),
    ],
    &["", "metadata: { labels: { cost-centre: \"4711\" }, annotations: { example.com/owner: \"team: a\" } }\n"],
    &["", "namespaces: { create: false, platform: ours, probes: ours-probes }\n"],
    &[
        "",
        "edge: { internal: false, exposure: nodePort, sourceRanges: [10.0.0.0/8] }\n",
        "edge: { internal: true, address: 192.0.2.7, sourceRanges: [10.0.0.0/8, \"fd00::/8\"], annotations: { example.com/lb: \"yes\", networking.gke.io/load-balancer-type: Own } }\n",
    ],
    &[
        "",
        concat!(
            "hosts: { pattern: \"{name}-apps.{base}\", overrides: { registry: images.example.com } }\n",
            "network:\n  peers: { dns: { namespace: d, selector: {}, ports: [53, 8053] }, apiServer: [\"192.0.2.1:6443\"], ingress: [192.0.2.0/24] }\n",
            "  egress: [{ component: edge, to: 198.51.100.0/24, port: 8443, reason: a component that the customer runs }]\n",
            "patches: [{ target: Deployment/edge, patch: { spec: { template: { spec: { terminationGracePeriodSeconds: 90 } } } }, reason: long uploads }]\n",
        ),
    ],
];

/// Monitoring with each kind of receiver; the egress that it asks for is part of it.
pub(crate) const MONITORED: [&str; 3] = [
    "components: { monitoring: { mode: bundled }, database: { mode: off } }\nalerts: { receiver: none }\n",
    concat!(
        "components: { monitoring: { storage: { size: 3Gi } } }\nalerts: { receiver: webhook, webhook: { url: \"file:/url\" }, authority: \"secret:trust/company#ca.crt\" }\n",
        "network: { egress: [{ component: monitoring, to: 198.51.100.7/32, port: 443, reason: alerts }] }\n",
    ),
    concat!(
        "components: { monitoring: {} }\nalerts: { receiver: email, email: { to: ops@example.com, from: airlock@example.com, server: \"mail.example.com:587\", username: u, password: \"env:P\" } }\n",
        "network: { egress: [{ component: monitoring, to: 198.51.100.7/32, port: 587, reason: alerts }] }\n",
    ),
];

/// Everything that leaves goes through a proxy that opens TLS: to an ACME authority and a webhook, and to a mail server.
pub(crate) const PROXIED: [&str; 2] = [
    concat!(
        "tls:\n  source: acme\n  acme: { directory: 'https://acme.test/dir', termsOfServiceAgreed: true, http01: true }\ntrust: { ca: [\"file:/proxy.pem\"] }\n",
        "components: { monitoring: {} }\nalerts: { receiver: webhook, webhook: { url: \"file:/url\" }, authority: \"file:/hook.pem\" }\n",
        "network: { proxy: { https: 'http://proxy.test:3128', username: airlock, password: 'env:P', networks: [198.51.100.3/32], noProxy: [.corp.test] } }\n",
    ),
    concat!(
        "components: { monitoring: {} }\nalerts: { receiver: email, email: { to: ops@example.com, from: airlock@example.com, server: \"mail.example.com:465\", username: u, password: \"env:P\" } }\n",
        "network: { proxy: { https: 'http://198.51.100.3:3128' } }\n",
    ),
];

/// The customer's own database server: by name with an authority, and by address with the system's.
pub(crate) const THEIR_DATABASE: [&str; 2] = [
    concat!(
        "components: { database: { mode: existing, server: { host: db.corp.test, port: 6432, networks: [10.1.2.0/24, 10.1.3.0/24], authority: \"file:/ca.pem\", ",
        "administrator: { username: airlock, password: \"secret:vault/db#password\" } } } }\n",
    ),
    "components: { database: { mode: existing, server: { host: 10.1.2.3, administrator: { username: \"a b'c\", password: \"file:/p\" } } } }\n",
];
/// The company's Prometheus watches the platform.
pub(crate) const EXISTING: &str = "components: { monitoring: { mode: existing } }\n";

/// The base domain's certificate from an ACME authority that looks at port 80.
pub(crate) const PORT_80: &str = "tls:\n  source: acme\n  acme: { directory: 'https://acme.test/dir', termsOfServiceAgreed: true, http01: true }\nnetwork: { egress: [{ component: renewer, to: 10.0.0.1/32, port: 14000, reason: ACME }] }\nsizing: production\n";
/// cert-manager issues the certificate of the base domain.
pub(crate) const CERT_MANAGER: &str = "tls: { source: cert-manager, issuerRef: { name: company-ca, kind: ClusterIssuer }, duration: 90d, renewBefore: 36h }\ntrust: { ca: [\"file:/root.pem\"] }\n";

/// A Prometheus that takes what bears its label, in namespaces with another one.
fn prometheus() -> Prometheus {
    let selector = |key: &str| Some(Selector(vec![Requirement { key: key.into(), holds: Holds::In(vec!["stack".into()]) }]));
    let taken = || Selection { objects: selector("release"), namespaces: selector("watched-by") };
    Prometheus { namespace: "watchers".into(), name: "k8s".into(), service_monitors: taken(), pod_monitors: Selection::default(), rules: taken() }
}

/// The auditor: signed and beside monitoring, and with the least that it needs.
pub(crate) const AUDITED: [&str; 5] = [
    concat!(
        "components: { monitoring: {}, auditor: { storage: { class: slow, size: 3Gi } } }\nalerts: { receiver: none }\n",
        "compliance: { schedule: 6h }\nevidence: { sink: folder, signer: \"secret:keys/evidence#key.pem\" }\n",
    ),
    "components: { auditor: {} }\nevidence: { sink: folder }\n",
    concat!(
        "components: { auditor: {} }\nnetwork: { egress: [{ component: auditor, to: 198.51.100.9/32, port: 6514, reason: heads of evidence }] }\n",
        "evidence: { sink: syslog, syslog: { server: 'logs.test:6514' }, authority: \"secret:trust/logs#ca.crt\" }\n",
    ),
    concat!(
        "components: { auditor: {} }\nnetwork: { egress: [{ component: auditor, to: 198.51.100.9/32, port: 443, reason: heads of evidence }] }\n",
        "evidence: { sink: s3, s3: { endpoint: 'https://s3.test', bucket: evidence, accessKeyId: AKIA7, secretAccessKey: \"file:/s3\" } }\n",
    ),
    concat!(
        "components: { auditor: {} }\ntrust: { ca: [\"file:/proxy.pem\"] }\nnetwork: { proxy: { https: 'http://proxy.test:3128', username: airlock, password: 'env:P', networks: [198.51.100.3/32] } }\n",
        "evidence: { sink: https, https: { url: 'https://logs.test/airlock', token: \"file:/token\" } }\n",
    ),
];

/// All combinations with what they give, rendered once, by all cores.
pub(crate) fn rendered() -> &'static [(Combination, Rendered)] {
    static RENDERED: OnceLock<Vec<(Combination, Rendered)>> = OnceLock::new();
    RENDERED.get_or_init(|| {
        let mut waiting = all();
        let each = waiting.len().div_ceil(std::thread::available_parallelism().map_or(1, std::num::NonZero::get));
        let mut parts = Vec::new();
        while !waiting.is_empty() {
            parts.push(waiting.split_off(waiting.len().saturating_sub(each)));
        }
        let with_outcome = |combination: Combination| {
            let rendered = combination.render();
            (combination, rendered)
        };
        std::thread::scope(|scope| {
            let threads: Vec<_> = parts.into_iter().map(|part| scope.spawn(move || part.into_iter().map(with_outcome).collect::<Vec<_>>())).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
        })
    })
}

/// Every seventh: each option of each choice is among them.
pub(crate) fn some() -> impl Iterator<Item = Combination> {
    all().into_iter().step_by(7)
}

/// All combinations of the choices, each with and without facts, on `OpenShift` and not, and with a lock where there are facts.
fn all() -> Vec<Combination> {
    let mut texts = vec![(String::new(), String::new())];
    for (at, choice) in CHOICES.iter().enumerate() {
        let extended = |(name, text): &(String, String)| choice.iter().enumerate().map(|(number, option)| (format!("{name}{at}.{number} "), format!("{text}{option}"))).collect::<Vec<_>>();
        texts = texts.iter().flat_map(extended).collect();
    }
    let worlds = [("offline", None), ("kubernetes", Some(facts(&["cert-manager.io"]))), ("openshift", Some(facts(&["route.openshift.io"])))];
    let mut combinations = Vec::new();
    for (name, text) in &texts {
        for (world, facts) in &worlds {
            let mut combination = Combination::of(&format!("{name}{world}"), text);
            combination.facts.clone_from(facts);
            combination.lock = facts.is_some().then(lock);
            combinations.push(combination);
        }
    }
    for (world, facts) in &worlds {
        for (number, text) in MONITORED.iter().chain([&EXISTING]).chain(&AUDITED).chain(&PROXIED).enumerate() {
            let mut combination = Combination::of(&format!("monitored {number} {world}"), text);
            combination.facts.clone_from(facts);
            combination.lock = facts.is_some().then(lock);
            combinations.push(combination);
        }
        for (name, text) in [("cert-manager", CERT_MANAGER), ("port 80", PORT_80), ("own profile", OWN_PROFILE)] {
            let mut combination = Combination::of(&format!("{name} {world}"), text);
            combination.facts.clone_from(facts);
            combination.lock = facts.is_some().then(lock);
            combinations.push(combination);
        }
        for (number, text) in THEIR_DATABASE.iter().enumerate() {
            let mut combination = Combination::of(&format!("their database {number} {world}"), text);
            combination.facts.clone_from(facts);
            combination.lock = facts.is_some().then(lock);
            combinations.push(combination);
        }
        let texts = [
            ("", ""),
            ("their database ", THEIR_DATABASE[0]),
            ("their address ", THEIR_DATABASE[1]),
            ("tiny ", "sizing: tiny\n"),
            ("labelled ", CHOICES[2][1]),
            ("pre-made ", CHOICES[3][1]),
            ("watched ", EXISTING),
            ("audited ", AUDITED[1]),
            ("own hosts ", "hosts: { tenant: \"{tenant}.flow.{base}\" }\n"),
        ];
        for (name, text) in texts {
            for deployment in ["name: alpha\n", "name: a-name-of-thirty-characters-01\nexampleDag: true\nsizing: production\nquota: { cpu: 1.5, memory: 3Gi, pods: 9 }\n"] {
                let mut combination = Combination::of(&format!("{} {name}{world}", deployment.lines().next().unwrap()), text);
                combination.facts.clone_from(facts);
                combination.lock = facts.is_some().then(lock);
                combination.deployment = Some(AirflowDeployment::from_yaml(&format!("apiVersion: airlock/v1\nkind: AirflowDeployment\n{deployment}")).unwrap());
                combinations.push(combination);
            }
        }
    }
    combinations
}
