//! A database server that the customer runs (`components.database.mode: existing`).

use std::net::Ipv4Addr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::reference::SecretReference;
use super::{Answers, Component, Flaw, Mode, cidr, tls};
use crate::HostName;

/// The port that PostgreSQL listens on unless told otherwise.
const PORT: u16 = 5432;
/// The longest name of a role (PostgreSQL: `NAMEDATALEN` less one).
const LONGEST_NAME: usize = 63;

/// A PostgreSQL server that the customer runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DatabaseServer {
    /// Its name, as its certificate bears it.
    pub host: String,
    /// Its port.
    #[serde(default = "port")]
    pub port: u16,
    /// Networks (CIDR) in which it is, as pods see it: policies know addresses alone. May be left out where `host` is an address.
    #[serde(default)]
    pub networks: Vec<String>,
    /// Who signed its certificate: `file:PATH` to PEM, or `system` for the roots of the system. When absent: `trust.ca`, and the roots of
    /// the system where that is empty.
    #[serde(default)]
    pub authority: Option<String>,
    /// Who makes databases and roles there; it needs CREATEDB and CREATEROLE, and no more.
    pub administrator: DatabaseAdministrator,
}

/// Who makes databases and roles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DatabaseAdministrator {
    /// Name of the role.
    pub username: String,
    /// A reference to its password.
    pub password: String,
}

const fn port() -> u16 {
    PORT
}

impl DatabaseServer {
    /// The networks in which it is reached: those that are named, else the address that is its host.
    pub fn reached_in(&self) -> Vec<String> {
        match self.host.parse::<Ipv4Addr>() {
            Ok(address) if self.networks.is_empty() => vec![format!("{address}/32")],
            _ => self.networks.clone(),
        }
    }
}

impl Answers {
    /// References to the authorities that the customer's database server is verified by; none: the roots of the system.
    pub fn database_authorities(&self) -> &[String] {
        match self.database_server().map(|server| &server.authority) {
            Some(Some(authority)) if authority != SYSTEM => std::slice::from_ref(authority),
            Some(None) => &self.trust.ca,
            _ => &[],
        }
    }

    /// The customer's own database server, where there is one.
    pub fn database_server(&self) -> Option<&DatabaseServer> {
        self.components.database.server.as_ref().filter(|_| self.components.database.mode == Mode::Existing)
    }
}

/// Every reference to a secret with the path of its key.
pub(super) fn references(answers: &Answers) -> Vec<(&'static str, &String)> {
    let Some(server) = answers.database_server() else { return Vec::new() };
    let authority = server.authority.as_ref().filter(|text| *text != SYSTEM).map(|reference| (AUTHORITY, reference));
    authority.into_iter().chain([(PASSWORD, &server.administrator.password)]).collect()
}

const AUTHORITY: &str = "components.database.server.authority";
/// In the place of a reference: the roots of the system alone.
const SYSTEM: &str = "system";
const PASSWORD: &str = "components.database.server.administrator.password";

/// What is wrong with these answers about the database server, each with its path.
pub(super) fn flaws(answers: &Answers) -> Vec<(String, Flaw)> {
    let components = &answers.components;
    let mut found = Vec::new();
    let mut value = |path: &str, text: String| found.push((format!("components.{path}"), Flaw::Value(text)));
    let others = [("edge", Some(&components.edge)), ("registry", Some(&components.registry)), ("monitoring", components.monitoring.as_ref()), ("auditor", components.auditor.as_ref())];
    for (name, _) in others.iter().filter(|(_, component)| component.is_some_and(|component| component.server.is_some())) {
        value(&format!("{name}.server"), "a server of yours can stand in for the database alone; leave it out".to_owned());
    }
    let server = match (components.database.mode, &components.database.server) {
        (Mode::Existing, Some(server)) => server,
        (Mode::Existing, None) => {
            value("database.mode", "which server is it? `server` with host, networks, and administrator is due beside `mode: existing`".to_owned());
            return found;
        }
        (_, Some(_)) => {
            value("database.server", "it counts with `mode: existing` alone; change the mode or leave it out".to_owned());
            return found;
        }
        (_, None) => return found,
    };
    let is_address = server.host.parse::<Ipv4Addr>().is_ok();
    if !is_address && server.host.parse::<HostName>().is_err() {
        value("database.server.host", format!("`{}` is neither a host name nor an IPv4 address", server.host));
    }
    if server.port == 0 {
        value("database.server.port", "`0` is no port".to_owned());
    }
    if server.networks.is_empty() && !is_address {
        value("database.server", "policies know addresses alone: say in `networks` in which ones the server is, as in [10.1.2.0/24]".to_owned());
    }
    for (index, network) in server.networks.iter().enumerate() {
        if let Some(flaw) = cidr::flaw(network) {
            value(&format!("database.server.networks[{index}]"), flaw);
        }
    }
    let name = &server.administrator.username;
    if name.is_empty() || name.len() > LONGEST_NAME || name.chars().any(char::is_control) {
        value("database.server.administrator.username", format!("a role has 1 to {LONGEST_NAME} bytes, and no control characters"));
    }
    for key in idle(&components.database) {
        value(&format!("database.{key}"), "nothing of the database runs in this cluster; leave it out".to_owned());
    }
    if let Some(flaw) = server.authority.as_deref().filter(|text| *text != SYSTEM).and_then(|text| tls::readable(text, false)) {
        found.push((AUTHORITY.to_owned(), Flaw::Reference(flaw)));
    }
    if let Err(error) = server.administrator.password.parse::<SecretReference>() {
        found.push((PASSWORD.to_owned(), Flaw::Reference(error.to_string())));
    }
    found
}

