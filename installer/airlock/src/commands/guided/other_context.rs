//! Whether the cluster that was looked at is the one that is meant, where the kubeconfig knows others.

use airlock_model::Untrusted;
use airlock_platform::{Cluster, KnownContext};

use crate::commands::session::Session;
use crate::failure::Failure;
use crate::output::prompt::{Field, Prompt, Reply};

const QUESTION: &str = "Is this the cluster that is meant?";

/// Asks; the context of another one, or none: it is this one. Nobody is asked who has named a context by a flag, or has no other.
pub(super) async fn ask(session: &Session<'_>, cluster: &Cluster, known: &[KnownContext]) -> Result<Option<String>, Failure> {
    let others: Vec<&KnownContext> = known.iter().filter(|context| cluster.context() != Some(&context.name)).collect();
    if session.global.context.is_some() || others.is_empty() {
        return Ok(None);
    }
    let this = format!("yes, {}", Untrusted::from(cluster.name().to_owned()));
    let label = |context: &&KnownContext| format!("no, {}, by the context {}", Untrusted::from(context.cluster.clone()), Untrusted::from(context.name.clone()));
    let labels = std::iter::once(this).chain(others.iter().map(label)).collect();
    loop {
        let field = Field::Choice { labels: Vec::clone(&labels), suggested: 0 };
        match session.prompted(Prompt { question: QUESTION.into(), field, explained: false, may_be_unknown: false }).await? {
            Reply::Chosen(place) => return Ok(place.checked_sub(1).and_then(|other| others.get(other)).map(|context| context.name.clone())),
            Reply::Back => session.output.talk("  this is the first question; Ctrl-C leaves"),
            Reply::Text(_) | Reply::Explain | Reply::Unknown => {}
        }
    }
}
