//! Every host that the answers lead to, and what DNS says of it here.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use airlock_model::Answers;
use futures::future::join_all;
use tokio::net::lookup_host;
use tokio::time::timeout;

use crate::PlatformError;
use crate::requirements::hosts;

/// A person waits for the answer; the run itself asks again and longer.
const PATIENCE: Duration = Duration::from_secs(3);
/// Stands for any Airflow deployment.
const ANY_DEPLOYMENT: &str = "any";

/// A host and the addresses that its name has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostState {
    /// The host, or a pattern of hosts.
    pub host: String,
    /// Its addresses; none: it has no record, or nobody answered.
    pub addresses: BTreeSet<IpAddr>,
}

/// Asks this workstation's resolver for every host.
pub async fn host_states(answers: &Answers) -> Result<Vec<HostState>, PlatformError> {
    let base = answers.base()?;
    let mut names: Vec<(String, String)> = vec![(base.to_string(), base.to_string())];
    names.extend(hosts(answers)?.into_values().flatten().filter(|host| *host != base).map(|host| (host.to_string(), host.to_string())));
    if let Ok(example) = ANY_DEPLOYMENT.parse() {
        names.push((answers.hosts.tenant.replace("{tenant}", "DEPLOYMENT").replace("{base}", base.as_str()), answers.hosts.tenant_host(&example, &base)?.to_string()));
    }
    Ok(join_all(names.into_iter().map(|(host, name)| async move { HostState { host, addresses: resolve(&name).await } })).await)
}

async fn resolve(name: &str) -> BTreeSet<IpAddr> {
    // The final dot keeps the resolver from trying its search list.
    let found = timeout(PATIENCE, lookup_host((format!("{name}."), 443))).await;
    found.ok().and_then(Result::ok).map(|found| found.map(|address| address.ip().to_canonical()).collect()).unwrap_or_default()
}
