//! A file becomes answers.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use airlock_model::{AirflowDeployment, Answers};
use airlock_model::answers::LARGEST;

use crate::failure::Failure;

/// Namespace of the platform where nothing else is said.
pub(crate) const DEFAULT_NAMESPACE: &str = "airlock";
/// Stands for the base domain where the answers are not there yet.
const EXAMPLE_DOMAIN: &str = "platform.example.com";

/// Reads the answers and sees that a namespace given by flag is the same.
pub(crate) fn read(path: &Path, namespace: Option<&str>) -> Result<Answers, Failure> {
    let text = text(path).map_err(|source| Failure::AnswersUnreadable { path: path.to_owned(), source })?;
    let answers = Answers::from_yaml(&text).map_err(|error| Failure::Answers { path: path.to_owned(), error })?;
    match namespace {
        Some(asked) if asked != answers.namespaces.platform => Err(Failure::Namespace { asked: asked.to_owned(), answers: answers.namespaces.platform }),
        _ => Ok(answers),
    }
}

/// Reads the document of an Airflow deployment.
pub(crate) fn read_deployment(path: &Path) -> Result<AirflowDeployment, Failure> {
    let text = text(path).map_err(|source| Failure::FileUnreadable { path: path.to_owned(), source })?;
    AirflowDeployment::from_yaml(&text).map_err(|error| Failure::Answers { path: path.to_owned(), error })
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

/// No more than the parser will take, whatever the file is.
fn text(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST as u64 + 1).read_to_end(&mut bytes)?;
    String::from_utf8(bytes).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not text in UTF-8"))
}
