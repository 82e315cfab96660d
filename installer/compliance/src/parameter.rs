//! Parameters of checks that a profile or `--set` may set: their names, kinds, ranges, and defaults in one table,
//! and which value is stricter. `kind` says what a value may be, `of_profile` what a profile sets.

mod kind;
mod of_profile;

pub use kind::ParameterKind;
pub(crate) use of_profile::{days, flag, pod_security, texts};

use airlock_model::{CustomCheck, Profile};
use serde_json::Value;

use crate::approved_plans::{EACH_WAY, PLANS, WAYS};
use crate::error::ComplianceError;
use crate::installed::alerts_delivered::DAYS as DELIVERED_DAYS;
use crate::installed::sensitive_data::AGREED;
use crate::installed::sessions::DAYS as SESSION_DAYS;
use crate::network::{CROSSING_ALLOW, CROSSING_OUTSIDE, CROSSING_PLATFORM, EXPOSED_ALLOW, MUST_BE_PRIVATE, PLATFORM_NAMESPACES, TENANT_NAMESPACES, TENANT_SELECTOR};
use crate::open_ports::PORTS;
use crate::profile::nearest;
use crate::provenance::IMAGES;
use crate::rights;
use crate::tasks::leaving::{ADDRESSES, ECHO};
use crate::tasks::outside::HOSTS;
use crate::vulnerabilities::DAYS;
use kind::{ports, version};

/// A parameter of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// `<check>.<name>`
    pub name: &'static str,
    /// What it may be.
    pub kind: ParameterKind,
    /// What it does, in one line.
    pub what: &'static str,
    /// Which way it is stricter.
    pub(crate) stricter: Stricter,
}

/// Which way a parameter is stricter: what a profile that extends another one may still make of it where it is locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stricter {
    /// The more, the stricter: days, levels, `true`.
    More,
    /// The fewer, the stricter: entries of a list, days that something may be old.
    Fewer,
    /// The same of a list by which nothing is judged until it names something: to name any is stricter than to name none.
    FewerOnceNamed,
    /// Another value is neither.
    Exactly,
}

