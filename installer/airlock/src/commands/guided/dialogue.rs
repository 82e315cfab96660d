//! From the first question to the decision. Each stage leads to the next; Esc leads to the one before.

use airlock_model::{Finding, Untrusted};
use airlock_platform::guide::{self, Form, Guide, HostState, Question, Source, Topic, host_states, tickets, trials};
use airlock_platform::{Cluster, PlatformError, Prepared, prepare};

use super::Decision;
use super::kept::Kept;
use crate::commands::session::Session;
use crate::failure::Failure;
use crate::output::guide::{self as screen, Sheet};
use crate::output::progress::Progress;
use crate::output::prompt::{Field, Prompt, Reply};
use crate::output::{findings, plan, security};

/// A conversation with one person.
pub(super) struct Dialogue<'a> {
    pub(super) session: &'a Session<'a>,
    pub(super) cluster: &'a Cluster,
    pub(super) guide: Guide,
    pub(super) kept: &'a Kept,
    pub(super) sheet: Sheet,
    /// Whether which cluster is meant was the question before the first one.
    pub(super) asked_of_cluster: bool,
}

/// Where the conversation is.
enum Stage {
    /// Before all of them: which cluster is meant.
    AskOfCluster,
    /// The question at this place.
    Question(usize),
    Summary,
    Change,
    Trials,
    Decide(Box<Looked>),
    Done(Decision),
}

/// A plan, or what keeps one from being made.
struct Looked {
    prepared: Option<Box<Prepared>>,
    blocking: Vec<Finding>,
}

/// How a question ended.
enum Said {
    Answered,
    Back,
}

