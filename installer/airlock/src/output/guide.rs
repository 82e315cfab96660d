//! The screens of the guided run: text only, no wider than the terminal.

use std::path::Path;

use airlock_model::{Digest, Fact, Facts, Finding, Node, Ticket, Untrusted};
use airlock_platform::guide::{Begun, Form, Further, HostState, Line, Question, Suggestion, Trials};

use super::prompt::{Field, Prompt};
use super::style::{Ink, Style};
use super::{counted, findings, inspection};

/// Wider lines are hard to read, however wide the terminal is.
const WIDEST: usize = 110;
/// Narrower ones break within words.
const NARROWEST: usize = 30;
/// In narrower terminals two columns leave no room for the right one.
const TWO_COLUMNS: usize = 60;
/// Width of the left column.
const LEFT: usize = 19;

/// How a screen is drawn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sheet {
    width: usize,
    style: Style,
}

impl Sheet {
    /// As wide as the terminal.
    pub(crate) fn of_terminal(style: Style) -> Self {
        let width = crossterm::terminal::size().map_or(WIDEST, |(columns, _)| usize::from(columns));
        Self { width: width.clamp(NARROWEST, WIDEST), style }
    }

    /// Text in lines, each with this in front.
    pub(crate) fn wrapped(self, text: &str, first: &str, rest: &str) -> String {
        let options = textwrap::Options::new(self.width.saturating_sub(1)).initial_indent(first).subsequent_indent(rest);
        textwrap::fill(text, options) + "\n"
    }

    /// A line of two columns, where there is room for two.
    fn row(self, what: &str, said: &str) -> String {
        if self.width < TWO_COLUMNS {
            return self.wrapped(said, &format!("  {what}: "), "    ");
        }
        let indent = " ".repeat(LEFT + 2);
        self.wrapped(said, &format!("  {what:<LEFT$}"), &indent)
    }
}

/// A cluster by its name, and the context that leads to it.
pub(crate) fn led_to(cluster: &str, context: Option<&str>) -> String {
    Untrusted::from(context.map_or_else(|| cluster.to_owned(), |context| format!("{cluster}, by the context {context}"))).to_string()
}

/// The first screen: who, where, what was found, what could not be read.
pub(crate) fn welcome(begun: &Begun, cluster: &str, context: Option<&str>, kept: &str, sheet: Sheet) -> String {
    let facts = begun.guide.facts();
    let mut text = format!("{}\n\n", sheet.style.heading(&format!("Airlock {}: guided installation", env!("CARGO_PKG_VERSION"))));
    text += &sheet.row("you are", &known(&facts.caller, |caller| format!("{} ({})", caller.user, caller.groups.join(", "))));
    text += &sheet.row("cluster", &led_to(cluster, context));
    text += &sheet.row("address", &facts.server);
    text += &sheet.row("uid", &known(&facts.cluster_uid, Clone::clone));
    text += &sheet.row("version", &known(&facts.version, |version| version.git.clone()));
    text += &sheet.row("nodes", &known(&facts.nodes, |nodes| room(nodes)));
    text += &sheet
        .row("storage classes", &known(&facts.storage_classes, |classes| inspection::listed(classes.iter().map(|class| format!("{}{}", class.name, if class.default { " (default)" } else { "" })))));
    text += &sheet.row("your rights", &inspection::rights(&begun.findings));
    text += &sheet.row("Airlock", &begun.installed.as_ref().map_or_else(|| "not installed there".to_owned(), |namespace| format!("installed in the namespace {namespace}")));
    let unread = unread(facts);
    if unread.is_empty() {
        text += &sheet.row("not read", "nothing: all could be read");
    }
    for (what, why) in unread {
        text += &sheet.row("not read", &format!("{what}: {}", Untrusted::from(why)));
    }
    // Whoever lacks rights had better ask for them before she answers anything.
    let lacking: Vec<Finding> = findings::notable(&begun.findings).into_iter().filter(|finding| finding.check == inspection::RIGHTS).collect();
    text += &findings::findings(&lacking, sheet.style, false);
    text.push('\n');
    text += &sheet.wrapped(&format!("Nothing is written to the cluster until you approve. Leave at any time with Ctrl-C: answers are kept in {kept}."), "", "");
    text
}

fn known<T>(fact: &Fact<T>, words: impl FnOnce(&T) -> String) -> String {
    match fact {
        Fact::Known(value) => Untrusted::from(words(value)).to_string(),
        Fact::Unverified(_) => "? could not be read".into(),
    }
}

fn room(nodes: &[Node]) -> String {
    let ready = nodes.iter().filter(|node| node.ready && node.schedulable);
    let free: airlock_model::Amount = ready.clone().map(Node::free).sum();
    format!("{} of {} can take pods; {free} free", ready.count(), nodes.len())
}

/// Everything that could not be read, with the reason.
fn unread(facts: &Facts) -> Vec<(&'static str, &str)> {
    [
        ("version", facts.version.missing()),
        ("cluster uid", facts.cluster_uid.missing()),
        ("who you are", facts.caller.missing()),
        ("nodes", facts.nodes.missing()),
        ("storage classes", facts.storage_classes.missing()),
        ("cluster DNS", facts.dns.missing()),
        ("API server", facts.api_server.missing()),
        ("namespaces", facts.namespaces.missing()),
        ("installations", facts.installations.missing()),
        ("admission", facts.admission.missing()),
        ("quotas and limits", facts.quotas.missing()),
    ]
    .into_iter()
    .filter_map(|(what, missing)| Some((what, missing?)))
    .collect()
}

