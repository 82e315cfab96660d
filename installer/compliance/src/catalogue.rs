//! Every check there is, for lists and for `airlock explain`.

use std::sync::LazyLock;

use airlock_model::answers::Receiver;
use airlock_model::{Check, Credentials, CredentialsForm, Need, ObjectRef, ServedAt, World, WorldDatabase, WorldDeployment, WorldNode, WorldServer, WorldService};

use crate::parameter::parameters;
use crate::profile::unprofiled;
use crate::{
    absent, approved_plans, attested, control_plane, decisions, drift, installed, kubelets, measured, network, objects, open_ports, preflight, provenance, public_addresses, rights, tasks, versions,
    vulnerabilities, whole_run,
};

static ALL: LazyLock<Vec<&'static dyn Check>> = LazyLock::new(|| preflight::checks().chain(selectable()).chain([decisions::CHECK]).collect());

/// The checks that a profile selects among.
pub(crate) fn selectable() -> impl Iterator<Item = &'static dyn Check> {
    let of_others = absent::CHECKS.iter().map(|check| -> &'static dyn Check { check }).chain(attested::CHECKS.iter().map(|check| -> &'static dyn Check { check }));
    let of_cluster =
        installed::checks().chain(objects::checks()).chain(control_plane::checks()).chain(tasks::checks()).chain(public_addresses::checks()).chain(network::checks()).chain(rights::checks());
    of_cluster
        .chain([kubelets::CHECK, vulnerabilities::CHECK, versions::CHECK, whole_run::CHECK, drift::CHECK, approved_plans::CHECK, provenance::CHECK, measured::CHECK, open_ports::CHECK])
        .chain(of_others)
}

/// All checks: those made before an install, those of an installation or of files, and what is said of exceptions.
pub fn checks() -> &'static [&'static dyn Check] {
    &ALL
}

/// The numbers of the CIS benchmark that a check judges one by one: its findings name them. None: it is judged as a whole.
pub(crate) fn numbers(id: &str) -> Vec<String> {
    if id == kubelets::CHECK.spec().id { kubelets::numbers() } else { control_plane::numbers(id) }
}

/// Whether a check makes attempts, given all that it could try and is asked to.
pub fn is_tried(check: &dyn Check) -> bool {
    // One text each that parameters with something to try take.
    ["192.0.2.1:443", "https://192.0.2.1/", "1-65535"].into_iter().any(|text| {
        let mut profile = unprofiled();
        for asked in parameters().iter().filter(|parameter| parameter.kind.is_list()) {
            profile.parameters.insert(asked.name.to_owned(), [text].into_iter().collect());
        }
        check.needs(&profile, &everything()).iter().any(|need| matches!(need, Need::Attempt(_)))
    })
}

/// An installation with everything that can be tried.
fn everything() -> World {
    let host = "registry.platform.example.com".to_owned();
    let credentials = |username: &str, form| Credentials { username: username.to_owned(), password: None, form };
    let deployment = |name: &str| WorldDeployment {
        name: name.to_owned(),
        namespace: format!("airlock-{name}"),
        host: format!("{name}-airflow.platform.example.com"),
        login: credentials("admin", CredentialsForm::Json),
        role: credentials(&format!("airlock_{name}"), CredentialsForm::Basic),
    };
    World {
        base_domain: "platform.example.com".to_owned(),
        platform: "airlock".to_owned(),
        probes: "airlock-probes".to_owned(),
        namespaces: vec!["airlock".to_owned(), "airlock-probes".to_owned()],
        hosts: [(host.clone(), Some("192.0.2.10".to_owned()))].into(),
        edge_port: 443,
        registry: Some(host),
        registry_credentials: Some(credentials("airlock", CredentialsForm::Basic)),
        database: Some(WorldDatabase { host: "database.airlock.svc".to_owned(), port: 5432, authority: Some("PEM".to_owned()), certificate: Err("it was not read".to_owned()), existing: false }),
        deployments: ["alpha", "beta"].map(deployment).into(),
        receiver: Some(Receiver::Webhook),
        servers: vec![WorldServer {
            at: ServedAt { host: "registry.airlock.svc".to_owned(), port: 5000, server_name: "registry.airlock.svc".to_owned() },
            secret: ObjectRef::namespaced("v1", "Secret", "airlock", "registry-tls"),
            certificate: Err("it was not read".to_owned()),
        }],
        internal_authority: Some("PEM".to_owned()),
        nodes: Some(Ok(vec![WorldNode { name: "node1".to_owned(), addresses: vec!["192.0.2.1".to_owned()], external_addresses: Vec::new(), pool: Some(("default".to_owned(), [].into())) }])),
        api_server: Some(("api.example.com".to_owned(), 6443)),
        services: Some(Ok(vec![WorldService { name: "database".to_owned(), ports: vec![5432] }])),
        ..World::default()
    }
}

