//! Every name that Airlock gives in a cluster has its home here (DESIGN.md §8).

/// Field manager of every server-side apply.
pub const FIELD_MANAGER: &str = "airlock";
/// Value of `app.kubernetes.io/part-of` and `app.kubernetes.io/managed-by`.
pub const PRODUCT: &str = "airlock";

/// Prefixes of labels and annotations that only Airlock sets; what judges and selects would follow other ones.
const RESERVED: [&str; 5] = ["app.kubernetes.io/", "airlock-platform.io/", "pod-security.kubernetes.io/", "kubernetes.io/metadata.name", "kubectl.kubernetes.io/"];

/// Whether a label or annotation is one that Airlock or Kubernetes sets, so that nobody else may ask for it.
pub fn is_reserved(key: &str) -> bool {
    RESERVED.iter().any(|prefix| key.starts_with(prefix))
}

/// Well-known label: which component.
pub const LABEL_NAME: &str = "app.kubernetes.io/name";
/// Well-known label: which part of a component.
pub const LABEL_COMPONENT: &str = "app.kubernetes.io/component";
/// Well-known label: always [`PRODUCT`].
pub const LABEL_PART_OF: &str = "app.kubernetes.io/part-of";
/// Well-known label: always [`PRODUCT`].
pub const LABEL_MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// Well-known label: the release's version.
pub const LABEL_VERSION: &str = "app.kubernetes.io/version";
/// The random id made with the platform namespace.
pub const LABEL_INSTALLATION: &str = "airlock-platform.io/installation";
/// The release that applied the object.
pub const LABEL_RELEASE: &str = "airlock-platform.io/release";
/// The Airflow deployment that the object belongs to.
pub const LABEL_TENANT: &str = "airlock-platform.io/tenant";
/// Kept by `uninstall`, adopted by the next install.
pub const LABEL_RETAINED: &str = "airlock-platform.io/retained";

/// Generation in which a Secret was made; pods bear the newest one of those that they read
/// ([`ANNOTATION_SECRET_GENERATION`]).
pub const LABEL_SECRET_GENERATION: &str = "airlock-platform.io/secret-generation";

/// On pods that carry out attempts: which run made them, so that leftovers are found.
pub const LABEL_PROBE_RUN: &str = "airlock-platform.io/probe-run";

/// On pods that scan ports: which run's policies let them in.
pub const LABEL_SCAN: &str = "airlock-platform.io/scan";

/// What the names of namespaces begin with in which nodes are tried before anything is installed.
pub const TRIAL_NAMESPACE: &str = "airlock-probe-";

/// Where a pod that carries out attempts finds the Secrets that they refer to, a folder each.
pub const PROBE_SECRETS: &str = "/etc/airlock/secrets";

/// Digest of a generated Secret's specification, so that a changed recipe is noticed.
pub const ANNOTATION_SPEC: &str = "airlock-platform.io/spec-digest";
/// Class of a Secret: `data-key`, `credential`, `derived`.
pub const ANNOTATION_CLASS: &str = "airlock-platform.io/class";
/// Counter on pods: a rotation raises it and so restarts just the consumers.
pub const ANNOTATION_SECRET_GENERATION: &str = "airlock-platform.io/secret-generation";

/// On a Secret, and on the pods that notice it by themselves: the fingerprint of the certificate that the renewer put into it.
pub const ANNOTATION_RENEWED: &str = "airlock-platform.io/renewed";
/// On the Secret with a request: the fingerprint of the certificate that the answer will take the place of.
pub const ANNOTATION_NEXT_OF: &str = "airlock-platform.io/next-of";
/// On a Secret: how the last look of the renewer ended, as JSON.
pub const ANNOTATION_RENEWAL: &str = "airlock-platform.io/renewal";
/// On a Secret: when its authority would like it to be renewed, as JSON.
pub const ANNOTATION_SUGGESTED: &str = "airlock-platform.io/suggested-renewal";
/// Prefix of annotations on pods: for each Secret that was renewed since the workload was applied, the certificate's fingerprint.
pub const RENEWED_PREFIX: &str = "renewed.airlock-platform.io/";

/// On pods of a Job: it is run again when a Secret that they read was made anew since.
pub const ANNOTATION_AGAIN: &str = "airlock-platform.io/again";

/// On pods of a Job: what stands in their log are findings, and one that fails ends the run.
pub const ANNOTATION_TELLS: &str = "airlock-platform.io/tells";

/// `ConfigMap`: release, plan hash, verdict, answers without secrets, passed gates.
pub const RECORD: &str = "airlock-record";
/// `ConfigMap` `airlock-inventory-N`: what was applied.
pub const INVENTORY_PREFIX: &str = "airlock-inventory-";
/// `ConfigMap` `airlock-journal-<run>`.
pub const JOURNAL_PREFIX: &str = "airlock-journal-";
/// The Lease that only one run holds.
pub const LEASE: &str = "airlock";
/// Journals that are kept in a namespace. Evidence of earlier releases is read by it too: with a greater number, what was pruned then
/// would not be missed.
pub const JOURNALS_KEPT: usize = 10;
/// Schema of the records; a newer one is refused by an older program.
pub const RECORD_SCHEMA: u32 = 1;

