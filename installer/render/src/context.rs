//! What templates can speak of. A name that stands here and nowhere in the templates, or the other way round, is a mistake.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use airlock_model::answers::{Answers, Exposure, Mode, Tls, TlsSource};
use airlock_model::prometheus::{Asked, Joining};
use airlock_model::{CERT_MANAGER, DeploymentName, Digest, Facts, HostName, SinkAddress, WayOut, names};
use serde::Serialize;
use serde_json::Value;

use crate::RenderError;
use crate::component::{ComponentSpec, Place};
use crate::credential::host_names;
use crate::database::DatabaseAccess;
use crate::rendered::{RenderInput, TenantInput};
use crate::sizing::QuotaSize;

/// Under `hosts`, the host of an Airflow deployment: its name follows from `hosts.tenant`, not from `hosts.pattern`.
pub(crate) const TENANT_HOST: &str = "tenant";
/// The usual cluster domain (Kubernetes: DNS for Services and Pods).
pub(crate) const CLUSTER_DOMAIN: &str = "cluster.local";
/// Stands for the text of the company's own profile where no cluster is looked at.
const UNREAD_PROFILE: &str = "# as in the file\n";
/// Stands for cluster DNS where no cluster is looked at (RFC 5737).
const NO_RESOLVER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 53));

/// What is the same for all components of one render.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Shared {
    /// The answers as they are written.
    pub answers: Value,
    /// The base domain.
    pub base: HostName,
    /// Names of the namespaces.
    pub namespaces: NamespaceNames,
    /// Hosts by the name in the host pattern.
    pub hosts: BTreeMap<String, HostName>,
    /// What the edge passes on, in the order of their names.
    pub sites: Vec<Site>,
    /// Some component is served on the base domain itself.
    pub base_is_site: bool,
    /// Type of the edge's Service.
    pub edge_service_type: &'static str,
    /// The names for which the edge answers an ACME authority at port 80; none: it has no such port.
    pub http01: Option<Vec<String>>,
    /// The hosts of all Airflow deployments, as the edge recognises them; none where there can be no deployment.
    pub deployments: Option<DeploymentHosts>,
    /// The database server of all Airflow deployments; none: there is none.
    pub database: Option<DatabaseAccess>,
    /// The Airflow deployment that is rendered; none: the platform is.
    pub tenant: Option<Tenant>,
    /// Where the certificate of the base domain comes from.
    #[serde(skip)]
    pub tls: Tls,
    /// References to further authorities that are believed; a certificate that somebody else issues leads to them.
    #[serde(skip)]
    pub trust: Vec<String>,
    /// The way out through the company's proxy, where there is one.
    pub way_out: Option<WayOut>,
    /// Who else is told of each audit; none: nobody.
    pub sink: Option<SinkAddress>,
    /// When it is looked whether a certificate is due.
    pub renewal: Schedule,
    /// What cert-manager is asked for; none where it is not asked, and where the cluster does not have it.
    pub cert_manager: Option<AskedOfCertManager>,
    /// When the installation is judged; none where there is no auditor.
    pub audit: Option<Schedule>,
    /// The profile of the company's own, as it is kept in the cluster; none where the answers name one that ships.
    pub profile: Option<String>,
    /// How the platform joins the company's Prometheus; none where it has its own or none, and where it cannot join one.
    pub prometheus: Option<Joining>,
}

/// What cert-manager is asked for, in the words of its `Certificate`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct AskedOfCertManager {
    /// Name of the `Certificate` and of its Secret.
    pub certificate: &'static str,
    /// What it is for.
    pub names: Vec<String>,
    /// How long it is to live; none: as long as the issuer has it.
    pub duration: Option<String>,
    /// How long before its end it is renewed; none: when a third is left.
    pub renew_before: Option<String>,
}

