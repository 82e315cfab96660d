//! Events become lines, and on a terminal one live line at the bottom. The same events go to the log and to `--events FILE`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use airlock_model::{Event, Events, Operation, StepId};
use crossterm::cursor::MoveToColumn;
use crossterm::terminal::{Clear, ClearType};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Output;
use super::findings;
use super::style::{Ink, Style};
use crate::failure::Failure;
use crate::run_log::RunLog;

/// Lines about bytes come no more often than this.
const BETWEEN_PROGRESS: Duration = Duration::from_secs(5);
/// How often the live line turns.
const TICK: Duration = Duration::from_millis(100);

/// Listens to a run and shows it.
pub(crate) struct Progress {
    output: Output,
    log: Option<RunLog>,
    file: Option<(PathBuf, Mutex<File>)>,
    bar: Option<ProgressBar>,
    story: Mutex<Story>,
    broken: Mutex<Option<std::io::Error>>,
}

impl Progress {
    /// Opens the file for events before anything happens, so that a wrong path is heard then.
    pub(crate) fn new(output: &Output, log: Option<&RunLog>, events: Option<PathBuf>) -> Result<Self, Failure> {
        let file = match events {
            Some(path) => match File::create(&path) {
                Ok(file) => Some((path, Mutex::new(file))),
                Err(source) => return Err(Failure::Events { path, source }),
            },
            None => None,
        };
        let bar = output.live.then(live_line);
        output.bottom.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&bar);
        Ok(Self { output: output.clone(), log: log.cloned(), file, bar, story: Mutex::new(Story::new(output.talk_style, output.verbose)), broken: Mutex::new(None) })
    }

    /// Says what is being done while no event comes.
    pub(crate) fn busy(&self, with: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(with.to_owned());
        }
    }

    /// Clears the live line; says whether every event could be written to its file.
    pub(crate) fn finish(mut self) -> Result<(), Failure> {
        let broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner).take();
        match (broken, self.file.take()) {
            (Some(source), Some((path, _))) => Err(Failure::Events { path, source }),
            _ => Ok(()),
        }
    }

    /// Takes the live line away, to leave the terminal to a prompt.
    pub(crate) fn pause(&self) {
        if let Some(bar) = &self.bar {
            bar.disable_steady_tick();
            bar.set_draw_target(ProgressDrawTarget::hidden());
            // What was drawn last stays otherwise. A terminal that takes nothing is noticed by what is said next.
            let _ = crossterm::execute!(std::io::stderr(), MoveToColumn(0), Clear(ClearType::CurrentLine));
        }
    }

    /// Brings the live line back.
    pub(crate) fn resume(&self) {
        if let Some(bar) = &self.bar {
            bar.set_draw_target(ProgressDrawTarget::stderr());
            bar.enable_steady_tick(TICK);
        }
    }

    /// Says something above the live line.
    pub(crate) fn say(&self, line: &str) {
        if !line.is_empty() {
            self.output.talk(line);
        }
    }

    fn write(&self, event: &Event) {
        let Some((_, file)) = &self.file else { return };
        let Ok(mut line) = serde_json::to_vec(event) else { return };
        line.push(b'\n');
        let written = file.lock().unwrap_or_else(PoisonError::into_inner).write_all(&line);
        if let Err(error) = written {
            // The run goes on; the first failure is told at its end.
            self.broken.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        }
    }
}

impl Drop for Progress {
    /// A failure takes the live line away too.
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        self.output.bottom.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

impl Events for Progress {
    fn send(&self, event: Event) {
        if let Some(log) = &self.log {
            log.event(&event);
        }
        self.write(&event);
        let told = self.story.lock().unwrap_or_else(PoisonError::into_inner).tell(&event, Instant::now(), self.bar.is_some());
        if let Some(line) = told.line {
            self.say(&line);
        }
        if let (Some(bar), Some(live)) = (&self.bar, told.live) {
            bar.set_message(live);
        }
    }
}

fn live_line() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed}") {
        bar.set_style(style.tick_strings(&["◐", "◓", "◑", "◒", " "]));
    }
    bar.enable_steady_tick(TICK);
    bar
}

