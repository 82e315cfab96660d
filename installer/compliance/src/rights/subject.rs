//! Who holds rights: users, groups, service accounts, and the groups that each of them is in without being named.

use std::fmt;

use serde_json::Value;

/// Somebody whom a binding may name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Holder {
    /// A user by the name that authentication gives.
    User(String),
    /// A group.
    Group(String),
    /// A service account.
    Account {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
}

pub(crate) const ANONYMOUS: &str = "system:anonymous";
pub(crate) const UNAUTHENTICATED: &str = "system:unauthenticated";
pub(crate) const AUTHENTICATED: &str = "system:authenticated";
pub(crate) const MASTERS: &str = "system:masters";
const ACCOUNTS: &str = "system:serviceaccounts";

impl Holder {
    /// A user by name; a service account's user name means the account.
    pub fn user(name: &str) -> Self {
        match name.strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':')) {
            Some((namespace, name)) => Self::Account { namespace: namespace.to_owned(), name: name.to_owned() },
            None => Self::User(name.to_owned()),
        }
    }

    /// Whether a binding that names `named` is also for this one.
    pub(crate) fn is(&self, named: &Self) -> bool {
        self == named || matches!(named, Self::Group(group) if self.groups().iter().any(|own| own == group))
    }

    /// The groups it is in without being named (Kubernetes documentation, "Referring to subjects").
    pub(crate) fn groups(&self) -> Vec<String> {
        match self {
            Self::User(name) if name == ANONYMOUS => vec![UNAUTHENTICATED.into()],
            Self::Group(name) if name == UNAUTHENTICATED => Vec::new(),
            Self::User(_) | Self::Group(_) => vec![AUTHENTICATED.into()],
            Self::Account { namespace, .. } => vec![ACCOUNTS.into(), format!("{ACCOUNTS}:{namespace}"), AUTHENTICATED.into()],
        }
    }

    /// Whether it is, or holds, accounts of a namespace: the account itself, or a group of accounts.
    pub(crate) fn reaches(&self, namespace: &str) -> bool {
        match self {
            Self::Account { namespace: own, .. } => own == namespace,
            Self::Group(name) => name == ACCOUNTS || name.strip_prefix(ACCOUNTS).and_then(|rest| rest.strip_prefix(':')) == Some(namespace),
            Self::User(_) => false,
        }
    }

    /// Reads a subject of a binding. `home`: the binding's namespace, which an account without one is in.
    pub(crate) fn read(subject: &Value, home: Option<&str>) -> Result<Self, String> {
        let text = |key: &str| subject.get(key).and_then(Value::as_str);
        let name = text("name").ok_or("a subject has no name")?;
        match text("kind") {
            Some("User") => Ok(Self::user(name)),
            Some("Group") => Ok(Self::Group(name.to_owned())),
            Some("ServiceAccount") => {
                let namespace = text("namespace").filter(|namespace| !namespace.is_empty()).or(home).ok_or_else(|| format!("the service account {name} has no namespace"))?;
                Ok(Self::Account { namespace: namespace.to_owned(), name: name.to_owned() })
            }
            Some(other) => Err(format!("{other} is no kind of subject")),
            None => Err("a subject has no kind".to_owned()),
        }
    }
}

/// `User/alice`, `Group/admins`, `ServiceAccount/shop/cart`: as parameters name them too. Names are anybody's.
impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(name) => write!(f, "User/{name}"),
            Self::Group(name) => write!(f, "Group/{name}"),
            Self::Account { namespace, name } => write!(f, "ServiceAccount/{namespace}/{name}"),
        }
    }
}