static PARAMETERS: [Parameter; 28] = [
    Parameter { name: SESSION_DAYS, kind: ParameterKind::Days { default: 1, least: 1, most: 90 }, what: "a session at an Airflow deployment that lasts longer fails", stricter: Stricter::Fewer },
    Parameter { name: AGREED, kind: ParameterKind::Texts, what: "columns that may hold personal or payment data all the same: `schema.table.column`", stricter: Stricter::Fewer },
    Parameter { name: PLANS, kind: ParameterKind::Digests, what: "plans that were approved, by the digest that `airlock plan` shows: `sha256:…`", stricter: Stricter::FewerOnceNamed },
    Parameter { name: WAYS, kind: ParameterKind::Words(EACH_WAY), what: "how plans may be let go: `prompt`, by a person who reads them; `yes`, by `--yes`", stricter: Stricter::FewerOnceNamed },
    Parameter { name: "MON-002.alerts", kind: ParameterKind::Texts, what: "alerts that rules must give, by their names", stricter: Stricter::More },
    Parameter {
        name: DELIVERED_DAYS,
        kind: ParameterKind::Days { default: 90, least: 1, most: 365 },
        what: "a message to the receiver of alerts that is older says nothing of today",
        stricter: Stricter::Fewer,
    },
    Parameter {
        name: CROSSING_ALLOW,
        kind: ParameterKind::Texts,
        what: "flows that may be all the same: `shop => platform : TCP 5432`, with namespaces, *, or blocks of addresses outside as ends",
        stricter: Stricter::Fewer,
    },
    Parameter { name: CROSSING_OUTSIDE, kind: ParameterKind::Flag, what: "whether flows between tenants and addresses outside must be declared too", stricter: Stricter::More },
    Parameter {
        name: CROSSING_PLATFORM,
        kind: ParameterKind::Flag,
        what: "whether flows from the platform to tenants must be declared too; with NET-004.outside, also those between the platform and addresses outside",
        stricter: Stricter::More,
    },
    Parameter { name: PORTS, kind: ParameterKind::Ports, what: "TCP ports of pods that are asked whether they are open: `1-65535` is all", stricter: Stricter::More },
    Parameter { name: EXPOSED_ALLOW, kind: ParameterKind::Texts, what: "Services that may be reached from outside the cluster: `namespace/name`", stricter: Stricter::Fewer },
    Parameter { name: ADDRESSES, kind: ParameterKind::Texts, what: "addresses and networks that tasks leave by: `203.0.113.7`, `203.0.113.0/28`", stricter: Stricter::FewerOnceNamed },
    Parameter { name: ECHO, kind: ParameterKind::Texts, what: "pages outside that answer with the address from which they were asked: `https://echo.example.com/`", stricter: Stricter::More },
    Parameter { name: HOSTS, kind: ParameterKind::Texts, what: "hosts outside that tasks must not reach, best by address: `192.0.2.1:443`", stricter: Stricter::More },
    Parameter { name: "PII-001.hosts", kind: ParameterKind::Texts, what: "hosts of services outside that settings may name all the same", stricter: Stricter::Fewer },
    Parameter { name: "PSS.level", kind: ParameterKind::PodSecurityLevel, what: "level of the Pod Security Standards that PSS-001 to PSS-019 judge by", stricter: Stricter::More },
    Parameter { name: VERSION, kind: ParameterKind::PodSecurityVersion, what: "version of the Pod Security Standards that PSS-001 to PSS-017 judge by", stricter: Stricter::Exactly },
    Parameter { name: rights::INSTALLER, kind: ParameterKind::Texts, what: "who installed and must hold nothing afterwards (RBC-010), as in RBC.allow: `User/alice`", stricter: Stricter::More },
    Parameter {
        name: rights::ALLOW,
        kind: ParameterKind::Texts,
        what: "who may hold what RBC-001 to RBC-008, RBC-011, and SEC-003 forbid: `Group/admins`, `User/alice`, `ServiceAccount/ns/name`, or a role or binding as `ClusterRole/name`, `Role/ns/name`",
        stricter: Stricter::Fewer,
    },
    Parameter {
        name: "REG-003.registries",
        kind: ParameterKind::Texts,
        what: "registries, or paths in them, that images may come from: registry.example.com, docker.io/library",
        stricter: Stricter::FewerOnceNamed,
    },
    Parameter {
        name: IMAGES,
        kind: ParameterKind::Texts,
        what: "images that are not signed as admission asks for, and must be refused: `registry.example.com/unsigned@sha256:…`",
        stricter: Stricter::More,
    },
    Parameter {
        name: "TLS-002.failDays",
        kind: ParameterKind::Days { default: 14, least: 0, most: 365 },
        what: "a certificate with fewer days left fails; of one that lives for less than three times as long a third of its life counts",
        stricter: Stricter::More,
    },
    Parameter { name: "TLS-002.warnDays", kind: ParameterKind::Days { default: 30, least: 0, most: 365 }, what: "a certificate with fewer days left is warned of, as above", stricter: Stricter::More },
    Parameter { name: DAYS, kind: ParameterKind::Days { default: 7, least: 1, most: 90 }, what: "a scan that is older says nothing of an image", stricter: Stricter::Fewer },
    Parameter {
        name: PLATFORM_NAMESPACES,
        kind: ParameterKind::Texts,
        what: "namespaces of the platform; else those with the label airlock-platform.io/installation that are no tenant's",
        stricter: Stricter::Exactly,
    },
    Parameter {
        name: MUST_BE_PRIVATE,
        kind: ParameterKind::Flag,
        what: "whether load balancers must be inside and say who may connect (NET-016), and the API server's addresses private (NET-017)",
        stricter: Stricter::More,
    },
    Parameter { name: TENANT_NAMESPACES, kind: ParameterKind::Texts, what: "namespaces that are each a tenant", stricter: Stricter::Exactly },
    Parameter {
        name: TENANT_SELECTOR,
        kind: ParameterKind::Texts,
        what: "labels of tenants' namespaces: `KEY`, whose value names the tenant, or `KEY=VALUE`; else airlock-platform.io/tenant",
        stricter: Stricter::Exactly,
    },
];

/// All parameters, sorted by name.
pub fn parameters() -> &'static [Parameter] {
    &PARAMETERS
}

/// Those of a check, and those of its whole group.
pub fn parameters_of(id: &str) -> impl Iterator<Item = &'static Parameter> {
    let is_of = move |parameter: &&Parameter| parameter.name.split_once('.').is_some_and(|(of, _)| id == of || id.split_once('-').is_some_and(|(group, _)| group == of));
    PARAMETERS.iter().filter(is_of)
}