impl AskedOfCertManager {
    fn new(input: &RenderInput<'_>, hosts: &BTreeMap<String, HostName>) -> Result<Option<Self>, RenderError> {
        let tls = &input.answers.tls;
        let is_there = input.facts.and_then(|facts| facts.operators.known()).is_none_or(|groups| groups.iter().any(|group| group == CERT_MANAGER));
        if tls.source != TlsSource::CertManager || !is_there {
            return Ok(None);
        }
        let written = |path: &str, asked: Option<Result<Duration, String>>| {
            let asked = asked.transpose().map_err(|message| RenderError::Declaration { file: path.into(), message })?;
            // As Go writes a time; it knows no days.
            Ok::<_, RenderError>(asked.map(|asked| format!("{}m", asked.as_secs() / 60)))
        };
        Ok(Some(Self {
            certificate: names::BASE_DOMAIN_ISSUED,
            names: host_names(input.base, hosts, tls),
            duration: written("tls.duration", tls.asked_duration())?,
            renew_before: written("tls.renewBefore", tls.asked_renew_before())?,
        }))
    }
}

/// When a `CronJob` looks.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Schedule {
    /// As cron writes it, in UTC.
    pub schedule: String,
    /// From one look to the next.
    pub every_seconds: u64,
}

impl Schedule {
    /// At a minute of the hour that follows from the installation: many clusters must not ask one authority at once.
    fn new(every: Duration, installation: &str) -> Self {
        let every_seconds = every.as_secs();
        let minute = u8::from_str_radix(&Digest::of(installation.as_bytes()).short()[..2], 16).unwrap_or_default() % 60;
        let schedule = match (every_seconds / 60, every_seconds / 3600) {
            (minutes, 0) => format!("*/{minutes} * * * *"),
            (_, hours) => format!("{minute} */{hours} * * *"),
        };
        Self { schedule, every_seconds }
    }
}

/// How the edge recognises the hosts of Airflow deployments, and where it passes them on to.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct DeploymentHosts {
    /// A regular expression (PCRE) over the whole host with a group `tenant`.
    pub expression: String,
    /// The Service of a deployment, with nginx's variable `$tenant` in it.
    pub service: String,
    /// How the edge names the upstream, by nginx's variable `$deployment`, which holds that Service.
    pub url: String,
    /// Address of cluster DNS, as nginx names a resolver.
    pub resolver: String,
}

/// An Airflow deployment, as templates speak of it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Tenant {
    /// Its name.
    pub name: String,
    /// Its host.
    pub host: HostName,
    /// Its database and the role that owns it.
    pub role: String,
    /// Its document.
    pub deployment: Value,
    /// Variables that its DAGs and tasks find, each with a reference to the value.
    pub variables: BTreeMap<String, String>,
    /// The file in which its database is kept when it goes.
    pub dump: String,
    /// Whether it is kept there.
    pub kept: bool,
}

/// Names of the namespaces.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct NamespaceNames {
    pub platform: String,
    pub probes: String,
    /// Of the deployment that is rendered; empty where none is.
    pub tenant: String,
}

/// A host and the Service behind it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Site {
    /// Name in the host pattern, and of the upstream.
    pub name: String,
    /// The component behind it.
    pub component: String,
    /// The host.
    pub host: HostName,
    /// The Service's name, complete up to the cluster domain, which need not be known: the resolver of each pod adds it.
    pub service: String,
    /// Service and port.
    pub upstream: String,
    /// How the edge names the upstream.
    pub url: String,
}

/// What one component's templates can speak of.
#[derive(Debug, Serialize)]
pub(crate) struct Values<'a> {
    #[serde(flatten)]
    pub shared: &'a Shared,
    /// Pods of this component.
    pub replicas: u32,
    /// The most that all pods of the deployment may ask for; zeros where the platform is rendered.
    pub quota: QuotaSize,
}

impl NamespaceNames {
    /// The namespace of a place.
    pub(crate) fn at(&self, place: Place) -> &str {
        match place {
            Place::Platform => &self.platform,
            Place::Probes => &self.probes,
            Place::Tenant => &self.tenant,
        }
    }
}