impl Dialogue<'_> {
    /// Asks until somebody decides; none: she goes back to which cluster is meant. To leave is [`Failure::Interrupted`].
    pub(super) async fn decide(&mut self) -> Result<Option<Decision>, Failure> {
        let mut stage = Stage::Question(0);
        loop {
            stage = match stage {
                Stage::AskOfCluster => return Ok(None),
                Stage::Question(place) => self.question(place).await?,
                Stage::Summary => self.summary().await?,
                Stage::Change => self.change().await?,
                Stage::Trials => self.trials().await?,
                Stage::Decide(looked) => self.decision(looked).await?,
                Stage::Done(decision) => return Ok(Some(decision)),
            };
        }
    }

    fn say(&self, text: &str) {
        if !text.is_empty() {
            self.session.output.talk(text);
        }
    }

    async fn question(&mut self, place: usize) -> Result<Stage, Failure> {
        let questions = self.guide.to_ask();
        let Some(question) = questions.get(place).copied() else { return Ok(Stage::Summary) };
        self.say(screen::above(place + 1, questions.len(), &self.guide.suggestion(question), self.sheet).trim_end());
        Ok(match self.ask(question).await? {
            Said::Answered => Stage::Question(place + 1),
            Said::Back if place == 0 && self.asked_of_cluster => Stage::AskOfCluster,
            Said::Back if place == 0 => {
                self.say("  this is the first question; Ctrl-C leaves");
                Stage::Question(0)
            }
            Said::Back => Stage::Question(place - 1),
        })
    }

    /// One question until it is answered, explained as often as asked for.
    async fn ask(&mut self, question: &'static Question) -> Result<Said, Failure> {
        loop {
            let form = self.guide.form(question);
            let suggested = self.guide.suggestion(question).value;
            let value = match (self.session.prompted(screen::asked(question, &form, suggested.clone())).await?, &form) {
                (Reply::Back, _) => return Ok(Said::Back),
                (Reply::Explain, _) => {
                    self.say(&screen::explanation(question, self.sheet));
                    continue;
                }
                (Reply::Unknown, _) => {
                    self.guide.leave_open(question).map_err(Failure::Argument)?;
                    self.kept.save(&self.guide)?;
                    let awaited = self.guide.awaited().iter().any(|other| other.topic == question.topic);
                    self.say(&screen::unknown(question, awaited, self.sheet));
                    return Ok(Said::Answered);
                }
                // Where nothing is a possible answer, a word says it: an empty line takes what is suggested.
                (Reply::Text(text), Form::Text { empty: Some(_), .. }) if text == NOTHING => String::new(),
                (Reply::Text(text), _) => text,
                (Reply::Chosen(place), Form::Choice(choices)) => match choices.get(place) {
                    Some(choice) => {
                        let present = suggested.filter(|value| form.place(value) == Some(place));
                        if self.choose(question, choice, present.as_deref()).await? {
                            return Ok(Said::Answered);
                        }
                        continue;
                    }
                    None => continue,
                },
                (Reply::Chosen(_), Form::Only(_) | Form::Text { .. }) => continue,
            };
            if self.answer(question, &value).await? {
                return Ok(Said::Answered);
            }
        }
    }

    /// A choice, with what has to be told further, each until it can be meant; false: back to the choices. What was told before, and
    /// is present, is suggested as a whole.
    async fn choose(&mut self, question: &'static Question, choice: &guide::Choice, present: Option<&str>) -> Result<bool, Failure> {
        let mut words: Vec<String> = Vec::new();
        let told = present.and_then(|value| value.strip_prefix(&choice.value)).map(str::trim_start).filter(|told| !told.is_empty());
        loop {
            if let Some(step) = choice.further.and_then(|further| further(&words)) {
                let suggested = told.filter(|_| words.is_empty());
                match self.session.prompted(screen::asked_further(step, suggested)).await? {
                    Reply::Text(text) if suggested == Some(text.as_str()) => return self.answer(question, present.unwrap_or_default()).await,
                    Reply::Text(text) => match (step.take)(&text) {
                        Ok(word) => words.push(word),
                        Err(refused) => self.refuse(refused),
                    },
                    Reply::Explain => self.say(&screen::explanation(question, self.sheet)),
                    // Back at the choices it may be left open; here `-` is a word.
                    Reply::Back | Reply::Chosen(_) | Reply::Unknown if words.pop().is_none() => return Ok(false),
                    Reply::Back | Reply::Chosen(_) | Reply::Unknown => {}
                }
                continue;
            }
            let value = std::iter::once(&choice.value).chain(&words).filter(|word| !word.is_empty()).map(String::as_str).collect::<Vec<_>>().join(" ");
            if self.answer(question, &value).await? {
                return Ok(true);
            }
            if words.pop().is_none() {
                return Ok(false);
            }
        }
    }

    /// Takes an answer and keeps it, or says why it cannot be meant.
    async fn answer(&mut self, question: &'static Question, value: &str) -> Result<bool, Failure> {
        if let Err(refused) = self.guide.answer(question, value, Source::Asked) {
            self.refuse(refused);
            return Ok(false);
        }
        self.kept.save(&self.guide)?;
        self.after(question).await?;
        Ok(true)
    }

    fn refuse(&self, refused: String) {
        self.say(&format!("✗ {}", Untrusted::from(refused)));
    }

    /// The domain shows what follows from it.
    async fn after(&self, question: &Question) -> Result<(), Failure> {
        if question.topic == Topic::Domain {
            self.say(&screen::hosts(&self.hosts().await?, self.sheet));
        }
        Ok(())
    }

    async fn hosts(&self) -> Result<Vec<HostState>, Failure> {
        self.session.reading(host_states(self.guide.answers())).await
    }

    async fn summary(&self) -> Result<Stage, Failure> {
        self.say(&screen::summary(&self.guide.summary(), self.sheet));
        let mut menu = Menu::new();
        if self.guide.awaited().is_empty() {
            menu.offer("go on: what the run will try, then the plan", Some(Stage::Trials));
        }
        menu.offer("change a line", Some(Stage::Change));
        if !self.guide.open().is_empty() {
            menu.offer(WRITE_TICKETS, None);
        }
        let last = self.guide.to_ask().len().saturating_sub(1);
        match menu.ask(self.session, "Is this right?").await?.unwrap_or(Some(Stage::Question(last))) {
            Some(stage) => Ok(stage),
            None => self.write_tickets(&[]).await,
        }
    }

    async fn change(&mut self) -> Result<Stage, Failure> {
        let lines = self.guide.changeable();
        let mut menu = Menu::new();
        for question in &lines {
            menu.offer(question.title, *question);
        }
        if let Some(question) = menu.ask(self.session, "Which line?").await? {
            let reason = self.guide.suggestion(question).reason;
            if !reason.is_empty() {
                self.say(&format!("  {}", Untrusted::from(reason)));
            }
            self.ask(question).await?;
        }
        Ok(Stage::Summary)
    }

    async fn trials(&self) -> Result<Stage, Failure> {
        let trials = trials(self.guide.answers(), self.guide.facts())?;
        self.say(&screen::trials(&trials, self.sheet));
        let mut menu = Menu::new();
        menu.offer("yes: make the plan; nothing is written for that", true);
        menu.offer("no: back to the answers", false);
        if menu.ask(self.session, "May it try this?").await? != Some(true) {
            return Ok(Stage::Summary);
        }
        let looked = self.look().await?;
        Ok(Stage::Decide(Box::new(looked)))
    }

    /// Makes the plan and shows what was found on the way, then what the plan opens.
    async fn look(&self) -> Result<Looked, Failure> {
        let progress = Progress::new(self.session.output, self.session.log, None)?;
        progress.busy("looking at the cluster and making the plan; nothing is written");
        let made = self.session.reading(Box::pin(prepare(self.cluster, self.guide.answers()))).await;
        progress.finish()?;
        let (prepared, found) = match made {
            Ok(prepared) => (Some(Box::new(prepared)), Vec::new()),
            Err(Failure::Platform(error)) => match *error {
                PlatformError::Blocked(findings) => (None, findings),
                error => return Err(error.into()),
            },
            Err(failure) => return Err(failure),
        };
        let output = self.session.output;
        let all = prepared.as_ref().map_or(found.as_slice(), |prepared| prepared.findings.as_slice());
        self.say(&format!("\n{}\n{}{}", output.talk_style.heading("What was found"), findings::findings(&findings::notable(all), output.talk_style, output.verbose), findings::summary(all)));
        let blocking = all.iter().filter(|finding| airlock_platform::blocks(finding)).cloned().collect();
        if let Some(prepared) = &prepared {
            self.session.warn_of_certificate(prepared);
        }
        if let Some(prepared) = prepared.as_ref().filter(|prepared| !prepared.plan.is_empty()) {
            self.say(&security::summary(&prepared.plan, &prepared.answers, output.talk_style));
            self.say(&format!("{}\n{}", plan::totals(&prepared.plan), prepared.digest));
        }
        Ok(Looked { prepared, blocking })
    }

    async fn decision(&self, looked: Box<Looked>) -> Result<Stage, Failure> {
        let Looked { prepared, blocking } = *looked;
        // Whether nothing is to be done has been shown is for the run to say.
        let menu = decisions(prepared.as_ref().map(|prepared| prepared.plan.is_empty()), !blocking.is_empty());
        if !blocking.is_empty() {
            self.say(BLOCKED);
        }
        Ok(match (menu.ask(self.session, DECISION).await?.unwrap_or(Choice::Back), prepared) {
            (Choice::Apply, Some(prepared)) => Stage::Done(Decision::Apply(prepared, tickets(&self.guide, &[], &[]))),
            (Choice::WritePlan, Some(prepared)) => Stage::Done(Decision::WritePlan(prepared, tickets(&self.guide, &[], &[]))),
            (Choice::Show, Some(prepared)) => {
                self.say(&plan::plan(&prepared.plan, &prepared.digest, self.session.output.talk_style));
                Stage::Decide(Box::new(Looked { prepared: Some(prepared), blocking }))
            }
            (Choice::WriteTickets, _) => self.write_tickets(&blocking).await?,
            (Choice::Back | Choice::Apply | Choice::WritePlan | Choice::Show, _) => Stage::Summary,
        })
    }

    async fn write_tickets(&self, blocking: &[Finding]) -> Result<Stage, Failure> {
        let has_domain = !self.guide.awaited().iter().any(|question| question.topic == Topic::Domain);
        let hosts = if has_domain { self.hosts().await? } else { Vec::new() };
        Ok(Stage::Done(Decision::WriteTickets(tickets(&self.guide, blocking, &hosts))))
    }
}