/// What is to be shown of an event.
#[derive(Debug, Default, PartialEq, Eq)]
struct Told {
    /// A line that stays.
    line: Option<String>,
    /// The line at the bottom.
    live: Option<String>,
}

/// What was told so far, so that a step's end can name its beginning.
#[derive(Debug)]
struct Story {
    style: Style,
    verbose: bool,
    steps: BTreeMap<StepId, (usize, usize, String)>,
    /// Steps that take long enough for their beginning to be a line of its own.
    begun: BTreeSet<StepId>,
    moved: Option<Moved>,
}

/// Bytes that are being moved.
#[derive(Debug)]
struct Moved {
    what: String,
    since: Instant,
    from: u64,
    told: Instant,
}

impl Story {
    const fn new(style: Style, verbose: bool) -> Self {
        Self { style, verbose, steps: BTreeMap::new(), begun: BTreeSet::new(), moved: None }
    }

    fn tell(&mut self, event: &Event, now: Instant, live: bool) -> Told {
        let stays = |line: String| Told { line: Some(line), live: None };
        match event {
            Event::RunStarted { run, plan, steps } => stays(format!("run {run}: {} of plan {}", super::counted(*steps, "step", "steps"), plan.short())),
            Event::StepStarted { step, title, number, of } => {
                self.steps.insert(step.clone(), (*number, *of, title.clone()));
                Told { line: None, live: live.then(|| format!("[{number}/{of}] {title}")) }
            }
            Event::StepFinished { step, took_millis } => stays(format!("{} {} {}", self.style.paint(Ink::Green, "✓"), self.named(step), self.style.paint(Ink::Faint, &seconds(*took_millis)))),
            Event::StepFailed { step, code } => stays(format!("{} {} {code}", self.style.paint(Ink::Red, "✗"), self.named(step))),
            Event::TicketOpened { step, ticket } => stays(format!("{} {}\n      ticket: {}", self.style.paint(Ink::Yellow, "?"), self.named(step), ticket.what)),
            Event::ObjectSettled { step, object, operation } if self.verbose => self.below(step, live, &format!("{} {object}", settled(*operation))),
            Event::ObjectSettled { step, object, operation } => Told { line: None, live: live.then(|| format!("{}: {} {object}", self.named(step), settled(*operation))) },
            Event::Waiting { step, object, cause } => self.below(step, live, &format!("waiting for {object}: {cause}")),
            Event::Progress { step, what, done, total } => self.moving(step, &what.to_string(), (*done, *total), now, live),
            Event::Found(finding) => stays(findings::one(finding, self.style, self.verbose).trim_end().to_owned()),
            Event::Remarked { step, what } => self.below(step, live, &format!("{} {what}", self.style.paint(Ink::Yellow, "!"))),
            Event::NoLongerNeeded { step, what } => {
                let what: Vec<String> = what.iter().map(ToString::to_string).collect();
                self.below(step, live, &format!("can be taken away now:\n        {}", what.join("\n        ")))
            }
            Event::RunFinished { .. } => Told::default(),
        }
    }

    /// A line below its step; the first one brings the step's own line, so that short steps take one line and long ones are seen to begin.
    fn below(&mut self, step: &StepId, live: bool, text: &str) -> Told {
        let indented = format!("      {text}");
        let first = !live && self.steps.contains_key(step) && self.begun.insert(step.clone());
        Told { line: Some(if first { format!("  {}\n{indented}", self.named(step)) } else { indented }), live: None }
    }

    fn named(&self, step: &StepId) -> String {
        match self.steps.get(step) {
            Some((number, of, title)) => format!("[{number}/{of}] {title}"),
            None => step.to_string(),
        }
    }