/// What stands above a question: its place and why something is suggested.
pub(crate) fn above(place: usize, of: usize, suggestion: &Suggestion, sheet: Sheet) -> String {
    let source = suggestion.value.as_ref().map_or("", |_| suggestion.source.word());
    let reason = [source, suggestion.reason.as_str()].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ");
    let reason = if reason.is_empty() { reason } else { format!(" · {}", Untrusted::from(reason)) };
    format!("\n{}", sheet.style.paint(Ink::Faint, &sheet.wrapped(&format!("question {place} of {of}{reason}"), "", "")))
}

/// A question with what can be answered to it.
pub(crate) fn asked(question: &Question, form: &Form, suggested: Option<String>) -> Prompt {
    let field = match form {
        Form::Choice(choices) => {
            let labels = choices.iter().map(|choice| choice.label.clone()).collect();
            Field::Choice { labels, suggested: suggested.and_then(|value| form.place(&value)).unwrap_or_default() }
        }
        Form::Only(text) => Field::Choice { labels: vec![text.clone()], suggested: 0 },
        Form::Text { hint, .. } => Field::Text { hint: (*hint).to_owned(), suggested },
    };
    Prompt { question: question.asks.into(), field, explained: true, may_be_unknown: question.unknown.is_some() }
}

/// What is asked about a choice that has to be told further.
pub(crate) fn asked_further(step: &Further, suggested: Option<&str>) -> Prompt {
    Prompt { question: step.asks.into(), field: Field::Text { hint: step.hint.into(), suggested: suggested.map(str::to_owned) }, explained: true, may_be_unknown: false }
}

/// What `?` says.
pub(crate) fn explanation(question: &Question, sheet: Sheet) -> String {
    sheet.wrapped(question.explains, "  ", "  ")
}

/// What follows from an answer that nobody has.
pub(crate) fn unknown(question: &Question, awaited: bool, sheet: Sheet) -> String {
    let Some(unknown) = &question.unknown else { return String::new() };
    let then = if awaited { "until then nothing can be installed" } else { "the installation goes on without it" };
    sheet.wrapped(&format!("becomes a ticket for {}: {}; {then}", unknown.who, unknown.what), "  ", "  ")
}

/// Every host and what DNS says of it.
pub(crate) fn hosts(states: &[HostState], sheet: Sheet) -> String {
    let mut text = String::from("  the hosts below it, and their addresses here:\n");
    for state in states {
        let addresses = state.addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let said = if addresses.is_empty() { "no address yet; the run waits for it with a ticket" } else { addresses.as_str() };
        text += &sheet.wrapped(&format!("{}  {said}", state.host), "    ", "      ");
    }
    text
}

/// Every answer with its source.
pub(crate) fn summary(lines: &[Line], sheet: Sheet) -> String {
    let mut text = format!("\n{}\n", sheet.style.heading("What will be installed"));
    for line in lines {
        let reason = if line.reason.is_empty() || line.open { String::new() } else { format!(": {}", line.reason) };
        let said = if line.open { line.value.clone() } else { format!("{} ({}{reason})", line.value, line.source.word()) };
        text += &sheet.row(line.title, &Untrusted::from(said).to_string());
    }
    text
}

/// What the run will try, before it is agreed to.
pub(crate) fn trials(trials: &Trials, sheet: Sheet) -> String {
    let mut text = format!("\n{}\n", sheet.style.heading("What will be tried"));
    text += &sheet.row("now", "the API server checks each object without writing it (dry run), and says which rights you have");
    if let Some(server) = &trials.database {
        text +=
            &sheet.row("before all else", &format!("once you approved, a pod in {} logs in to the database server {server} and looks whether it is fit; nothing is changed there", trials.platform));
    }
    text += &sheet.row("once you approved", &format!("one pod of each pool of nodes ({}) in {} pulls {}; it is removed", trials.pools.join(", "), trials.platform, trials.image));
    let pods = trials.attempts.iter().filter(|attempt| matches!(attempt.from, airlock_model::Vantage::Pod { .. } | airlock_model::Vantage::Node { .. } | airlock_model::Vantage::LetIn { .. })).count();
    let here = trials.attempts.len() - pods;
    text += &sheet.row("afterwards", &format!("{} from pods, which are removed, in {} or beside what they ask, and {here} from here:", counted(pods, "attempt", "attempts"), trials.probes));
    for attempt in &trials.attempts {
        text += &sheet.wrapped(&attempt.purpose, "    - ", "      ");
    }
    text
}

/// What a run that ended well still waits for.
pub(crate) fn still_open(open: &[Ticket], tickets: &Path) -> String {
    let unknown = open.iter().map(|ticket| ticket.gate.as_str()).collect::<Vec<_>>().join(", ");
    format!("not yet known: {unknown}\n  {} says who can tell; `airlock install` asks again", tickets.display())
}

/// A plan that somebody else approves, and the command that carries it out.
pub(crate) fn written_plan(digest: &Digest, plan: &Path, answers: &Path, command: &str) -> String {
    format!(
        "the plan {digest} is written to {}, the answers to {}; nothing was written to the cluster\nonce it is approved, carry out just that plan with\n  {command}",
        plan.display(),
        answers.display()
    )
}

#[cfg(test)]
mod tests;
