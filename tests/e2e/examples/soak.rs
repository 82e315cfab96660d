//! `make soak`: an installation comes and goes many times, and is killed on the way.
//!
//! Rounds alternate. In a quiet one nobody disturbs: install, install again, check, take away. In a rough one each of these
//! runs is killed once with SIGKILL at a random moment first, and the same command must then end well. A round that fails
//! does not end the soak. Progress goes to stderr, the report's table to stdout.

use std::any::Any;
use std::hash::{BuildHasher as _, RandomState};
use std::io::{Write as _, stderr, stdout};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::{ExitCode, Stdio};
use std::time::{Duration, Instant};

use airlock_e2e::{Run, Site};

/// Where a first run is killed, before it is known how long one takes.
const FIRST_GUESS: Duration = Duration::from_secs(20);

/// How long each part of a quiet round took, and so within which time a rough one is killed.
#[derive(Clone, Copy)]
struct Pace {
    to_dns: Duration,
    to_trust: Duration,
    to_end: Duration,
    again: Duration,
    check: Duration,
    removal: Duration,
}

/// Takes the moments of kills; a quiet round has none.
struct Killer {
    rough: bool,
    kills: Vec<String>,
}

impl Killer {
    /// Kills the command at a random moment within a time; nothing happens when it ends before.
    fn strike(&mut self, site: &Site, what: &str, arguments: &[&str], within: Duration) {
        if !self.rough {
            return;
        }
        let moment = within.mul_f64(fraction());
        let mut child = site.command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap_or_else(|error| panic!("airlock does not start: {error}"));
        std::thread::sleep(moment);
        let ended = child.try_wait().is_ok_and(|status| status.is_some());
        if !ended {
            child.kill().unwrap_or_else(|error| panic!("{error}"));
            self.kills.push(format!("{what} {:.1} s", moment.as_secs_f64()));
        }
        let _ = child.wait();
    }
}

/// Between 0 and 1; the standard library seeds its hashers at random.
fn fraction() -> f64 {
    f64::from(u32::try_from(RandomState::new().hash_one(()) >> 32).unwrap_or_default()) / f64::from(u32::MAX)
}

fn round(site: &Site, answers: &Path, pace: Pace, killer: &mut Killer) -> Pace {
    let path = answers.display().to_string();
    let install = ["install", "--answers", &path, "--yes"];
    let check = ["compliance-check", "--profile", "baseline", "--namespace", &site.name, "--yes"];
    let remove = ["uninstall", "--namespace", &site.name, "--yes", "--delete-data"];
    let mut run = |what: &str, arguments: &[&str], within: Duration, exit: i32| -> Run {
        killer.strike(site, what, arguments, within);
        site.run(arguments).expect(exit)
    };

    let to_dns = run("to the DNS ticket", &install, pace.to_dns, 11).took;
    site.set_dns();
    let to_trust = run("to the trust ticket", &install, pace.to_trust, 11).took;
    site.trust_on_nodes();
    let to_end = run("to the end", &install, pace.to_end, 0).took;

    let audit = site.audit();
    let again = run("again", &install, pace.again, 0).took;
    assert_eq!(audit.writes(), [], "a second install writes nothing");
    let check = run("check", &check, pace.check, 0).took;
    let removal = run("removal", &remove, pace.removal, 0).took;
    nothing_is_left(site);
    Pace { to_dns, to_trust, to_end, again, check, removal }
}

fn nothing_is_left(site: &Site) {
    let get = |arguments: &[&str]| site.bed.kubectl(arguments.iter().copied()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(get(&["get", "namespaces", &site.name, &site.probes(), "--ignore-not-found", "-o", "name"]), "");
    let cluster_wide = get(&["get", "clusterroles,clusterrolebindings,persistentvolumes", "-o", "jsonpath={range .items[*]}{.kind} {.metadata.name} {.spec.claimRef.namespace}{\"\\n\"}{end}"]);
    let ours: Vec<&str> = cluster_wide.lines().filter(|line| line.contains(&format!("airlock:{}:", site.name)) || line.ends_with(&format!(" {}", site.name))).collect();
    assert_eq!(ours, [""; 0], "something stays outside the namespaces");
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned().or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    text.unwrap_or_else(|| "a panic without words".to_owned())
}

fn seconds(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64())
}

fn main() -> std::io::Result<ExitCode> {
    let rounds: u32 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(10);
    let begin = Instant::now();
    let site = Site::shared("soak");
    let answers = site.answers("");
    let mut pace = Pace { to_dns: FIRST_GUESS, to_trust: FIRST_GUESS, to_end: FIRST_GUESS, again: FIRST_GUESS, check: FIRST_GUESS, removal: FIRST_GUESS };
    let (mut failures, mut kills) = (Vec::new(), 0);
    writeln!(stdout(), "| round | to the DNS ticket | to the trust ticket | to the end | again | check | removal | killed with SIGKILL at | ended |\n|---|---|---|---|---|---|---|---|---|")?;
    for number in 1..=rounds {
        let mut killer = Killer { rough: number % 2 == 0, kills: Vec::new() };
        let outcome = catch_unwind(AssertUnwindSafe(|| round(&site, &answers, pace, &mut killer)));
        let (times, ended) = match outcome {
            Ok(taken) => {
                if !killer.rough {
                    pace = taken;
                }
                ([taken.to_dns, taken.to_trust, taken.to_end, taken.again, taken.check, taken.removal].map(seconds).join(" | "), "well")
            }
            Err(panic) => {
                failures.push(format!("round {number}: {}", words(panic.as_ref())));
                site.remove();
                ("– | – | – | – | – | –".to_owned(), "**failed**")
            }
        };
        kills += killer.kills.len();
        writeln!(stdout(), "| {number} | {times} | {} | {ended} |", killer.kills.join(", "))?;
        writeln!(stderr(), "soak: round {number} of {rounds} ended {ended}, {} s so far", begin.elapsed().as_secs())?;
    }
    writeln!(stdout(), "\nSeconds; a rough round's are those of the run after the kill.\n\n{rounds} rounds, {kills} kills, {} failures, {} s.", failures.len(), begin.elapsed().as_secs())?;
    for failure in &failures {
        writeln!(stdout(), "\n```\n{}\n```", failure.replace("```", "'''"))?;
    }
    Ok(if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
