//! Whether the cluster that was looked at is the one that is meant, where the kubeconfig knows others.

use airlock_model::{Ticket, Untrusted};
use airlock_platform::{Cluster, KnownContext};

use crate::commands::session::Session;
use crate::failure::Failure;
use crate::output::guide::{Sheet, led_to};
use crate::output::prompt::{Field, Prompt, Reply};

const QUESTION: &str = "Is this the cluster that is meant?";

const EXPLAINS: &str = "Whatever is asked, tried, and installed from here on is in this one cluster. Your kubeconfig knows others: one that you choose is looked at like this one, and you are asked again. `--context NAME` says it beforehand. As long as nobody knows, nothing can be installed: `not yet known` ends the run with a ticket.";

/// What is said to it.
pub(super) enum Meant {
    /// This cluster.
    This,
    /// The one of this context.
    Other(String),
    /// Nobody knows yet, and somebody has to say.
    Unknown(Ticket),
}

/// Whom the question is about: nobody is asked who has named a context by a flag, or has no other.
pub(super) fn others<'k>(session: &Session<'_>, cluster: &Cluster, known: &'k [KnownContext]) -> Vec<&'k KnownContext> {
    let is_other = |context: &&KnownContext| session.global.context.is_none() && cluster.context() != Some(&context.name);
    known.iter().filter(is_other).collect()
}

/// Asks whether it is this cluster or one of the others, if there are any.
pub(super) async fn ask(session: &Session<'_>, cluster: &Cluster, others: &[&KnownContext], sheet: Sheet) -> Result<Meant, Failure> {
    if others.is_empty() {
        return Ok(Meant::This);
    }
    let this = format!("yes, {}", led_to(cluster.name(), None));
    let named: Vec<String> = others.iter().map(|context| led_to(&context.cluster, Some(&context.name))).collect();
    let labels = std::iter::once(this).chain(named.iter().map(|other| format!("no, {other}"))).collect();
    loop {
        let field = Field::Choice { labels: Vec::clone(&labels), suggested: 0 };
        match session.prompted(Prompt { question: QUESTION.into(), field, explained: true, may_be_unknown: true }).await? {
            Reply::Chosen(place) => return Ok(place.checked_sub(1).and_then(|other| others.get(other)).map_or(Meant::This, |context| Meant::Other(context.name.clone()))),
            Reply::Back => session.output.talk("  this is the first question; Ctrl-C leaves"),
            Reply::Explain => session.output.talk(&sheet.wrapped(EXPLAINS, "  ", "  ")),
            Reply::Unknown => return Ok(Meant::Unknown(ticket(cluster, &named))),
            Reply::Text(_) => {}
        }
    }
}

fn ticket(cluster: &Cluster, others: &[String]) -> Ticket {
    let this = Untrusted::from(cluster.name().to_owned()).to_string();
    Ticket {
        gate: "cluster".to_owned(),
        what: "say which cluster the platform is installed in".to_owned(),
        who: "whoever decides where the platform runs".to_owned(),
        paste: [&["Which of these clusters gets the platform?".to_owned(), this], others].concat().join("\n"),
        checked_by: "answering the question in `airlock install`, or `airlock install --context NAME`".to_owned(),
        seen: "not yet known".into(),
    }
}