/// The question at the end of all others.
const DECISION: &str = "How does it go on?";
const BLOCKED: &str = "what is found blocks the installation, so that it cannot be applied now";
const WRITE_TICKETS: &str = "write the tickets for others, and leave";
/// What empties a text.
const NOTHING: &str = "none";

/// What can be decided about a plan.
enum Choice {
    Apply,
    WritePlan,
    Show,
    WriteTickets,
    Back,
}

/// The ways to go on with a plan, which may be empty, or without one.
fn decisions(empty: Option<bool>, is_blocked: bool) -> Menu<Choice> {
    let mut menu = Menu::new();
    match empty {
        Some(true) => menu.offer("nothing is to be done: see that it works", Choice::Apply),
        Some(false) => {
            if !is_blocked {
                menu.offer("apply now", Choice::Apply);
            }
            menu.offer("write the plan for approval, and leave", Choice::WritePlan);
            menu.offer("show every step of the plan", Choice::Show);
        }
        None => {}
    }
    menu.offer(WRITE_TICKETS, Choice::WriteTickets);
    menu.offer("back to the answers", Choice::Back);
    menu
}

/// A list of ways to go on.
struct Menu<T> {
    entries: Vec<(String, T)>,
}

impl<T> Menu<T> {
    const fn new() -> Self {
        Self { entries: Vec::new() }
    }

    fn offer(&mut self, label: &str, leads_to: T) {
        self.entries.push((label.to_owned(), leads_to));
    }

    fn prompt(&self, question: &str) -> Prompt {
        let labels = self.entries.iter().map(|(label, _)| label.clone()).collect();
        Prompt { question: question.into(), field: Field::Choice { labels, suggested: 0 }, explained: false, may_be_unknown: false }
    }

    /// Where the chosen way leads; none: back.
    async fn ask(mut self, session: &Session<'_>, question: &str) -> Result<Option<T>, Failure> {
        Ok(match session.prompted(self.prompt(question)).await? {
            Reply::Chosen(place) if place < self.entries.len() => Some(self.entries.swap_remove(place).1),
            Reply::Back | Reply::Chosen(_) | Reply::Text(_) | Reply::Explain | Reply::Unknown => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::prompt::by_lines;

    #[test]
    fn what_can_be_decided_is_recorded_for_each_plan() {
        let shown = |name, empty, is_blocked| insta::assert_snapshot!(name, by_lines(&decisions(empty, is_blocked).prompt(DECISION)));
        shown("a_plan", Some(false), false);
        shown("nothing_is_to_be_done", Some(true), false);
        shown("a_plan_that_is_blocked", Some(false), true);
        shown("no_plan", None, true);
    }
}
