//! What a server is offered that it should refuse, beside a handshake that it should not: TLS 1.0, TLS 1.1, and weak suites.

use airlock_model::{Attempt, AttemptAction, AttemptId, Digest, ServedAt, Target, TlsVersion, Trust, Vantage, World, WorldDatabase, WorldServer, names};

use super::{CROSSER, address, served_id, trust};

/// What no server should agree to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outdated {
    /// RFC 8996.
    Tls10,
    /// RFC 8996.
    Tls11,
    /// RFC 9325 §4.1.
    WeakSuites,
}

impl Outdated {
    pub(crate) const ALL: [Self; 3] = [Self::Tls10, Self::Tls11, Self::WeakSuites];

    /// In words, for subjects.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Tls10 => "TLS 1.0",
            Self::Tls11 => "TLS 1.1",
            Self::WeakSuites => "weak suites",
        }
    }

    const fn key(self) -> &'static str {
        match self {
            Self::Tls10 => "1.0",
            Self::Tls11 => "1.1",
            Self::WeakSuites => "weak",
        }
    }
}

/// Who is asked to agree to it: a host at the edge, or a server inside the cluster.
pub(crate) struct Greeted {
    /// As findings and attempts call it.
    pub(crate) name: String,
    server_name: String,
    from: Vantage,
    target: Target,
    /// The name of [`Self::current`].
    current: AttemptId,
    trust: Trust,
    /// What it is to serve, or why that is not known; none: nothing is stored of it here.
    certificate: Result<Option<Digest>, String>,
}

impl Greeted {
    /// A host that users reach.
    pub(crate) fn host(world: &World, host: &str) -> Self {
        let certificate = world.certificate.clone().map(Some).ok_or_else(|| "it was not given".to_owned());
        Self { name: host.to_owned(), server_name: host.to_owned(), from: Vantage::Workstation, target: address(world, host), current: served_id(host), trust: trust(world), certificate }
    }

    /// The servers inside the cluster: those whose certificates the renewer looks after, from a pod under its policies, and the
    /// database server, also one that the customer runs, from a pod under the policies of the first deployment, since nobody else
    /// reaches it.
    pub(crate) fn inside(world: &World) -> Vec<Self> {
        let pod = |namespace: &str, component: &str| {
            let labels = [names::LABEL_NAME, names::LABEL_COMPONENT].map(|label| (label.to_owned(), component.to_owned()));
            Vantage::Pod { namespace: namespace.to_owned(), labels: labels.into(), account: None }
        };
        let inner = |from, target, at: &ServedAt, trust: Trust, certificate| {
            let name = format!("{}:{}", at.host, at.port);
            Self { current: AttemptId(format!("tls.current.{name}")), name, server_name: at.server_name.clone(), from, target, trust, certificate }
        };
        let trusting = |authority: &Option<String>, otherwise| authority.clone().map_or(otherwise, Trust::Authorities);
        let servers = world.servers.iter().map(|WorldServer { at, certificate, .. }| {
            let target = Target::Address { host: at.host.clone(), port: at.port };
            inner(pod(&world.platform, names::RENEWER), target, at, trusting(&world.internal_authority, Trust::Unverified), certificate.clone().map(Some))
        });
        let database = world.database.as_ref().zip(world.deployments.first()).map(|(server, deployment)| {
            let WorldDatabase { host, port, authority, certificate, existing } = server;
            let at = ServedAt { host: host.clone(), port: *port, server_name: host.clone() };
            let (otherwise, stored) = if *existing { (Trust::System, Ok(None)) } else { (Trust::Unverified, certificate.clone().map(Some)) };
            inner(pod(&deployment.namespace, CROSSER), Target::Postgres { host: host.clone(), port: *port }, &at, trusting(authority, otherwise), stored)
        });
        servers.chain(database).collect()
    }

    pub(crate) fn id(&self, outdated: Outdated) -> AttemptId {
        AttemptId(format!("tls.{}.{}", outdated.key(), self.name))
    }

    /// The name that its certificate is to hold.
    pub(crate) fn server_name(&self) -> &str {
        &self.server_name
    }

    /// SHA-256 of the leaf that it is to serve, or why that is not known; none: nothing is stored of it here.
    pub(crate) fn certificate(&self) -> Result<Option<&Digest>, &str> {
        self.certificate.as_ref().map(Option::as_ref).map_err(String::as_str)
    }

    /// Whether [`Self::current`] verifies what it is shown.
    pub(crate) fn is_verified(&self) -> bool {
        self.trust != Trust::Unverified
    }

    pub(crate) const fn current_id(&self) -> &AttemptId {
        &self.current
    }

    /// A handshake with the newest version, beside which a refusal means something.
    pub(crate) fn current(&self) -> Attempt {
        Attempt {
            id: self.current.clone(),
            from: self.from.clone(),
            target: self.target.clone(),
            action: AttemptAction::Handshake { server_name: self.server_name.clone(), newest: TlsVersion::Tls13, trust: self.trust.clone() },
            control: None,
            purpose: format!("a handshake with {}{}", self.name, if self.is_verified() { ", its certificate verified" } else { "" }),
        }
    }

    /// A request without TLS, to be refused. None: it speaks no HTTP.
    pub(crate) fn plain(&self) -> Option<Attempt> {
        let Target::Address { host, .. } = &self.target else { return None };
        Some(Attempt {
            id: AttemptId(format!("tls.plain.{}", self.name)),
            from: self.from.clone(),
            target: self.target.clone(),
            action: AttemptAction::PlainRequest { path: "/".to_owned(), host: host.clone() },
            control: Some(self.current.clone()),
            purpose: format!("a request without TLS to {}, to be refused", self.name),
        })
    }

    /// A hello that offers nothing else, to be refused.
    pub(crate) fn offer(&self, outdated: Outdated) -> Attempt {
        let handshake = |newest| AttemptAction::Handshake { server_name: self.server_name.clone(), newest, trust: Trust::Unverified };
        let (action, offers) = match outdated {
            Outdated::Tls10 => (handshake(TlsVersion::Tls10), "nothing newer than TLS 1.0"),
            Outdated::Tls11 => (handshake(TlsVersion::Tls11), "nothing newer than TLS 1.1"),
            Outdated::WeakSuites => (AttemptAction::OfferWeakSuites { server_name: self.server_name.clone() }, "weak suites alone"),
        };
        Attempt {
            id: self.id(outdated),
            from: self.from.clone(),
            target: self.target.clone(),
            action,
            control: Some(self.current.clone()),
            purpose: format!("a handshake with {} that offers {offers}, to be refused", self.name),
        }
    }
}
