//! An Airflow deployment: a document of its own beside the answers (DESIGN.md §7). The command line, a file, and later the
//! API make equal documents; `install` never touches what belongs to one.

mod environment;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ImageRef;
use crate::answers::{Answers, AnswersError, AnswersProblem, Flaw, Looking, Sizing, document};

/// What `apiVersion` must be.
const API_VERSION: &str = "airlock/v1";
/// What `kind` must be.
const KIND: &str = "AirflowDeployment";
/// The shortest and the longest name; with the namespace pattern and the names of its objects it stays below 63 characters.
const NAME_LENGTH: std::ops::RangeInclusive<usize> = 2..=30;
/// Names that mean something else already: of the platform's namespaces, of database roles, of words in `talks_to`.
const RESERVED: [&str; 15] = ["admin", "airflow", "airlock", "api", "app", "default", "each", "health", "internal", "own", "platform", "postgres", "probes", "public", "system"];

/// One Airflow deployment. A minimal one has `apiVersion`, `kind`, and `name`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AirflowDeployment {
    /// `airlock/v1`
    pub api_version: String,
    /// `AirflowDeployment`
    pub kind: String,
    /// Its name: part of its namespace, its host, and its database.
    pub name: String,
    /// How much it asks of the cluster; the platform's size when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sizing: Option<Sizing>,
    /// An image with Airflow and DAGs in it, with a tag or a digest; the release's Airflow when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// A DAG of two tasks that shows that everything works.
    #[serde(default)]
    pub example_dag: bool,
    /// Variables in the environment of DAGs and tasks: name, and a reference to the value (`env:NAME`, `file:PATH`, `secret:namespace/name#key`).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub environment: BTreeMap<String, String>,
    /// Connections of DAGs and tasks: id, and a reference to the connection as Airflow writes it, a URI or JSON.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub connections: BTreeMap<String, String>,
    /// The most that all its pods together may ask for.
    #[serde(default)]
    pub quota: DeploymentQuota,
}

/// The most that all pods of a deployment together may ask for; the size's own when absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct DeploymentQuota {
    /// Requests of CPU, as a Kubernetes quantity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<String>,
    /// Requests of memory, as a Kubernetes quantity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<String>,
    /// Pods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pods: Option<u32>,
}

/// The name of a deployment, checked: `^[a-z][a-z0-9-]{0,28}[a-z0-9]$` and not reserved.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DeploymentName(String);

/// Why a text is not the name of a deployment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeploymentNameError {
    /// Too short or too long.
    #[error("`{0}` has {1} characters; the name of a deployment has 2 to 30")]
    Length(String, usize),
    /// A character that it cannot have.
    #[error("`{0}` is no name of a deployment: lower case letters, digits, and `-`, beginning with a letter and not ending with `-`")]
    Character(String),
    /// A word that means something else.
    #[error("`{0}` is reserved; choose another name")]
    Reserved(String),
}

impl DeploymentName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The deployment's database and the role that owns it; a name of SQL that needs no quotes.
    pub fn role(&self) -> String {
        format!("airlock_{}", self.0.replace('-', "_"))
    }

    /// The deployment whose role this is; none: it is the role of no deployment.
    pub fn of_role(role: &str) -> Option<Self> {
        role.strip_prefix("airlock_")?.replace('_', "-").parse().ok()
    }

    /// The namespace of the deployment under these answers.
    pub fn namespace(&self, answers: &Answers) -> String {
        answers.namespaces.tenants.replace("{tenant}", &self.0)
    }
}

