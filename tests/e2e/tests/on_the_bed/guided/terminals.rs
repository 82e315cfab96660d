//! Terminals that can less than others: narrow, without colours, without a cursor. Each leads to the end.

use std::fs;

use super::terminal::{CTRL_C, ENTER, Terminal};
use super::{ALERTS, ANSWERS, CERTIFICATE, DATABASE, DOMAIN, GO_ON, PROFILE, REACH, RIGHT, TRY, World};

/// The colours and weights that are set (SGR of ECMA-48), without their ends.
fn inks(raw: &str) -> Vec<&str> {
    let sequences = raw.split("\x1b[").skip(1).filter_map(|rest| rest.split_once(|c: char| c.is_ascii_alphabetic()).map(|(parameters, _)| (parameters, rest[parameters.len()..].starts_with('m'))));
    sequences.filter(|(parameters, sets)| *sets && !matches!(*parameters, "" | "0")).map(|(parameters, _)| parameters).collect()
}

/// What of each question stands on a line of its own in a terminal of 40 columns.
const NARROW: [&str; 4] = ["From which networks", "Who issues the certificate", "Which database server", ALERTS];

#[test]
fn a_narrow_terminal_a_dumb_one_and_one_without_colours_are_enough() {
    let world = World::new("guided-terminals");
    let command = world.site.command(&["install", "--namespace", &world.site.name]);

    let mut coloured = world.site.command(&["install", "--namespace", &world.site.name]);
    coloured.env_remove("NO_COLOR");
    let mut coloured = Terminal::start(&coloured, world.path(), 120, "xterm-256color");
    coloured.asked(PROFILE);
    coloured.send(CTRL_C);
    assert_eq!(coloured.ended().0, 130);
    assert!(inks(&coloured.raw()).contains(&"1"), "a heading is bold");

    let mut dumb = Terminal::start(&command, world.path(), 100, "dumb");
    screen!(world, "dumb_welcome", dumb.asked(PROFILE));
    dumb.send("?\n");
    screen!(world, "dumb_explained", dumb.asked(PROFILE));
    dumb.send("1\n");
    dumb.asked(DOMAIN);
    dumb.send(&format!("{}\n", world.site.base()));
    screen!(world, "dumb_reach", dumb.asked(REACH));
    dumb.send("9\n");
    dumb.shows("is none of the numbers");
    dumb.send("<\n");
    dumb.asked(DOMAIN);
    dumb.send("\n");
    dumb.asked(REACH);
    dumb.send("2\n");
    dumb.asked(CERTIFICATE);
    dumb.send("1\n");
    dumb.asked(DATABASE);
    dumb.send("2\n");
    dumb.asked(ALERTS);
    dumb.send("4\n");
    screen!(world, "dumb_summary", dumb.asked(RIGHT));
    dumb.send("1\n");
    screen!(world, "dumb_trials", dumb.asked(TRY));
    dumb.send("1\n");
    screen!(world, "dumb_findings_and_security", dumb.asked(GO_ON));
    dumb.send("2\n");
    let (code, said) = dumb.ended();
    assert_eq!(code, 0, "{said}");
    screen!(world, "dumb_plan_is_written", said);
    assert!(!dumb.raw().contains('\x1b'), "a dumb terminal gets plain lines");
    fs::remove_file(world.path().join(ANSWERS)).expect("the next one is asked anew");

    let mut narrow = Terminal::start(&command, world.path(), 40, "xterm-256color");
    screen!(world, "narrow_welcome", narrow.asked("Which security profile"));
    narrow.send(ENTER);
    narrow.asked("Which domain");
    narrow.types("?");
    screen!(world, "narrow_explained", narrow.asked("Which domain"));
    narrow.types(&world.site.base());
    for (question, said) in NARROW.into_iter().zip(["", "", "none for now", "nowhere"]) {
        narrow.asked(question);
        narrow.types(said);
    }
    // The line of the answer before ends below itself.
    let below = |screen: String| screen.split_once('\n').map(|(_, below)| below.to_owned()).unwrap_or_default();
    screen!(world, "narrow_summary", below(narrow.asked(RIGHT)));
    narrow.send(ENTER);
    screen!(world, "narrow_trials", below(narrow.asked(TRY)));
    narrow.send(ENTER);
    screen!(world, "narrow_findings_and_security", below(narrow.asked(GO_ON)));
    narrow.types("apply");
    let (code, said) = narrow.ended();
    assert!(code == 11 && said.contains("ticket 1 of 1: dns") && said.contains("--answers airlock-answers.yaml --yes"), "{said}");
    assert_eq!(inks(&narrow.raw()), Vec::<&str>::new(), "NO_COLOR is set");
}
