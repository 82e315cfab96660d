//! The attempts that checks ask for, each under a fixed name, so that two checks that ask for the same one share it.

mod across;
mod admission;
mod api;
mod crossing;
mod database;
mod greeted;
mod own_role;
pub(crate) mod prometheus;
mod reached;
mod scanned;
mod sensitive;
mod tenant_code;
mod token;
pub(crate) mod trusted;
mod visit;

use std::iter;

use airlock_model::{
    Attempt, AttemptAction, AttemptId, AttemptResult, Credentials, Deliveries, Need, Outcome, PathStatus, RuleHealth, Snapshot, Target, TlsVersion, Trust, Vantage, World, WorldDeployment, names,
};

pub(crate) use across::{Page, origin_of};
pub(crate) use admission::{Refused, Shown};
pub(crate) use api::Question;
use crossing::CROSSED;
pub(crate) use crossing::{CROSSER, crossing, crossing_id, intrusion, intrusion_id};
pub(crate) use database::{Asked, Inquiry, Stranger};
pub(crate) use greeted::{Greeted, Outdated};
pub use own_role::database_attempts;
pub(crate) use reached::{Call, Door, Echo, Outside, to_service, to_service_id};
pub(crate) use scanned::{scan, scan_id};
pub(crate) use sensitive::Inventory;
pub(crate) use tenant_code::{DATABASE, TenantCode};
pub(crate) use token::{Bearer, foreign};
pub(crate) use visit::Visit;

/// Label of pods in the namespace of probes; its policies select by it.
const PROBE_LABEL: &str = "airlock-platform.io/probe";
/// Port of the listening probe pods.
const LISTENER_PORT: u16 = 8443;

/// A name that no host has.
const UNKNOWN: &str = "nobody.invalid";
/// Where plain HTTP is looked for (RFC 9110 §4.2.1).
pub(crate) const PLAIN_PORT: u16 = 80;

/// A repository that the installation itself pushes to, so that an open registry would have something to give away.
const REPOSITORY: &str = "airlock/airlock";

/// Which policy of the probes' namespace keeps a probe pod from the listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prober {
    /// It may go out, but the listener does not let it in.
    Blocked,
    /// The listener would let it in, but it may not go out.
    Confined,
}

impl Prober {
    const fn label(self) -> &'static str {
        match self {
            Self::Blocked => "blocked",
            Self::Confined => "confined",
        }
    }

    const fn obstacle(self) -> &'static str {
        match self {
            Self::Blocked => "the listener's policy does not let in",
            Self::Confined => "the sender's policy does not let out",
        }
    }

    pub(crate) fn id(self) -> AttemptId {
        AttemptId(format!("policy.{}", self.label()))
    }

    /// The name of the control that the same pod makes.
    pub(crate) fn own_id(self) -> AttemptId {
        AttemptId(format!("policy.{}.own", self.label()))
    }

    /// The name of a connection to the same listener that both policies admit: it shows that the listener is up.
    pub(crate) fn allowed_id() -> AttemptId {
        AttemptId::from("policy.allowed")
    }

    /// All attempts; none where there is no namespace for them.
    pub(crate) fn needs(world: &World) -> Vec<Need> {
        if world.probes.is_empty() {
            return Vec::new();
        }
        let allowed = between_probes(world, ("allowed", "listener"), Self::allowed_id(), "a connection between pods that the policies allow".to_owned());
        let refused = [Self::Blocked, Self::Confined].into_iter().flat_map(|prober| prober.attempts(world));
        iter::once(allowed).chain(refused).map(|attempt| Need::Attempt(Box::new(attempt))).collect()
    }

    /// The connection to be blocked, after its control: one of the same pod to another listener, which both policies admit. Until the
    /// enforcers know the pod, that one is blocked as well.
    fn attempts(self, world: &World) -> [Attempt; 2] {
        let own = between_probes(world, (self.label(), "lobby"), self.own_id(), format!("a connection that the policies allow, beside one that {}", self.obstacle()));
        let refused = between_probes(world, (self.label(), "listener"), self.id(), format!("a connection between pods that {}", self.obstacle()));
        [own, Attempt { control: Some(self.own_id()), ..refused }]
    }
}

