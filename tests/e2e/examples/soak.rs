//! `make soak`: an installation comes and goes many times, and is killed on the way.
//!
//! Rounds alternate. In a quiet one nobody disturbs: install, make an Airflow deployment, install again, check, take away. In a rough one each of these
//! runs is killed once with SIGKILL at a random moment first, and the same command must then end well. A round that fails
//! does not end the soak. Progress goes to stderr, the report's table to stdout.

use std::any::Any;
use std::hash::{BuildHasher as _, RandomState};
use std::io::{Write as _, stderr, stdout};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::{ExitCode, Stdio};
use std::time::{Duration, Instant};

use airlock_e2e::Site;

/// Where a first run is killed, before it is known how long one takes.
const FIRST_GUESS: Duration = Duration::from_secs(20);

/// What a round does, one after the other.
const PARTS: [&str; 8] = ["to the DNS ticket", "to the trust ticket", "to the end", "a deployment", "again", "check", "its deletion", "removal"];

/// How long each part took; those of a quiet round are within which a rough one is killed.
type Pace = [Duration; PARTS.len()];

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
    let namespace = ["--namespace", &site.name, "--yes"];
    let install = ["install", "--answers", &path, "--yes"];
    let in_namespace = |words: &[&'static str]| [words, &namespace].concat();
    let (create, delete) = (in_namespace(&["deployment", "create", "alpha"]), in_namespace(&["deployment", "delete", "alpha", "--no-dump"]));
    let (check, remove) = (in_namespace(&["compliance-check", "--profile", "baseline"]), in_namespace(&["uninstall", "--delete-data"]));
    let commands: [(&[&str], i32); PARTS.len()] = [(&install, 11), (&install, 11), (&install, 0), (&create, 0), (&install, 0), (&check, 0), (&delete, 0), (&remove, 0)];

    let mut taken = [Duration::ZERO; PARTS.len()];
    for (part, (arguments, exit)) in commands.into_iter().enumerate() {
        killer.strike(site, PARTS[part], arguments, pace[part]);
        let audit = site.audit();
        let run = site.run(arguments);
        // What was killed may have been done.
        let was_done = killer.rough && PARTS[part] == "its deletion" && run.stderr.contains("platform.no-deployment");
        taken[part] = run.expect(if was_done { 3 } else { exit }).took;
        match PARTS[part] {
            "to the DNS ticket" => site.set_dns(),
            "to the trust ticket" => site.trust_on_nodes(),
            "again" => assert_eq!(audit.writes(), [], "a second install writes nothing"),
            "removal" => nothing_is_left(site),
            _ => {}
        }
    }
    taken
}

fn nothing_is_left(site: &Site) {
    let get = |arguments: &[&str]| site.bed.kubectl(arguments.iter().copied()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(get(&["get", "namespaces", &site.name, &site.probes(), &site.tenant("alpha"), "--ignore-not-found", "-o", "name"]), "");
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
    let rounds: u32 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(6);
    let begin = Instant::now();
    let site = Site::shared("soak");
    let answers = site.whole_answers("components: { monitoring: { mode: bundled } }\nalerts: { receiver: none }\n");
    let mut pace = [FIRST_GUESS; PARTS.len()];
    let (mut failures, mut kills) = (Vec::new(), 0);
    writeln!(stdout(), "| round | {} | killed with SIGKILL at | ended |\n|{}", PARTS.join(" | "), "---|".repeat(PARTS.len() + 3))?;
    for number in 1..=rounds {
        let mut killer = Killer { rough: number % 2 == 0, kills: Vec::new() };
        let outcome = catch_unwind(AssertUnwindSafe(|| round(&site, &answers, pace, &mut killer)));
        let (times, ended) = match outcome {
            Ok(taken) => {
                if !killer.rough {
                    pace = taken;
                }
                (taken.map(seconds).join(" | "), "well")
            }
            Err(panic) => {
                failures.push(format!("round {number}: {}", words(panic.as_ref())));
                site.remove();
                (["–"; PARTS.len()].join(" | "), "**failed**")
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