const VERSION: &str = "PSS.version";

/// Whether a check goes by a parameter of that name: by its own, by one of its group, and by those of the network that name no more
/// than some checks. Who the tenants are is no check's parameter: each site says it.
pub(crate) fn goes_by(id: &str, name: &str) -> bool {
    match name {
        VERSION => matches!(id.split_once('-'), Some(("PSS", number)) if number != "019"),
        rights::ALLOW => matches!(id, "RBC-001" | "RBC-002" | "RBC-003" | "RBC-004" | "RBC-005" | "RBC-006" | "RBC-007" | "RBC-008" | "RBC-010" | "RBC-011" | "SEC-003"),
        MUST_BE_PRIVATE => matches!(id, "NET-016" | "NET-017"),
        _ => name.split_once('.').is_some_and(|(of, _)| id == of || id.split_once('-').is_some_and(|(group, _)| group == of)),
    }
}

/// A parameter that a profile can set.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Known<'p> {
    /// Of the table.
    BuiltIn(&'static Parameter),
    /// Of a check of the profile's own, with the value that it has there.
    Custom(&'p Value),
}

impl Known<'_> {
    /// What is wrong with a value, if anything.
    pub(crate) fn refuses(self, value: &Value) -> Option<String> {
        match self {
            // Nothing is what a list of what is allowed comes to where it is not set.
            Self::BuiltIn(parameter) if parameter.unset().as_ref() == Some(value) => None,
            Self::BuiltIn(parameter) => parameter.kind.refuses(value),
            Self::Custom(own) => (custom_kind(value).is_none() || custom_kind(value) != custom_kind(own)).then(|| format!("{value} is not {}", custom_kind(own).unwrap_or_default())),
        }
    }

    /// Whether a value lets more pass than another one. Of a check of the profile's own nobody knows which way it is stricter.
    pub(crate) fn is_looser(self, value: &Value, than: &Value) -> bool {
        match self {
            Self::BuiltIn(parameter) => parameter.is_looser(value, than),
            Self::Custom(_) => value != than,
        }
    }

    /// Whether of two values neither is stricter.
    pub(crate) const fn is_exact(self) -> bool {
        match self {
            Self::BuiltIn(parameter) => matches!(parameter.stricter, Stricter::Exactly),
            Self::Custom(_) => true,
        }
    }

    /// A value that is as strict as each of these: of lists what each of them names, or all that any names. None: there is none.
    pub(crate) fn as_strict_as_all(self, values: &[&Value]) -> Option<Value> {
        let Self::BuiltIn(parameter) = self else { return None };
        if !parameter.kind.is_list() {
            return None;
        }
        let mut items: Vec<&Value> = Vec::new();
        for item in values.iter().filter_map(|value| value.as_array()).flatten() {
            if !items.contains(&item) {
                items.push(item);
            }
        }
        if parameter.stricter != Stricter::More {
            items.retain(|item| !values.iter().any(|value| parameter.is_looser(&Value::Array(vec![(*item).clone()]), value)));
        }
        let joined = Value::Array(items.into_iter().cloned().collect());
        let is_silent = parameter.stricter == Stricter::FewerOnceNamed && joined == Value::Array(Vec::new());
        (!is_silent && !values.iter().any(|value| parameter.is_looser(&joined, value))).then_some(joined)
    }

    /// What counts when the profile is silent; none: nothing is judged by it then, so that any value is as strict.
    pub(crate) fn unset(self) -> Option<Value> {
        match self {
            Self::BuiltIn(parameter) => parameter.unset(),
            Self::Custom(own) => Some(own.clone()),
        }
    }

    /// Reads a value as `--set` has it.
    fn read(self, value: &str) -> Value {
        let number = || value.parse::<i64>().map_or_else(|_| Value::from(value), Value::from);
        let flag = || value.parse::<bool>().map_or_else(|_| Value::from(value), Value::from);
        let texts = || value.split(',').map(str::trim).filter(|item| !item.is_empty()).collect();
        match self {
            Self::BuiltIn(parameter) => match parameter.kind {
                ParameterKind::Days { .. } => number(),
                ParameterKind::Flag => flag(),
                ParameterKind::PodSecurityLevel | ParameterKind::PodSecurityVersion => Value::from(value),
                ParameterKind::Texts | ParameterKind::Ports | ParameterKind::Digests | ParameterKind::Words(_) => texts(),
            },
            Self::Custom(Value::Number(_)) => number(),
            Self::Custom(Value::Bool(_)) => flag(),
            Self::Custom(Value::Array(_)) => texts(),
            Self::Custom(_) => Value::from(value),
        }
    }
}