fn between_probes(world: &World, (from, to): (&str, &str), id: AttemptId, purpose: String) -> Attempt {
    let labels = |value: &str| [(PROBE_LABEL.to_owned(), value.to_owned())].into();
    Attempt {
        id,
        from: Vantage::Pod { namespace: world.probes.clone(), labels: labels(from), account: None },
        target: Target::Listener { namespace: world.probes.clone(), labels: labels(to), port: LISTENER_PORT },
        action: AttemptAction::Connect,
        control: None,
        purpose,
    }
}

fn address(world: &World, host: &str) -> Target {
    at(world, host, world.edge_port)
}

/// Another port of where a host is reached.
fn at(world: &World, host: &str, port: u16) -> Target {
    let known = world.hosts.get(host).cloned().flatten();
    Target::Address { host: known.unwrap_or_else(|| host.to_owned()), port }
}

fn trust(world: &World) -> Trust {
    world.authority.clone().map_or(Trust::System, Trust::Authorities)
}

/// The name of [`served`].
pub(crate) fn served_id(host: &str) -> AttemptId {
    AttemptId(format!("tls.served.{host}"))
}

/// A verified handshake with the newest version: what users get.
pub(crate) fn served(world: &World, host: &str) -> Attempt {
    Greeted::host(world, host).current()
}

/// The name of [`unknown`].
pub(crate) fn unknown_id(host: &str) -> AttemptId {
    AttemptId(format!("tls.unknown.{host}"))
}

/// A handshake with the address of a host that asks for a name which is nobody's (RFC 6761 §6.4).
pub(crate) fn unknown(world: &World, host: &str) -> Attempt {
    Attempt {
        id: unknown_id(host),
        from: Vantage::Workstation,
        target: address(world, host),
        action: AttemptAction::Handshake { server_name: UNKNOWN.to_owned(), newest: TlsVersion::Tls13, trust: Trust::Unverified },
        control: Some(served_id(host)),
        purpose: format!("a handshake with the address of {host} that asks for {UNKNOWN}, to be refused"),
    }
}

/// The name of [`plain`].
pub(crate) fn plain_id(host: &str) -> AttemptId {
    AttemptId(format!("http.plain.{host}"))
}

/// What port 80 says, where browsers go that were told no scheme.
pub(crate) fn plain(world: &World, host: &str) -> Attempt {
    Attempt {
        id: plain_id(host),
        from: Vantage::Workstation,
        target: at(world, host, PLAIN_PORT),
        action: AttemptAction::PlainRequest { path: "/".to_owned(), host: host.to_owned() },
        control: Some(served_id(host)),
        purpose: format!("a request to {host} without TLS, to find nobody or to be sent to HTTPS"),
    }
}

/// The name of [`unsecured`].
pub(crate) fn unsecured_id(host: &str, port: u16) -> AttemptId {
    AttemptId(format!("registry.unsecured.{host}.{port}"))
}

/// What the registry's host says at a port to who asks for images without TLS.
pub(crate) fn unsecured(world: &World, host: &str, port: u16) -> Attempt {
    Attempt {
        id: unsecured_id(host, port),
        from: Vantage::Workstation,
        target: at(world, host, port),
        action: AttemptAction::PlainRequest { path: "/v2/".to_owned(), host: host.to_owned() },
        control: Some(served_id(host)),
        purpose: format!("a request to the registry at port {port} without TLS, not to be answered by it"),
    }
}

/// The name of [`visited`].
pub(crate) fn visited_id(host: &str) -> AttemptId {
    AttemptId(format!("http.visited.{host}"))
}

/// What a browser is told on its first visit.
pub(crate) fn visited(world: &World, host: &str) -> Attempt {
    Attempt {
        id: visited_id(host),
        from: Vantage::Workstation,
        target: address(world, host),
        action: AttemptAction::Request { method: "GET".to_owned(), path: "/".to_owned(), server_name: host.to_owned(), trust: trust(world), credentials: None },
        control: None,
        purpose: format!("a request to {host}, for what it tells browsers"),
    }
}

