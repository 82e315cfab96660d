//! `make try`, twice, on a bed of its own: the second time all is done.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use airlock_bed::{Bed, Output};

fn run(bed: &Bed) -> Output {
    let mut command = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("try"));
    // The program under test, not one that cargo would build for this script; a network that no other bed of the tests has.
    command.env("AIRLOCK_BED", bed.folder()).env("AIRLOCK_BINARY", airlock_e2e::program()).env("BED_NET", "10.92");
    for option in ["NODES", "POLICY", "LB", "DNS"] {
        command.env_remove(option);
    }
    let output = Output::from(command.output().expect("the script starts"));
    assert_eq!(output.code, Some(0), "{}\n{}", output.stderr, last_lines(&output.stdout));
    output
}

/// Where it stopped: all that it says before is some hundred lines, and of a long reason little is kept.
fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(60)..].join("\n")
}

#[test]
fn a_second_try_finds_that_nothing_is_to_be_done() {
    let _turn = crate::turn();
    let bed = Bed::from_environment().beside("try").expect("a bed");
    bed.clean().expect("what an earlier run left is removed");
    let began = Instant::now();

    let first = run(&bed);
    for words in [
        "the company's DNS administrator sets the records",
        "the nodes' administrator lets them trust the authority",
        "is installed",
        "https://registry.platform.test",
        "--resolve",
        "the Airflow deployment alpha is there",
        "By promise",
        "--credentials",
        " days left, until ",
        "a new deployment to a working login:",
        "stop it:      make cluster-down",
    ] {
        assert!(first.stdout.contains(words) || first.stderr.contains(words), "`{words}` is missing:\n{}{}", first.stdout, first.stderr);
    }
    // How it ends: what the last steps say, not what `install` said before.
    let (_, end) = first.stdout.split_once("what can be shown of all this, by promise").unwrap_or_else(|| panic!("no end:\n{}", first.stdout));
    for words in ["By promise", "registry.platform.test", " days left, until ", "https://alpha-airflow.platform.test", "first login:", "stop it:"] {
        assert!(end.contains(words), "`{words}` is missing at the end:\n{end}");
    }
    the_printed_lines_lead_there(&first.stdout);
    let audit = bed.audit().expect("the audit log");
    let second = run(&bed);
    assert!(second.stdout.contains("nothing is to be done"), "{}{}", second.stdout, second.stderr);
    for words in ["sets the records", "lets them trust", "ticket 1"] {
        assert!(!second.stdout.contains(words), "nobody is waited for, but `{words}`:\n{}", second.stdout);
    }
    let wrote = audit.writes_by("admin").expect("the audit log");
    let is_of_attempt = |name: &str| ["probe-", "node-pull-"].iter().any(|stem| name.starts_with(stem));
    let others: Vec<_> = wrote.iter().filter(|write| write.resource != "pods" || !(write.namespace == "airlock-probes" || is_of_attempt(&write.name))).collect();
    assert!(others.is_empty(), "a second try writes nothing but the pods of its attempts: {others:?}");

    bed.clean().expect("the bed stops");
    eprintln!("both took {:.0?}", began.elapsed());
}

/// What timeout(1) of coreutils ends with when the time was over.
const TIMED_OUT: i32 = 124;

/// What the person at this machine copies from the screen.
fn the_printed_lines_lead_there(printed: &str) {
    let shell = |words: &str, more: &str| {
        let line = printed.lines().find(|line| line.contains(words)).unwrap_or_else(|| panic!("no line has `{words}`:\n{printed}"));
        // A headless browser on a busy machine may hang for good, and says so with nothing: it gets another start.
        let started = || Output::from(Command::new("sh").args(["-c", &format!("timeout 120 {} {more}", line.trim())]).output().expect("sh"));
        let output = Some(started()).filter(|output| output.code != Some(TIMED_OUT)).unwrap_or_else(started);
        assert_eq!(output.code, Some(0), "{line}\n{}{}", output.stdout, output.stderr);
        output.stdout
    };
    let asked = shell("curl -i", "--silent");
    assert!(asked.lines().next().is_some_and(|status| status.contains("401")), "the registry asks who it is: {asked}");
    let page = shell("chromium ", "--headless --disable-gpu --disable-quic --disable-background-networking --dump-dom");
    assert!(page.contains("Airflow"), "the page is shown without a warning: {page}");
    let pods = shell("/kubectl --kubeconfig", "");
    assert!(pods.contains("airlock-alpha"), "{pods}");
}