impl Shared {
    /// Gathers what follows from the answers and the installed components.
    pub(crate) fn new(input: &RenderInput<'_>, answers_json: Value, installed: &[ComponentSpec], deployments: &[ComponentSpec]) -> Result<Self, RenderError> {
        let (answers, base) = (input.answers, input.base);
        let namespaces = namespaces(answers, input.tenant.map(|tenant| tenant.name))?;
        let mut hosts: BTreeMap<String, HostName> = BTreeMap::new();
        let mut sites = Vec::new();
        for spec in installed {
            for (name, declared) in &spec.hosts {
                let host = answers.hosts.host(name, base)?;
                if let Some((first, _)) = hosts.iter().find(|(_, other)| **other == host) {
                    return Err(RenderError::SameHost { host: host.to_string(), first: first.clone(), second: name.clone() });
                }
                hosts.insert(name.clone(), host.clone());
                let service = service_name(&spec.name, namespaces.at(spec.namespace));
                let upstream = format!("{service}:{}", declared.port);
                sites.push(Site { name: name.clone(), component: spec.name.clone(), host, service, upstream, url: format!("https://{name}") });
            }
        }
        let edge_service_type = match answers.edge.exposure {
            Exposure::LoadBalancer => "LoadBalancer",
            Exposure::NodePort => "NodePort",
            Exposure::Ingress | Exposure::Gateway | Exposure::Route => "ClusterIP",
        };
        let database = DatabaseAccess::new(answers, &namespaces.platform, input.installation);
        let base_is_site = hosts.values().any(|host| host == base);
        let http01 = answers.tls.http01().then(|| host_names(base, &hosts, &answers.tls));
        let tenant = input.tenant.map(|tenant| self::tenant(answers, base, tenant)).transpose()?;
        let deployments = deployment_hosts(answers, base, input.facts, deployments)?;
        let every = answers.tls.renewal.every().map_err(|message| RenderError::Declaration { file: "tls.renewal.every".into(), message })?;
        let renewal = Schedule::new(every, input.installation);
        let cert_manager = AskedOfCertManager::new(input, &hosts)?;
        // Not at the minute at which certificates are renewed.
        let every = answers.audit_every().map_err(|message| RenderError::Declaration { file: "compliance.schedule".into(), message })?;
        let audit = answers.auditor().map(|_| Schedule::new(every, &format!("auditor of {}", input.installation)));
        Ok(Self {
            answers: answers_json,
            base: base.clone(),
            namespaces,
            hosts,
            sites,
            base_is_site,
            edge_service_type,
            http01,
            deployments,
            database,
            tenant,
            renewal,
            cert_manager,
            audit,
            profile: profile(input).map(str::to_owned),
            prometheus: joining(input),
            tls: answers.tls.clone(),
            trust: answers.trust.ca.clone(),
            way_out: WayOut::of(answers),
            sink: answers.auditor().and_then(|_| answers.evidence.address()),
        })
    }
}

/// One that is due and was not given is missed by its template.
fn profile<'a>(input: &RenderInput<'a>) -> Option<&'a str> {
    input.answers.profile.file().and(input.profile.or(input.facts.is_none().then_some(UNREAD_PROFILE)))
}

/// Where no cluster is looked at, one that takes everything stands in. That there is none to join is told by a check, before anything
/// is written.
fn joining(input: &RenderInput<'_>) -> Option<Joining> {
    let asked = Asked::by(input.answers)?;
    match input.facts {
        Some(facts) => asked.join(facts.prometheuses.known()?).ok(),
        None => Some(asked.unseen()),
    }
}

/// The file on the database server's volume in which the database of a deployment is kept when it goes.
pub fn dump_file(name: &DeploymentName, incarnation: Option<&str>) -> String {
    format!("{name}-{}.dump", incarnation.unwrap_or("new"))
}

fn tenant(answers: &Answers, base: &HostName, input: TenantInput<'_>) -> Result<Tenant, RenderError> {
    Ok(Tenant {
        name: input.name.to_string(),
        host: answers.hosts.tenant_host(input.name, base)?,
        role: input.name.role(),
        deployment: serde_json::to_value(input.deployment).map_err(RenderError::Values)?,
        variables: input.deployment.variables(),
        dump: dump_file(input.name, input.incarnation),
        kept: input.kept && answers.components.database.mode == Mode::Bundled,
    })
}