/// How the registry is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Knock {
    /// With the right password: the control.
    Login,
    /// With a password made up for this attempt.
    WrongPassword,
    /// Without credentials, at the base of the API.
    Anonymous,
    /// Without credentials, for the list of its repositories.
    Catalog,
    /// Without credentials, for what a repository holds: without knowing a tag, and as open as its manifests are.
    Pull,
    /// Without credentials, to begin an upload.
    Push,
}

impl Knock {
    pub(crate) fn id(self) -> AttemptId {
        AttemptId::from(match self {
            Self::Login => "registry.login",
            Self::WrongPassword => "registry.wrong-password",
            Self::Anonymous => "registry.anonymous",
            Self::Catalog => "registry.anonymous-catalog",
            Self::Pull => "registry.anonymous-pull",
            Self::Push => "registry.anonymous-push",
        })
    }

    /// None: the world has no bundled registry, or no credentials for an attempt that needs them.
    pub(crate) fn attempt(self, world: &World) -> Option<Attempt> {
        let host = world.registry.as_deref()?;
        let known = world.registry_credentials.as_ref();
        let (method, path, credentials) = match self {
            Self::Login => ("GET", "/v2/".to_owned(), Some(known?.clone())),
            Self::WrongPassword => ("GET", "/v2/".to_owned(), Some(Credentials { password: None, ..known?.clone() })),
            Self::Anonymous => ("GET", "/v2/".to_owned(), None),
            Self::Catalog => ("GET", "/v2/_catalog".to_owned(), None),
            Self::Pull => ("GET", format!("/v2/{REPOSITORY}/tags/list"), None),
            Self::Push => ("POST", format!("/v2/{REPOSITORY}/blobs/uploads/"), None),
        };
        let purpose = match self {
            Self::Login => "a login at the registry, to be accepted",
            Self::WrongPassword => "a login at the registry with a wrong password, to be refused",
            Self::Anonymous => "a request to the registry without credentials, to be refused",
            Self::Catalog => "a request for the registry's list of repositories without credentials, to be refused",
            Self::Pull => "a look into a repository without credentials, to be refused",
            Self::Push => "the beginning of a push to the registry without credentials, to be refused",
        };
        Some(Attempt {
            id: self.id(),
            from: Vantage::Workstation,
            target: address(world, host),
            action: AttemptAction::Request { method: method.to_owned(), path, server_name: host.to_owned(), trust: trust(world), credentials },
            control: (self != Self::Login).then(|| Self::Login.id()),
            purpose: purpose.to_owned(),
        })
    }
}

/// The API server as every pod knows it (Kubernetes documentation, "Accessing the Kubernetes API from a Pod").
const API: (&str, u16) = ("kubernetes.default.svc", 443);

/// What the account of a deployment asks the Kubernetes API for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Listing<'a> {
    /// Namespace.
    pub(crate) namespace: &'a str,
    /// Resource of the group without a name: `secrets`.
    pub(crate) resource: &'a str,
}

impl<'a> Listing<'a> {
    /// What its account may see: the control.
    pub(crate) fn own(of: &'a WorldDeployment) -> Self {
        Self { namespace: &of.namespace, resource: "pods" }
    }

    pub(crate) fn id(self, of: &WorldDeployment) -> AttemptId {
        AttemptId(format!("account.{}.{}.{}", of.name, self.namespace, self.resource))
    }

    /// A request with the token of the account that a deployment's tasks are started by, the only one in it that has rights.
    pub(crate) fn attempt(self, of: &WorldDeployment) -> Attempt {
        let (host, port) = API;
        let (namespace, resource) = (self.namespace, self.resource);
        let is_control = namespace == of.namespace;
        Attempt {
            id: self.id(of),
            from: Vantage::Pod { namespace: of.namespace.clone(), labels: [(names::LABEL_NAME.to_owned(), CROSSER.to_owned())].into(), account: Some(CROSSER.to_owned()) },
            target: Target::Address { host: host.to_owned(), port },
            action: AttemptAction::AsAccount { path: format!("/api/v1/namespaces/{namespace}/{resource}?limit=1") },
            control: (!is_control).then(|| Listing::own(of).id(of)),
            purpose: format!("a request for the {resource} of {namespace} with the token of {CROSSER}, to be {}", if is_control { "answered" } else { "refused" }),
        }
    }
}

