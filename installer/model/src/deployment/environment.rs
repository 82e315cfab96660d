//! What DAGs and tasks are given: variables and connections, each by a reference. Their values live in one Secret.

use std::collections::BTreeMap;

use super::AirflowDeployment;
use crate::answers::{AnswersProblem, Flaw, Looking, SecretReference};

/// Airflow finds a connection in the variable of this prefix and its id in capitals (Airflow: Managing Connections).
const CONNECTION: &str = "AIRFLOW_CONN_";
/// Airflow finds one of its own Variables in the environment by this prefix (Airflow: Managing Variables).
const VARIABLE: &str = "AIRFLOW_VAR_";
/// How programs of the image start; other values would keep them from it, or make them run something else.
const OF_PROGRAMS: [&str; 4] = ["HOME", "PATH", "SHELL", "USER"];
/// The longest id of a connection (Airflow: column `connection.conn_id`).
const LONGEST_ID: usize = 250;

impl AirflowDeployment {
    /// The variables that DAGs and tasks find in their environment, connections among them, each with its reference.
    pub fn variables(&self) -> BTreeMap<String, String> {
        let connections = self.connections.iter().map(|(id, reference)| (format!("{CONNECTION}{}", id.to_ascii_uppercase()), reference.clone()));
        connections.chain(self.environment.clone()).collect()
    }

    /// Names that cannot be meant, and texts that are no reference. A text is not repeated: it could be the secret itself.
    pub(super) fn environment_problems(&self) -> Vec<AnswersProblem> {
        let names = self.environment.keys().filter_map(|name| Some(problem("environment", name, Flaw::Value(wrong_variable(name)?))));
        let ids = self.connections.keys().filter(|id| !is_connection_id(id)).map(|id| {
            let text = format!("`{}` is no id of a connection here: lower case letters, digits, and `_`, up to {LONGEST_ID}", shown(id));
            problem("connections", id, Flaw::Value(text))
        });
        let references = self.referred().filter_map(|(key, name, text)| Some(problem(key, name, Flaw::Reference(text.parse::<SecretReference>().err()?.to_string()))));
        names.chain(ids).chain(references).collect()
    }

    /// The references that lead nowhere.
    pub(super) fn absent(&self, look: &Looking<'_>) -> Vec<AnswersProblem> {
        let absent = |text: &str| look(&text.parse().ok()?).err();
        self.referred().filter_map(|(key, name, text)| Some(problem(key, name, Flaw::Reference(absent(text)?)))).collect()
    }

    /// Every reference with its key and its name.
    fn referred(&self) -> impl Iterator<Item = (&'static str, &str, &str)> {
        let maps = [("environment", &self.environment), ("connections", &self.connections)];
        maps.into_iter().flat_map(|(key, map)| map.iter().map(move |(name, text)| (key, name.as_str(), text.as_str())))
    }
}

fn problem(key: &str, name: &str, flaw: Flaw) -> AnswersProblem {
    AnswersProblem { path: format!("{key}.{name}"), flaw }
}

fn shown(name: &str) -> String {
    name.chars().take(64).collect()
}

fn wrong_variable(name: &str) -> Option<String> {
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') && name.bytes().next().is_some_and(|byte| !byte.is_ascii_digit());
    if !is_name {
        return Some(format!("`{}` is no name of a variable: letters, digits, and `_`, not beginning with a digit", shown(name)));
    }
    if name.starts_with(CONNECTION) {
        return Some(format!("`{}` is a connection; it stands under `connections` by its id", shown(name)));
    }
    if name.starts_with("AIRFLOW") && !name.starts_with(VARIABLE) {
        return Some(format!("`{}` is a setting of Airflow; Airlock sets those, so that the deployment stays what the plan says", shown(name)));
    }
    let is_of_programs = OF_PROGRAMS.contains(&name) || name.starts_with("LD_") || name.starts_with("PYTHON");
    is_of_programs.then(|| format!("`{}` decides how the programs of the image start; choose another name", shown(name)))
}

fn is_connection_id(id: &str) -> bool {
    (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(environment: &[(&str, &str)], connections: &[(&str, &str)]) -> AirflowDeployment {
        let map = |pairs: &[(&str, &str)]| pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        AirflowDeployment { environment: map(environment), connections: map(connections), ..AirflowDeployment::named(&"alpha".parse().unwrap()) }
    }

    #[test]
    fn a_connection_is_a_variable_of_its_id_in_capitals() {
        let variables = of(&[("TOKEN", "env:T"), ("AIRFLOW_VAR_PLACE", "file:place")], &[("ware_house1", "secret:a/b#c")]).variables();
        let expected = [("AIRFLOW_CONN_WARE_HOUSE1", "secret:a/b#c"), ("AIRFLOW_VAR_PLACE", "file:place"), ("TOKEN", "env:T")];
        assert_eq!(variables, expected.map(|(key, value)| (key.to_owned(), value.to_owned())).into());
    }

    #[test]
    fn names_that_would_change_airflow_or_its_programs_are_refused() {
        for (name, words) in [
            ("2FA", "no name of a variable"),
            ("a-b", "no name of a variable"),
            ("", "no name of a variable"),
            ("AIRFLOW__CORE__FERNET_KEY", "a setting of Airflow"),
            ("AIRFLOW_HOME", "a setting of Airflow"),
            ("AIRFLOW_CONN_X", "under `connections`"),
            ("PATH", "how the programs"),
            ("LD_PRELOAD", "how the programs"),
            ("PYTHONPATH", "how the programs"),
        ] {
            let problems = of(&[(name, "env:T")], &[]).problems();
            assert!(matches!(&problems[..], [AnswersProblem { flaw: Flaw::Value(text), .. }] if text.contains(words)), "{name}: {problems:?}");
        }
        assert_eq!(of(&[("_x1", "env:T"), ("AIRFLOW_VAR_X", "env:T")], &[("a_1", "env:T")]).problems(), []);
        for id in ["", "A", "a-b", "a.b"] {
            assert_eq!(of(&[], &[(id, "env:T")]).problems().len(), 1, "{id}");
        }
    }

    #[test]
    fn what_is_no_reference_is_refused_without_being_repeated() {
        let problems = of(&[("TOKEN", "hunter2")], &[("warehouse", "postgresql://u:hunter2@db/x")]).problems();
        assert_eq!(problems.len(), 2);
        assert!(!format!("{problems:?}").contains("hunter2"), "{problems:?}");
    }

    #[test]
    fn a_reference_that_leads_nowhere_is_told_with_its_place() {
        let text = "apiVersion: airlock/v1\nkind: AirflowDeployment\nname: alpha\nenvironment: { TOKEN: env:T }\nconnections:\n  warehouse: file:gone\n";
        let error = AirflowDeployment::from_yaml_where(text, &|reference| Err(format!("{reference} is not there"))).unwrap_err();
        assert!(error.to_string().starts_with("line 4, column 23: `environment.TOKEN`: env:T is not there"), "{error}");
        assert_eq!(error.faults().count(), 2, "{error}");
    }
}