/// One pattern stands for the hosts of all deployments, so that a new one changes nothing at the edge.
fn deployment_hosts(answers: &Answers, base: &HostName, facts: Option<&Facts>, deployments: &[ComponentSpec]) -> Result<Option<DeploymentHosts>, RenderError> {
    let served = deployments.iter().find_map(|spec| spec.hosts.get(TENANT_HOST).map(|host| (spec, host.port)));
    let Some((spec, port)) = served else { return Ok(None) };
    let pattern = answers.hosts.tenant.replace("{base}", base.as_str());
    let (before, after) = pattern.split_once("{tenant}").ok_or_else(|| spec.wrong("hosts.tenant does not contain {tenant}"))?;
    let literal = |text: &str| text.replace('.', "\\.");
    let namespace = answers.namespaces.tenants.replace("{tenant}", "$tenant");
    let resolver = facts.and_then(|facts| facts.dns.known()).map_or(NO_RESOLVER, |dns| dns.cluster_ip);
    Ok(Some(DeploymentHosts {
        expression: format!("^{}(?<tenant>[a-z][a-z0-9-]{{0,28}}[a-z0-9]){}$", literal(before), literal(after)),
        service: service_name(&spec.name, &namespace),
        // nginx asks the resolver itself, without a search list, so the name is complete.
        url: format!("https://$deployment.{CLUSTER_DOMAIN}:{port}"),
        resolver: if resolver.is_ipv6() { format!("[{resolver}]") } else { resolver.to_string() },
    }))
}

/// The Service of a component as other pods name it.
pub(crate) fn service_name(component: &str, namespace: &str) -> String {
    format!("{component}.{namespace}.svc")
}

/// An override of a host that no component has would be ignored. Components that are not installed count as well.
pub(crate) fn check_overrides(answers: &Answers, known: &[ComponentSpec]) -> Result<(), RenderError> {
    let names: Vec<&str> = known.iter().filter(|spec| !spec.is_of_deployments()).flat_map(|spec| spec.hosts.keys().map(String::as_str)).collect();
    let Some(name) = answers.hosts.overrides.keys().find(|name| !names.contains(&name.as_str())) else { return Ok(()) };
    let nearest = names.iter().map(|known| (strsim::damerau_levenshtein(&name.to_lowercase(), known), *known)).filter(|(distance, _)| *distance <= 3).min();
    Err(RenderError::HostUnknown { name: name.clone(), nearest: nearest.map(|(_, known)| known.to_owned()), known: names.join(", ") })
}

fn namespaces(answers: &Answers, tenant: Option<&DeploymentName>) -> Result<NamespaceNames, RenderError> {
    let valid = |name: &str| {
        let alphanumeric = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let bytes = name.as_bytes();
        (1..=63).contains(&bytes.len()) && bytes.iter().all(|byte| alphanumeric(byte) || *byte == b'-') && bytes.first().is_some_and(alphanumeric) && bytes.last().is_some_and(alphanumeric)
    };
    let take = |key: &'static str, name: &str| if valid(name) { Ok(name.to_owned()) } else { Err(RenderError::NamespaceName { key, name: name.to_owned() }) };
    let tenant = tenant.map(|tenant| take("tenants", &tenant.namespace(answers))).transpose()?.unwrap_or_default();
    Ok(NamespaceNames { platform: take("platform", &answers.namespaces.platform)?, probes: take("probes", &answers.namespaces.probes)?, tenant })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_begins_anew_with_each_hour_or_day() {
        let schedule = |hours: u64, minutes: u64| Schedule::new(Duration::from_secs(hours * 3600 + minutes * 60), "id").schedule;
        assert_eq!(schedule(0, 1), "*/1 * * * *");
        assert_eq!(schedule(0, 30), "*/30 * * * *");
        let minute = schedule(12, 0).strip_suffix(" */12 * * *").unwrap().parse::<u8>().unwrap();
        assert!(minute < 60);
        assert_eq!(schedule(24, 0), format!("{minute} */24 * * *"));
    }
}