/// What came out of an attempt, or that nothing did.
pub(crate) fn outcome<'a>(given: &'a Snapshot, id: &AttemptId) -> Result<&'a Outcome, String> {
    let outcome = given.outcomes.get(id).ok_or_else(|| format!("the attempt {id} was not made"))?;
    match &outcome.result {
        AttemptResult::NotCarriedOut(why) => Err(format!("the attempt {id} could not be carried out: {}", why.raw())),
        _ => Ok(outcome),
    }
}

/// Each request that was not refused, or how many were.
fn statuses(answers: &[PathStatus]) -> String {
    let odd: Vec<String> = answers.iter().filter(|answer| !matches!(answer.status, 401 | 403)).map(|answer| format!("answered {} to {}", answer.status, answer.path)).collect();
    if odd.is_empty() { format!("refused {} requests", answers.len()) } else { odd.join(", ") }
}

const fn version_words(version: TlsVersion) -> &'static str {
    match version {
        TlsVersion::Tls10 => "TLS 1.0",
        TlsVersion::Tls11 => "TLS 1.1",
        TlsVersion::Tls12 => "TLS 1.2",
        TlsVersion::Tls13 => "TLS 1.3",
    }
}

/// A result in words, for the line of a finding.
pub(crate) fn words(result: &AttemptResult) -> String {
    match result {
        AttemptResult::Connected => "connected".to_owned(),
        AttemptResult::Handshaken(presented) => format!("{} agreed", version_words(presented.version)),
        AttemptResult::Agreed(what) => format!("{} agreed", what.raw()),
        AttemptResult::Answered { status, location: Some(location), .. } => format!("answered {status}, to {}", location.raw()),
        AttemptResult::Answered { status, .. } => format!("answered {status}"),
        AttemptResult::KnownAs(user) => format!("taken for {}", user.raw()),
        AttemptResult::Statuses(answers) => statuses(answers),
        AttemptResult::Unanswered(how) => format!("not answered: {}", how.raw()),
        AttemptResult::Resolved(addresses) => format!("resolved to {}", addresses.join(", ")),
        AttemptResult::LoggedIn(_) => "logged in".to_owned(),
        AttemptResult::Told(_) => "let in".to_owned(),
        AttemptResult::SqlRefused { state, message } => format!("refused: {} ({state})", message.raw()),
        AttemptResult::Admitted => "admitted".to_owned(),
        AttemptResult::Measured(targets) => format!("{} of {} targets are up", targets.iter().filter(|target| target.up).count(), targets.len()),
        AttemptResult::Rules(rules) => format!("{} of {} rules are judged", rules.iter().filter(|rule| rule.health == RuleHealth::Ok).count(), rules.len()),
        AttemptResult::Deliveries(Deliveries { given_up: Some(when), .. }) => format!("Alertmanager gave up a message, seen at {when}"),
        AttemptResult::Deliveries(_) => "Alertmanager gave up no message".to_owned(),
        AttemptResult::SeenFrom(address) => format!("seen from {address}"),
        AttemptResult::Pulled => "pulled".to_owned(),
        AttemptResult::Scanned(pods) => format!("{} scanned", if pods.len() == 1 { "1 pod".to_owned() } else { format!("{} pods", pods.len()) }),
        AttemptResult::NotPulled { message } => format!("not pulled: {}", message.raw()),
        AttemptResult::NotAdmitted { message } => format!("not admitted: {}", message.raw()),
        AttemptResult::NoSuchName => "the name does not resolve".to_owned(),
        AttemptResult::Refused => "connection refused".to_owned(),
        AttemptResult::TimedOut => "no answer in time".to_owned(),
        AttemptResult::Unreachable(why) => format!("unreachable: {}", why.raw()),
        AttemptResult::TlsRefused { alert: Some(alert) } => format!("handshake refused with alert {alert}"),
        AttemptResult::TlsRefused { alert: None } => "handshake refused".to_owned(),
        AttemptResult::Untrusted { reason, .. } => format!("certificate not trusted: {}", reason.raw()),
        AttemptResult::NotCarriedOut(why) => format!("not carried out: {}", why.raw()),
    }
}