/// The check with an id.
pub fn check(id: &str) -> Option<&'static dyn Check> {
    ALL.iter().copied().find(|check| check.spec().id == id)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use airlock_model::{Snapshot, SnapshotObject, Source, Verdict};

    use super::*;
    use crate::manifests::read;

    #[test]
    fn every_check_has_an_id_of_its_own_and_says_what_it_is() {
        let mut seen = BTreeSet::new();
        for check in checks() {
            let spec = check.spec();
            assert!(seen.insert(spec.id), "{} stands twice", spec.id);
            let (group, number) = spec.id.split_once('-').unwrap();
            assert!(group.len() == 3 && group.bytes().all(|b| b.is_ascii_uppercase()) && number.len() == 3 && number.bytes().all(|b| b.is_ascii_digit()), "{}", spec.id);
            assert!(!spec.title.is_empty() && !spec.title.ends_with('.'), "{}: a title is a line, not a sentence", spec.id);
            assert!(spec.explanation.ends_with('.') && spec.remedy.ends_with(['.', ')', '`']), "{}: texts are sentences", spec.id);
            assert!(!spec.promises.is_empty() && spec.promises.iter().all(|promise| promise[1..].parse::<u8>().is_ok_and(|number| (1..=14).contains(&number))), "{}", spec.id);
        }
    }

    /// As when its list breaks off: what was read of it is not handed over, and that there is nothing to judge is not known.
    #[test]
    fn a_kind_that_could_not_be_listed_leaves_every_check_that_needs_it_unverified() {
        /// Nothing is asked of them, whatever the kind holds: no registry is named, and there are no roles.
        const UNASKED: [(&str, &str); 2] = [("REG-003", "Pod"), ("RBC-012", "ServiceAccount")];
        /// Of another kind, judged by itself, there is nothing, and that is known.
        const BESIDE: [(&str, &str); 1] = [("PII-001", "Pod")];
        let world = World { namespaces: vec!["shop".into()], ..World::default() };
        let tenant = read("a.yaml", b"{ apiVersion: v1, kind: Namespace, metadata: { name: shop, labels: { airlock-platform.io/tenant: shop } } }").objects;
        for check in checks() {
            let kinds = check.needs(&unprofiled(), &world).into_iter().filter_map(|need| if let Need::Objects { kind, .. } = need { Some(kind) } else { None });
            let whole: BTreeMap<String, Result<Vec<SnapshotObject>, String>> = kinds.map(|kind| if kind == "Namespace" { (kind, Ok(tenant.clone())) } else { (kind, Ok(Vec::new())) }).collect();
            for broken in whole.keys() {
                let mut objects = whole.clone();
                objects.insert(broken.clone(), Err("cut off".to_owned()));
                let findings = check.evaluate(&unprofiled(), &Snapshot { world: world.clone(), source: Source::Cluster, objects, ..Snapshot::default() });
                let verdicts: BTreeSet<Verdict> = findings.iter().map(|finding| finding.verdict).collect();
                let at = (check.spec().id, broken.as_str());
                let expected: &[Verdict] = match at {
                    _ if UNASKED.contains(&at) => &[Verdict::NotApplicable],
                    _ if BESIDE.contains(&at) => &[Verdict::Unverified, Verdict::NotApplicable],
                    _ => &[Verdict::Unverified],
                };
                assert_eq!(verdicts, expected.iter().copied().collect(), "{} without {broken}: {findings:#?}", check.spec().id);
            }
        }
    }

    #[test]
    fn what_is_unverified_says_how_the_check_is_made_again_where_it_can_be_chosen() {
        let selectable: BTreeSet<&str> = selectable().map(|check| check.spec().id).collect();
        for check in checks() {
            let id = check.spec().id;
            for finding in check.evaluate(&unprofiled(), &Snapshot::default()).iter().filter(|finding| finding.verdict == Verdict::Unverified) {
                let text = &finding.fix[0].text;
                assert_eq!(text.contains(&format!("`--checks {id}`")) && text.contains("`airlock compliance-check --permissions`"), selectable.contains(id), "{id}: {text}");
            }
        }
    }

    #[test]
    fn a_check_is_found_by_its_id() {
        assert_eq!(check("NET-010").map(|check| check.spec().id), Some("NET-010"));
        assert_eq!(check("CLU-001").map(|check| check.spec().id), Some("CLU-001"));
        assert!(check("NET-999").is_none());
    }
}