    /// Done, total, rate, time left; a line now and then where nothing can be redrawn.
    fn moving(&mut self, step: &StepId, what: &str, (done, total): (u64, u64), now: Instant, live: bool) -> Told {
        let continued = self.moved.as_ref().is_some_and(|moved| moved.what == what);
        if !continued {
            self.moved = Some(Moved { what: what.to_owned(), since: now, from: done, told: now });
        }
        let Some(moved) = &mut self.moved else { return Told::default() };
        let text = transfer(what, (done, total), done.saturating_sub(moved.from), now.duration_since(moved.since));
        if live {
            return Told { line: None, live: Some(text) };
        }
        let due = !continued || done == total || now.duration_since(moved.told) >= BETWEEN_PROGRESS;
        if due {
            moved.told = now;
        }
        if due { self.below(step, live, &text) } else { Told::default() }
    }
}

const fn settled(operation: Option<Operation>) -> &'static str {
    match operation {
        Some(Operation::Create) => "created",
        Some(Operation::Update) => "updated",
        Some(Operation::Delete) => "deleted",
        Some(Operation::Await) => "ready:",
        None => "unchanged:",
    }
}

fn seconds(millis: u64) -> String {
    format!("({}.{} s)", millis / 1000, millis % 1000 / 100)
}

/// `copying registry: 12.0 of 40.0 MiB, 30 %, 4.0 MiB/s, 7 s left`
fn transfer(what: &str, (done, total): (u64, u64), moved: u64, took: Duration) -> String {
    let mut text = format!("{what}: {} of {} MiB", mebibytes(done), mebibytes(total));
    if let Some(percent) = (done.saturating_mul(100)).checked_div(total) {
        let _ = write!(text, ", {percent} %");
    }
    let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    if let Some(rate) = moved.saturating_mul(1000).checked_div(millis).filter(|rate| *rate > 0) {
        let _ = write!(text, ", {} MiB/s", mebibytes(rate));
        if done < total {
            let _ = write!(text, ", {} s left", (total - done).div_ceil(rate));
        }
    }
    text
}

fn mebibytes(bytes: u64) -> String {
    let tenths = bytes.saturating_mul(10) / (1024 * 1024);
    format!("{}.{}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::tests::samples;
    use super::*;

    fn told(verbose: bool, live: bool) -> String {
        let mut story = Story::new(Style::default(), verbose);
        let start = Instant::now();
        let mut text = String::new();
        for (second, event) in samples::events() {
            let told = story.tell(&event, start + Duration::from_secs(second), live);
            if let Some(line) = told.line {
                let _ = writeln!(text, "{line}");
            }
            if let Some(live) = told.live {
                let _ = writeln!(text, "| {live}");
            }
        }
        text
    }

    #[test]
    fn without_a_terminal_every_event_that_matters_is_a_line() {
        insta::assert_snapshot!(told(false, false));
    }

    #[test]
    fn with_more_words_every_object_is_a_line() {
        insta::assert_snapshot!(told(true, false));
    }

    #[test]
    fn on_a_terminal_what_goes_on_stays_in_the_last_line() {
        insta::assert_snapshot!(told(false, true));
    }

    #[test]
    fn events_are_written_as_a_json_document_a_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.jsonl");
        let output = Output { format: crate::arguments::Format::Text, quiet: true, verbose: false, talk_style: Style::default(), data_style: Style::default(), live: false, bottom: Arc::default() };
        let progress = Progress::new(&output, None, Some(path.clone())).unwrap();
        let sent = samples::events();
        for (_, event) in &sent {
            progress.send(event.clone());
        }
        progress.finish().unwrap();
        let text = std::fs::read_to_string(path).unwrap();
        let read: Vec<Event> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(read, sent.into_iter().map(|(_, event)| event).collect::<Vec<_>>());
    }

    #[test]
    fn a_wrong_path_for_events_is_heard_before_anything_happens() {
        let output = Output { format: crate::arguments::Format::Text, quiet: true, verbose: false, talk_style: Style::default(), data_style: Style::default(), live: false, bottom: Arc::default() };
        assert!(matches!(Progress::new(&output, None, Some("/dev/null/x".into())), Err(Failure::Events { .. })));
    }
}
