//! The last question of a guided run that ended well: a first Airflow deployment, so that there is something to log in to.

use airlock_model::answers::{Answers, Mode};
use airlock_model::{AirflowDeployment, DeploymentName, Exit, Untrusted};
use airlock_platform::Cluster;
use airlock_platform::deployment;

use crate::commands::deployment as command;
use crate::commands::session::Session;
use crate::failure::Failure;
use crate::output::prompt::{Field, Prompt, Reply};

const QUESTION: &str = "Make a first Airflow deployment?";
const LABELS: [&str; 2] = ["yes, with an example DAG", "no, `airlock deployment create NAME` does it later"];
const NAME: &str = "What is its name? It becomes part of its host.";
const SUGGESTED: &str = "first";

/// Asks where a deployment is possible and none is there yet.
pub(super) async fn offer(session: &Session<'_>, cluster: &Cluster, answers: &Answers) -> Result<Exit, Failure> {
    let platform = &answers.namespaces.platform;
    if answers.components.database.mode == Mode::Off || !session.reading(deployment::list(cluster, platform)).await?.is_empty() {
        return Ok(Exit::Ok);
    }
    let name = loop {
        if session.prompted(whether()).await? != Reply::Chosen(0) {
            return Ok(Exit::Ok);
        }
        if let Some(name) = name(session).await? {
            break name;
        }
    };
    let document = AirflowDeployment { example_dag: true, ..AirflowDeployment::named(&name) };
    Box::pin(command::apply(session, platform, &document, None)).await
}

/// A name that is one; none where the person goes back.
async fn name(session: &Session<'_>) -> Result<Option<DeploymentName>, Failure> {
    loop {
        let Reply::Text(text) = session.prompted(what_name()).await? else { return Ok(None) };
        match text.trim().parse() {
            Ok(name) => return Ok(Some(name)),
            Err(refused) => session.output.talk(&format!("✗ {}", Untrusted::from(refused.to_string()))),
        }
    }
}

fn whether() -> Prompt {
    let field = Field::Choice { labels: LABELS.map(str::to_owned).into(), suggested: 0 };
    Prompt { question: QUESTION.into(), field, explained: false, may_be_unknown: false }
}

fn what_name() -> Prompt {
    let field = Field::Text { hint: "2 to 30 lower case letters, digits, and -".into(), suggested: Some(SUGGESTED.into()) };
    Prompt { question: NAME.into(), field, explained: false, may_be_unknown: false }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::prompt::by_lines;

    #[test]
    fn both_questions_are_recorded() {
        insta::assert_snapshot!("whether", by_lines(&whether()));
        insta::assert_snapshot!("what_name", by_lines(&what_name()));
    }
}