/// Keys about pods and volumes that are given although there are none.
fn idle(database: &Component) -> Vec<&'static str> {
    let given = [
        ("replicas", database.replicas.is_some()),
        ("resources", database.resources.is_some()),
        ("storage.size", database.storage.size.is_some()),
        ("nodeSelector", !database.node_selector.is_empty()),
        ("tolerations", !database.tolerations.is_empty()),
        ("priorityClass", database.priority_class.is_some()),
    ];
    given.into_iter().filter(|(_, given)| *given).map(|(key, _)| key).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGIN: &str = "apiVersion: airlock/v1\nkind: Answers\nbaseDomain: platform.test\n";
    const SERVER: &str = "host: db.corp.test, networks: [10.1.2.0/24], authority: 'file:ca.pem', administrator: { username: airlock, password: 'file:pw' }";

    fn told(database: &str) -> String {
        let text = format!("{BEGIN}components: {{ database: {{ {database} }} }}\n");
        Answers::from_yaml(&text).map_or_else(|error| error.faults().map(ToString::to_string).collect::<Vec<_>>().join("\n"), |_| String::new())
    }

    #[test]
    fn a_whole_server_is_taken_with_its_defaults() {
        let answers = Answers::from_yaml(&format!("{BEGIN}components: {{ database: {{ mode: existing, server: {{ {SERVER} }} }} }}\n")).unwrap();
        let server = answers.database_server().unwrap();
        assert_eq!((server.port, server.reached_in()), (5432, vec!["10.1.2.0/24".to_owned()]));
        assert_eq!(references(&answers).iter().map(|(path, _)| *path).collect::<Vec<_>>(), [AUTHORITY, PASSWORD]);
        let by_address = SERVER.replace("host: db.corp.test, networks: [10.1.2.0/24]", "host: 10.1.2.3");
        assert_eq!(told(&format!("mode: existing, server: {{ {by_address} }}")), "");
    }

    #[test]
    fn a_server_is_verified_by_its_own_authority_else_by_those_that_are_trusted_anyway() {
        let by = |authority: &str, trust: &str| {
            let server = SERVER.replace("authority: 'file:ca.pem', ", authority);
            let answers = Answers::from_yaml(&format!("{BEGIN}components: {{ database: {{ mode: existing, server: {{ {server} }} }} }}\ntrust: {{ ca: [{trust}] }}\n")).unwrap();
            assert_eq!(references(&answers).len(), if authority.contains("file:") { 2 } else { 1 });
            answers.database_authorities().to_vec()
        };
        let (named, system) = ("authority: 'file:ca.pem', ", "authority: system, ");
        assert_eq!((by(named, "'file:a.pem'"), by(named, "")), (vec!["file:ca.pem".to_owned()], vec!["file:ca.pem".to_owned()]));
        assert_eq!((by("", "'file:a.pem', 'file:b.pem'"), by("", "")), (vec!["file:a.pem".to_owned(), "file:b.pem".to_owned()], vec![]));
        assert_eq!((by(system, "'file:a.pem'"), by(system, "")), (vec![], vec![]));
        assert!(Answers::from_yaml(&format!("{BEGIN}trust: {{ ca: ['file:a.pem'] }}\n")).unwrap().database_authorities().is_empty(), "the bundled one has its own");
    }

    #[test]
    fn each_flaw_is_told_by_its_key() {
        for (from, to, path) in [
            ("db.corp.test", "db_corp!", "components.database.server.host"),
            ("networks: [10.1.2.0/24], ", "", "components.database.server"),
            ("10.1.2.0/24", "10.1.2.3/24", "components.database.server.networks[0]"),
            ("username: airlock", "username: ''", "components.database.server.administrator.username"),
            ("file:pw", "hunter2", "components.database.server.administrator.password"),
            ("file:ca.pem", "env:CA", "components.database.server.authority"),
            ("db.corp.test", "db.corp.test, port: 0", "components.database.server.port"),
        ] {
            let told = told(&format!("mode: existing, server: {{ {} }}", SERVER.replace(from, to)));
            assert!(told.contains(&format!("`{path}`")) && !told.contains("hunter2"), "{to}: {told}");
        }
        assert!(told("mode: existing").contains("`components.database.mode`"));
        assert!(told(&format!("server: {{ {SERVER} }}")).contains("`components.database.server`"));
        assert!(told(&format!("mode: existing, replicas: 1, server: {{ {SERVER} }}")).contains("`components.database.replicas`"));
    }

    #[test]
    fn no_other_component_has_a_server() {
        let text = format!("{BEGIN}components: {{ registry: {{ server: {{ {SERVER} }} }} }}\n");
        assert!(Answers::from_yaml(&text).unwrap_err().to_string().contains("components.registry.server"));
    }
}