/// Secret with what the ACME authority is asked with: keys, and the authorities that its server is verified by.
pub const ACME: &str = "acme";
/// Key in it: the secret that dynamic updates of DNS are signed by.
pub const ACME_TSIG: &str = "tsig";
/// Key in it: the key of the account at the authority's customer service.
pub const ACME_EXTERNAL: &str = "external-account";
/// Key in it: the authorities that its server is verified by.
pub const ACME_ROOTS: &str = "ca.crt";
/// Secret with the account at the ACME authority, under `account.json`.
pub const ACME_ACCOUNT: &str = "acme-account";
/// Secret with the order at the ACME authority whose records people set, under `order.json`; it goes when the certificate is issued.
pub const ACME_ORDER: &str = "acme-order";

/// `ConfigMap` with the certificates of the platform that the renewer looks after, under [`RENEWALS_KEY`]; `renewals-TENANT` beside
/// it for each Airflow deployment.
pub const RENEWALS: &str = "renewals";
/// On them, so that the renewer finds all.
pub const LABEL_RENEWALS: &str = "airlock-platform.io/renewals";
/// Key in it: a JSON array.
pub const RENEWALS_KEY: &str = "renewals.json";
/// The `CronJob` that renews certificates, its account, and its component.
pub const RENEWER: &str = "renewer";

/// `ConfigMap` with the security policy profile of the company's own that the installation is judged by, under [`PROFILE_KEY`].
pub const PROFILE: &str = "airlock-profile";
/// Key in it: the profile with all that it extends, as one document.
pub const PROFILE_KEY: &str = "profile.yaml";

/// The `CronJob` that judges the installation by schedule, its account, and its component.
pub const AUDITOR: &str = "auditor";
/// The `CronJob` in the namespace of each Airflow deployment that tries for the auditor what needs the deployment's own password, and its component.
pub const ATTEMPTS: &str = "airflow-attempts";
/// The claim of the volume where the auditor keeps its reports.
pub const AUDITOR_CLAIM: &str = "auditor-evidence";
/// On that claim: how the last audit ended, as JSON.
pub const ANNOTATION_AUDIT: &str = "airlock-platform.io/audit";
/// On that claim: `true` while something is worse than it was, else `false`. kube-state-metrics tells Prometheus of it.
pub const ANNOTATION_AUDIT_WORSE: &str = "airlock-platform.io/audit-worse";

/// Secret with the certificate authority that signs for the base domain (keys `tls.crt`, `tls.key`).
pub const BASE_DOMAIN_CA: &str = "base-domain-ca";
/// Key of an authority's Secret with whom those believe who verify: first who vouches for what `tls.key` signs, that is the
/// authority itself or the root of its administrator, and during a rotation the other one beside it.
pub const BELIEVED: &str = "ca.crt";
/// Key of an authority's Secret with the certificate of the authority that takes its place, once everybody believes it.
pub const NEXT_CERTIFICATE: &str = "next.crt";
/// Key of an authority's Secret with the key of that one.
pub const NEXT_KEY: &str = "next.key";
/// On an authority's Secret: since when all that verify in the cluster are given what `ca.crt` holds.
pub const ANNOTATION_BELIEVED_SINCE: &str = "airlock-platform.io/believed-since";
/// Key of the copy of the internal authority's `ca.crt` in each namespace of an Airflow deployment.
pub const BELIEVED_COPY: &str = "value";
/// Secret with which nodes pull from the bundled registry.
pub const REGISTRY_PULL: &str = "registry-pull";
/// Secret with the certificate authority of the hops inside the cluster (keys `tls.crt`, `tls.key`).
pub const INTERNAL_CA: &str = "internal-ca";
/// Secret with the certificate that the edge serves.
pub const BASE_DOMAIN_CERTIFICATE: &str = "base-domain-tls";
/// Secret with the key that somebody else was asked to certify for the base domain, and the request (keys `tls.key`, `request.csr`).
pub const BASE_DOMAIN_REQUEST: &str = "base-domain-request";
/// Key of the request in that Secret.
pub const REQUEST_KEY: &str = "request.csr";
/// Secret of an Airflow deployment with its Fernet key.
pub const FERNET_KEY: &str = "airflow-fernet-key";
/// Key of that Secret.
pub const FERNET_KEY_ENTRY: &str = "value";
/// `Certificate` of cert-manager for the base domain, and the Secret that cert-manager keeps for it (keys `tls.crt`, `tls.key`).
pub const BASE_DOMAIN_ISSUED: &str = "base-domain-issued";
/// Secret with the authorities that the certificate of the base domain leads to, where they are not Airlock's (key `tls.crt`).
pub const BASE_DOMAIN_TRUST: &str = "base-domain-trust";
/// Secret with the password of the company's proxy (key `value`).
pub const PROXY_PASSWORD: &str = "proxy-password";
/// `ConfigMap` with the certificate of the internal authority under `ca.crt`; mounted by all that verify a hop.
pub const INTERNAL_CA_BUNDLE: &str = "internal-ca";

/// Airlock's own image in `templates/images.yaml`.
pub const OWN_IMAGE: &str = "airlock";

/// The `ConfigMap` that the bundled Prometheus is mounted: its rules stand in keys that end in `.rules`.
pub const PROMETHEUS_CONFIG: &str = "prometheus-config";

/// Jobs that every bundled Prometheus has.
pub const MEASURED_JOBS: [&str; 4] = ["alertmanager", "certificates", "kube-state-metrics", "prometheus"];
