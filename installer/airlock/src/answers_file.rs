//! A file becomes answers.

use std::fs::File;
use std::io;
use std::path::Path;

use airlock_model::answers::{LARGEST, SecretReference};
use airlock_model::{AirflowDeployment, Answers};

use airlock_platform::guide::{self, Former};

use crate::arguments::OnCluster;
use crate::failure::Failure;
use crate::{bounded_file, environment};

/// Namespace of the platform where nothing else is said.
pub(crate) const DEFAULT_NAMESPACE: &str = "airlock";
/// Stands for the base domain where the answers are not there yet.
const EXAMPLE_DOMAIN: &str = "platform.example.com";

/// Reads the answers and sees that a namespace given by flag is the same.
pub(crate) fn read(path: &Path, namespace: Option<&str>) -> Result<Answers, Failure> {
    let text = bounded_file::text(path, LARGEST).map_err(|source| Failure::AnswersUnreadable { path: path.to_owned(), source })?;
    let answers = Answers::from_yaml_where(&text, &look).map_err(|error| Failure::Answers { path: path.to_owned(), error })?;
    match namespace {
        Some(asked) if asked != answers.namespaces.platform => Err(Failure::Namespace { asked: asked.to_owned(), answers: answers.namespaces.platform }),
        _ => Ok(answers),
    }
}

/// The same where answers that name another cluster may be taken all the same.
pub(crate) fn read_on(path: &Path, namespace: Option<&str>, on: &OnCluster) -> Result<Answers, Failure> {
    let answers = read(path, namespace)?;
    Ok(Answers { cluster: answers.cluster.filter(|_| !on.other_cluster), ..answers })
}

/// Reads the answers that an earlier guided run kept, if it did.
pub(crate) fn read_kept(path: &Path, on: &OnCluster) -> Result<Option<Former>, Failure> {
    let text = match bounded_file::text(path, LARGEST) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        text => text.map_err(|source| Failure::AnswersUnreadable { path: path.to_owned(), source })?,
    };
    let mut former = guide::read(&text, &look).map_err(|error| Failure::Answers { path: path.to_owned(), error })?;
    former.answers.cluster = former.answers.cluster.filter(|_| !on.other_cluster);
    Ok(Some(former))
}

/// Reads the document of an Airflow deployment.
pub(crate) fn read_deployment(path: &Path) -> Result<AirflowDeployment, Failure> {
    let text = bounded_file::text(path, LARGEST).map_err(|source| Failure::FileUnreadable { path: path.to_owned(), source })?;
    AirflowDeployment::from_yaml_where(&text, &look).map_err(|error| Failure::Answers { path: path.to_owned(), error })
}

/// The answers of a file, or the defaults.
pub(crate) fn read_or_default(path: Option<&Path>, namespace: Option<&str>) -> Result<Answers, Failure> {
    if let Some(path) = path {
        return read(path, namespace);
    }
    let mut answers = Answers::of_domain(EXAMPLE_DOMAIN).map_err(|error| Failure::Answers { path: "the defaults".into(), error })?;
    if let Some(namespace) = namespace {
        namespace.clone_into(&mut answers.namespaces.platform);
    }
    match answers.validate().into_iter().next() {
        Some(problem) => Err(Failure::Argument(match problem.flaw {
            airlock_model::answers::Flaw::Value(text) | airlock_model::answers::Flaw::Reference(text) => format!("--namespace: {text}"),
        })),
        None => Ok(answers),
    }
}

/// Whether what is referred to can be had here. What is in the cluster is not looked at from here.
pub(crate) fn look(reference: &SecretReference) -> Result<(), String> {
    match reference {
        SecretReference::File(path) => match std::fs::metadata(path) {
            Ok(found) if found.is_file() => File::open(path).map(drop).map_err(|error| format!("{reference} cannot be read: {error}")),
            Ok(_) => Err(format!("{reference} is no file")),
            Err(error) => Err(format!("{reference} cannot be read: {error}")),
        },
        SecretReference::Environment(name) if environment::is_set(name) => Ok(()),
        SecretReference::Environment(_) => Err(format!("{reference} is not set here")),
        SecretReference::Key(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_must_lead_to_a_file_or_a_variable_that_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let there = folder.path().join("ca.pem");
        std::fs::write(&there, "pem").unwrap();
        assert_eq!(look(&SecretReference::File(there)), Ok(()));
        assert!(look(&SecretReference::File(folder.path().to_owned())).unwrap_err().ends_with("is no file"));
        assert!(look(&SecretReference::File(folder.path().join("gone.pem"))).unwrap_err().contains("cannot be read"));
        assert_eq!(look(&SecretReference::Environment("PATH".into())), Ok(()));
        assert_eq!(look(&SecretReference::Environment("AIRLOCK_IS_NOT_SET".into())).unwrap_err(), "env:AIRLOCK_IS_NOT_SET is not set here");
    }
}