impl FromStr for DeploymentName {
    type Err = DeploymentNameError;
    fn from_str(text: &str) -> Result<Self, DeploymentNameError> {
        let shown = || text.chars().take(64).collect::<String>();
        if !NAME_LENGTH.contains(&text.chars().count()) {
            return Err(DeploymentNameError::Length(shown(), text.chars().count()));
        }
        let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let valid = text.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase()) && text.bytes().last().is_some_and(inner) && text.bytes().all(|byte| inner(byte) || byte == b'-');
        if !valid {
            return Err(DeploymentNameError::Character(shown()));
        }
        if RESERVED.contains(&text) || text.starts_with("kube-") {
            return Err(DeploymentNameError::Reserved(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for DeploymentName {
    type Error = DeploymentNameError;
    fn try_from(text: String) -> Result<Self, DeploymentNameError> {
        text.parse()
    }
}

impl From<DeploymentName> for String {
    fn from(name: DeploymentName) -> Self {
        name.0
    }
}

impl fmt::Display for DeploymentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AirflowDeployment {
    /// A deployment that takes every default.
    pub fn named(name: &DeploymentName) -> Self {
        Self {
            api_version: API_VERSION.into(),
            kind: KIND.into(),
            name: name.to_string(),
            sizing: None,
            image: None,
            example_dag: false,
            environment: BTreeMap::new(),
            connections: BTreeMap::new(),
            quota: DeploymentQuota::default(),
        }
    }

    /// Reads one document: its shape, then its values.
    pub fn from_yaml(text: &str) -> Result<Self, AnswersError> {
        Self::from_yaml_where(text, &|_| Ok(()))
    }

    /// The same where somebody can look whether what is referred to exists.
    pub fn from_yaml_where(text: &str, look: &Looking<'_>) -> Result<Self, AnswersError> {
        document::read(text, &Self::schema(), (API_VERSION, KIND), |read: &Self| read.problems().into_iter().chain(read.absent(look)).collect())
    }

    /// The JSON Schema of the document.
    pub fn schema() -> Value {
        document::schema::<Self>("Airflow deployment of Airlock", (API_VERSION, KIND))
    }

    /// The document as a file, what is at its default left out.
    pub fn to_yaml(&self) -> String {
        let mut text = format!("apiVersion: {}\nkind: {}\nname: {}\n", self.api_version, self.kind, self.name);
        let mut line = |key: &str, value: Value| text.extend([key, ": ", &value.to_string(), "\n"]);
        if let Some(sizing) = self.sizing {
            line("sizing", serde_json::to_value(sizing).unwrap_or_default());
        }
        if let Some(image) = &self.image {
            line("image", image.as_str().into());
        }
        if self.example_dag {
            line("exampleDag", true.into());
        }
        for (key, references) in [("environment", &self.environment), ("connections", &self.connections)] {
            if !references.is_empty() {
                line(key, serde_json::to_value(references).unwrap_or_default());
            }
        }
        if self.quota != DeploymentQuota::default() {
            line("quota", serde_json::to_value(&self.quota).unwrap_or_default());
        }
        text
    }

    /// Its name, checked.
    pub fn name(&self) -> Result<DeploymentName, DeploymentNameError> {
        self.name.parse()
    }

    /// Everything that can't be meant, found without looking at a cluster.
    pub fn problems(&self) -> Vec<AnswersProblem> {
        let mut problems = Vec::new();
        let mut add = |path: &str, text: String| problems.push(AnswersProblem { path: path.into(), flaw: Flaw::Value(text) });
        if let Err(error) = self.name() {
            add("name", error.to_string());
        }
        if let Some(Err(error)) = self.image.as_ref().map(|image| image.parse::<ImageRef>()) {
            add("image", error.to_string());
        }
        for (path, quantity) in [("quota.cpu", &self.quota.cpu), ("quota.memory", &self.quota.memory)] {
            if let Some(text) = quantity.as_ref().filter(|text| crate::quantity_millis(text).is_none_or(|amount| amount == 0)) {
                add(path, format!("`{text}` is not a Kubernetes quantity above 0, as in 2 or 4Gi"));
            }
        }
        if self.quota.pods == Some(0) {
            add("quota.pods", "`0` pods run nothing; give more, or leave the key out".into());
        }
        problems.extend(self.environment_problems());
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_accepted_up_to_their_limits_and_no_further() {
        for name in ["ab", "a1", "a-b", "data-science", "a234567890123456789012345678b0"] {
            assert_eq!(name.parse::<DeploymentName>().map(String::from).as_deref(), Ok(name));
        }
        for (name, words) in [
            ("", "0 characters"),
            ("a", "1 characters"),
            ("a2345678901234567890123456789012", "32 characters"),
            ("a23456789012345678901234567890b", "31 characters"),
            ("1a", "beginning with a letter"),
            ("-a", "beginning with a letter"),
            ("a-", "not ending"),
            ("A1", "lower case"),
            ("a_b", "lower case"),
            ("a.b", "lower case"),
            ("äb", "lower case"),
            ("a b", "lower case"),
            ("probes", "reserved"),
            ("platform", "reserved"),
            ("kube-x", "reserved"),
        ] {
            let error = name.parse::<DeploymentName>().unwrap_err().to_string();
            assert!(error.contains(words), "{name}: {error}");
        }
    }

    #[test]
    fn the_role_needs_no_quotes_in_sql() {
        assert_eq!("data-science".parse::<DeploymentName>().unwrap().role(), "airlock_data_science");
    }

    #[test]
    fn a_minimal_document_is_read_and_written_alike() {
        let read = AirflowDeployment::from_yaml("apiVersion: airlock/v1\nkind: AirflowDeployment\nname: alpha\n").unwrap();
        assert_eq!(read, AirflowDeployment::named(&"alpha".parse().unwrap()));
        for document in [
            read,
            AirflowDeployment {
                example_dag: true,
                image: Some("docker.io/a/b:1".into()),
                sizing: Some(Sizing::Tiny),
                environment: BTreeMap::from([("TOKEN".into(), "file:token".into())]),
                connections: BTreeMap::from([("warehouse".into(), "secret:vault/warehouse#uri".into())]),
                quota: DeploymentQuota { pods: Some(9), ..Default::default() },
                ..AirflowDeployment::named(&"alpha".parse().unwrap())
            },
        ] {
            assert_eq!(AirflowDeployment::from_yaml(&document.to_yaml()).unwrap(), document);
        }
    }

    #[test]
    fn faults_have_a_line_a_column_and_the_nearest_key() {
        let error = AirflowDeployment::from_yaml("apiVersion: airlock/v1\nkind: AirflowDeployment\nname: alpha\nexampelDag: true\n").unwrap_err();
        assert_eq!(error.to_string(), "line 4, column 1: unknown key `exampelDag`; did you mean `exampleDag`?");
        let error = AirflowDeployment::from_yaml("apiVersion: airlock/v1\nkind: Answers\nbaseDomain: a.test\n").unwrap_err();
        assert_eq!(error.to_string(), "line 2, column 7: `kind` is `Answers`, but here it must be `AirflowDeployment`");
        let error = AirflowDeployment::from_yaml("apiVersion: airlock/v1\nkind: AirflowDeployment\nname: A\nimage: nginx\nquota: { cpu: many, pods: 0 }\n").unwrap_err();
        assert_eq!(error.faults().count(), 4, "{error}");
    }
}
