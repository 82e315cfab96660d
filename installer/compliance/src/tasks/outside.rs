//! NET-020: from an air gap what tenants wrote reaches nothing outside.

use airlock_model::{Check, CheckSpec, Finding, Need, Profile, Reason, Severity, Snapshot, World, WorldDeployment};

use super::{controls, judge};
use crate::attempts::{Outside, TenantCode};
use crate::described::Described;
use crate::live;
use crate::parameter;

/// The parameter with what must not be reached.
pub(crate) const HOSTS: &str = "NET-020.hosts";

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "NET-020",
        title: "from an air gap nothing undeclared is reached",
        severity: Severity::Medium,
        promises: &["P3", "P12"],
        explanation: "In the namespace of each Airflow deployment pods with Airlock's own image, one under the policies of each place in which code of DAGs runs (tasks, the DAG processor, the triggerer), connect to each host outside that NET-020.hosts names. All must be blocked while the same pod reaches the server that it needs (the deployment's own for tasks, the database for the others); when it does not, or the attempts of NET-010 do not show that the cluster enforces policies, a blocked connection proves nothing and the check is unverified. So it is where a name is not found: who knows an address needs no name, so name the address. Where the parameter is silent nothing is tried: the profile `airgap` names an address of a root server of the DNS, which everybody outside may reach.",
        remedy: "Find what lets it out: a NetworkPolicy that somebody added (`airlock compliance-check --connections` lists what is allowed, `airlock deployment apply` puts ours back), and behind it the way from the nodes to the internet. Where it is wanted, declare it and take the host out of NET-020.hosts.",
    },
    expected: "blocked, while the connection to the server that it needs is made",
    why: "code in a DAG can carry data out, and fetch what nobody looked at, from a site that is said to have no way out",
};

/// The check.
pub(super) struct NothingOutside;

impl Check for NothingOutside {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, profile: &Profile, world: &World) -> Vec<Need> {
        let hosts: Vec<Outside<'_>> = parameter::texts(profile, HOSTS).into_iter().filter_map(Outside::read).collect();
        if hosts.is_empty() || world.deployments.is_empty() {
            return Vec::new();
        }
        let of = |of| hosts.iter().flat_map(move |host| TenantCode::PLACES.into_iter().map(move |place| Need::Attempt(Box::new(host.attempt(place, of)))));
        controls(world).into_iter().chain(world.deployments.iter().flat_map(of)).collect()
    }

    fn evaluate(&self, profile: &Profile, given: &Snapshot) -> Vec<Finding> {
        let hosts = parameter::texts(profile, HOSTS);
        if hosts.is_empty() {
            return vec![TEXTS.not_applicable("hosts outside", Reason::NotAsked, format!("{HOSTS} names none"))];
        }
        match live::deployments(given) {
            Ok(deployments) => deployments.iter().flat_map(|of| hosts.iter().map(|host| to(given, of, host))).collect(),
            Err(unseen) => TEXTS.unseen(live::DEPLOYMENTS, unseen),
        }
    }
}

fn to(given: &Snapshot, of: &WorldDeployment, host: &str) -> Finding {
    let subject = format!("from code of {} to {host}", of.name);
    match Outside::read(host) {
        Some(outside) => judge(&TEXTS, given, of, subject, TenantCode::PLACES.into_iter().map(|place| (place, host.to_owned(), outside.id(place, of))).collect()),
        None => TEXTS.unverified(subject, format!("{HOSTS}: `{host}` is not `HOST:PORT`")),
    }
}