/// What a parameter of a profile's own check may be.
pub(crate) fn custom_kind(value: &Value) -> Option<&'static str> {
    match value {
        Value::String(_) => Some("a text"),
        Value::Bool(_) => Some("true or false"),
        Value::Number(number) => number.is_i64().then_some("a whole number"),
        Value::Array(items) => items.iter().all(Value::is_string).then_some("a list of texts"),
        Value::Null | Value::Object(_) => None,
    }
}

/// The parameter of that name.
pub(crate) fn known<'p>(name: &str, custom: &'p [CustomCheck]) -> Result<Known<'p>, ComplianceError> {
    let of_custom = || custom.iter().flat_map(|check| check.parameters.iter().map(move |(name, value)| (format!("{}.{name}", check.id), value)));
    if let Some(parameter) = PARAMETERS.iter().find(|parameter| parameter.name == name) {
        return Ok(Known::BuiltIn(parameter));
    }
    let found = of_custom().find(|(known, _)| known == name).map(|(_, value)| Known::Custom(value));
    let names = || of_custom().map(|(name, _)| name).chain(PARAMETERS.iter().map(|parameter| parameter.name.to_owned())).collect::<Vec<_>>();
    found.ok_or_else(|| ComplianceError::UnknownParameter { name: name.to_owned(), nearest: nearest(name, names().iter().map(String::as_str)) })
}

/// Whether a parameter has the name of one of this check alone.
pub(crate) fn is_of(name: &str, check: &str) -> bool {
    name.split_once('.').is_some_and(|(of, _)| of == check)
}

/// The parameter of that name, if it can have this value.
pub(crate) fn fitting<'p>(name: &str, value: &Value, custom: &'p [CustomCheck]) -> Result<Known<'p>, ComplianceError> {
    let known = known(name, custom)?;
    match known.refuses(value) {
        Some(reason) => Err(ComplianceError::ParameterValue { name: name.to_owned(), reason }),
        None => Ok(known),
    }
}

/// Reads `PSS.level=restricted` as `--set` has it, by the kind of the parameter.
pub fn setting(text: &str, profile: &Profile) -> Result<(String, Value), ComplianceError> {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    let read = known(name, &profile.custom)?.read(value);
    fitting(name, &read, &profile.custom)?;
    Ok((name.to_owned(), read))
}

impl Parameter {
    /// Whether a value lets more pass than another one, or, where neither is stricter, is another one.
    pub(crate) fn is_looser(&self, value: &Value, than: &Value) -> bool {
        let has_others = |some: &Value, than: &Value| match self.kind {
            ParameterKind::Ports => !ports(some).is_subset(&ports(than)),
            _ => some.as_array().into_iter().flatten().any(|item| !than.as_array().is_some_and(|items| items.contains(item))),
        };
        match (self.stricter, self.kind) {
            (Stricter::Exactly, ParameterKind::PodSecurityVersion) => version(value) != version(than),
            (Stricter::Exactly, _) => value != than,
            (Stricter::More, kind) if kind.is_list() => has_others(than, value),
            (Stricter::Fewer | Stricter::FewerOnceNamed, kind) if kind.is_list() => has_others(value, than),
            (Stricter::More, _) => self.kind.amount(value) < self.kind.amount(than),
            (Stricter::Fewer | Stricter::FewerOnceNamed, _) => self.kind.amount(value) > self.kind.amount(than),
        }
    }

    fn unset(&self) -> Option<Value> {
        match self.kind {
            ParameterKind::Days { default, .. } => Some(default.into()),
            ParameterKind::Flag => Some(false.into()),
            ParameterKind::PodSecurityLevel => Some("restricted".into()),
            ParameterKind::PodSecurityVersion => Some("latest".into()),
            ParameterKind::Texts | ParameterKind::Ports | ParameterKind::Digests | ParameterKind::Words(_) => (self.stricter == Stricter::Fewer).then(|| Value::Array(Vec::new())),
        }
    }
}

#[cfg(test)]
mod tests;
