//! How a program was started: flags by their names. Of equals the last wins, but those that are lists add up, as Go's flag
//! sets have it.

use std::borrow::Cow;

use serde_json::Value;

use crate::pod_security::Violation;

/// The programs that the benchmark speaks of.
pub(super) const PROGRAMS: [&str; 4] = ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd"];

/// Flags of which each further one adds to those before it: lists (`StringSlice` of `spf13/pflag`), and the map of gates
/// (`k8s.io/component-base`, `cli/flag`).
const LISTS: [&str; 5] = ["authorization-mode", "disable-admission-plugins", "enable-admission-plugins", "feature-gates", "tls-cipher-suites"];

/// A flag and where it stands.
struct Flag {
    /// With hyphens: the programs of Kubernetes take underscores for them (`k8s.io/component-base`, `WordSepNormalizeFunc`).
    name: String,
    value: String,
    path: String,
}

/// How one container starts a program.
pub(super) struct Flags {
    pub(super) program: &'static str,
    given: Vec<Flag>,
    path: String,
}

impl Flags {
    /// None: the container starts none of the programs.
    pub(super) fn of(container: &Value, path: String) -> Option<Self> {
        let list = |key: &'static str| container.get(key).and_then(Value::as_array).into_iter().flatten().enumerate().filter_map(move |(index, word)| Some((key, index, word.as_str()?)));
        let words: Vec<(&'static str, usize, &str)> = list("command").chain(list("args")).collect();
        let begins = |word: &str| PROGRAMS.into_iter().find(|program| word.rsplit('/').next() == Some(program));
        let program = words.iter().find_map(|(_, _, word)| begins(word))?;
        let mut flags: Vec<Flag> = Vec::new();
        for (position, (key, index, word)) in words.iter().enumerate() {
            let Some(rest) = word.strip_prefix("--").or_else(|| word.strip_prefix('-')) else { continue };
            let (name, value) = match rest.split_once('=') {
                Some((name, value)) => (name, value.to_owned()),
                // A value of its own follows, or the flag is a switch.
                None => (rest, words.get(position + 1).map(|(_, _, next)| *next).filter(|next| !next.starts_with('-')).unwrap_or("true").to_owned()),
            };
            flags.push(Flag { name: name.replace('_', "-"), value, path: format!("{path}/{key}/{index}") });
        }
        let variables = container.get("env").and_then(Value::as_array).into_iter().flatten().enumerate();
        if program == "etcd" {
            // A flag wins over its variable (etcd documentation, "Configuration options").
            let of_variables = variables.filter_map(|(index, variable)| {
                let name = variable.get("name")?.as_str()?.strip_prefix("ETCD_")?;
                Some(Flag { name: name.to_lowercase().replace('_', "-"), value: variable.get("value")?.as_str()?.to_owned(), path: format!("{path}/env/{index}/value") })
            });
            flags.splice(0..0, of_variables.collect::<Vec<_>>());
        }
        Some(Self { program, given: flags, path })
    }

    fn find(&self, name: &str) -> Option<&Flag> {
        self.given.iter().rfind(|flag| flag.name == name)
    }

    /// The value of a flag.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.find(name).map(|flag| flag.value.as_str())
    }

    /// The same, or of a list what all of them add up to.
    pub(super) fn whole(&self, name: &str) -> Option<Cow<'_, str>> {
        if !LISTS.contains(&name) {
            return self.get(name).map(Cow::Borrowed);
        }
        let values: Vec<&str> = self.given.iter().filter(|flag| flag.name == name).map(|flag| flag.value.as_str()).collect();
        (!values.is_empty()).then(|| values.into_iter().filter(|value| !value.is_empty()).collect::<Vec<_>>().join(",").into())
    }

    /// Where a flag stands, or should.
    pub(super) fn seen(&self, name: &str, at: &str) -> Violation {
        match self.find(name) {
            Some(flag) => Violation::new(format!("{at}{}", flag.path), self.whole(name).map(Value::from).as_ref(), ""),
            None => Violation::new(format!("{at}{}/command", self.path), None, ""),
        }
    }
}
