//! NET-012: what tenants wrote reaches no Service of the platform but the database, where it must.

use airlock_model::{Check, CheckSpec, Finding, Need, Profile, Severity, Snapshot, Verdict, World, WorldDeployment, WorldService};

use super::{controls, judge};
use crate::attempts::{DATABASE, TenantCode, to_service, to_service_id};
use crate::described::Described;
use crate::live;

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "NET-012",
        title: "code of DAGs reaches no Service of the platform that it does not need",
        severity: Severity::Critical,
        promises: &["P3", "P12"],
        explanation: "In the namespace of each Airflow deployment pods with Airlock's own image, one under the policies of each place in which code of DAGs runs (tasks, the DAG processor, the triggerer), connect to every port of every Service in the platform's namespace: database, registry, monitoring, and whatever else is there by then. Nothing is declared from there to the platform but the port of the database from the DAG processor and the triggerer, which is not tried, so all must be blocked while the same pod reaches the server that it needs (the deployment's own for tasks, the database for the others); when it does not, or the attempts of NET-010 do not show that the cluster enforces policies, a blocked connection proves nothing and the check is unverified. A Service that is a name alone (ExternalName) is none that could be reached. UDP is not tried.",
        remedy: "Compare the NetworkPolicies in both namespaces with `airlock deployment apply` and `airlock install`, which put them back; one that somebody added may allow more.",
    },
    expected: "blocked, while the connection to the server that it needs is made",
    why: "code in a DAG stands before the database and the registry of all, with time to try",
};

/// The check.
pub(super) struct PlatformApart;

impl Check for PlatformApart {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, world: &World) -> Vec<Need> {
        if world.deployments.is_empty() {
            return vec![Need::Services];
        }
        let services = world.services.as_ref().and_then(|services| services.as_ref().ok()).into_iter().flatten();
        let ways = services.flat_map(|service| ways(world, service).map(move |(place, port)| (service, place, port)));
        let attempts = ways.flat_map(|(service, place, port)| world.deployments.iter().map(move |of| Need::Attempt(Box::new(to_service(place, world, of, &service.name, port)))));
        [Need::Services].into_iter().chain(controls(world)).chain(attempts).collect()
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        let deployments = match live::deployments(given) {
            Ok(deployments) => deployments,
            Err(unseen) => return TEXTS.unseen(live::DEPLOYMENTS, unseen),
        };
        let services = match &given.world.services {
            None => return vec![TEXTS.unverified(SERVICES, "they were not read")],
            Some(Err(reason)) => return vec![TEXTS.unverified(SERVICES, format!("they could not be read: {reason}"))],
            Some(Ok(services)) if services.iter().all(|service| service.ports.is_empty()) => return vec![TEXTS.unverified(SERVICES, "there is none, and a platform has an edge at least")],
            Some(Ok(services)) => services,
        };
        let reachable = services.iter().filter(|service| !service.ports.is_empty());
        reachable.flat_map(|service| deployments.iter().map(move |of| of_service(given, of, service))).collect()
    }
}

const SERVICES: &str = "Services of the platform";

/// From where a Service is tried, and at which port.
fn ways<'w>(world: &'w World, service: &'w WorldService) -> impl Iterator<Item = (TenantCode, u16)> + 'w {
    let from = move |port: u16| TenantCode::PLACES.into_iter().filter(move |place| !place.is_declared(world, &service.name, port)).map(move |place| (place, port));
    service.ports.iter().copied().flat_map(from)
}

fn of_service(given: &Snapshot, of: &WorldDeployment, service: &WorldService) -> Finding {
    let ways = ways(&given.world, service).map(|(place, port)| (place, format!("port {port}"), to_service_id(place, of, &service.name, port)));
    let subject = || format!("from code of {} to {}", of.name, service.name);
    let finding = judge(&TEXTS, given, of, subject(), ways.collect());
    // Its port is declared for those that keep their tables in it, and which one that is may not be known.
    if finding.verdict == Verdict::Pass && given.world.database.is_none() && service.name == DATABASE {
        return TEXTS.unverified(subject(), "which of its ports is the database's is not known, so that from the DAG processor and the triggerer none was tried");
    }
    finding
}
