//! Ctrl-C at every question: the run ends with 130, nothing is written to the cluster, and what was answered is kept.

use std::fs;

use super::terminal::{CTRL_C, ENTER, Terminal};
use super::{ALERTS, ANSWERS, CERTIFICATE, DATABASE, DOMAIN, GO_ON, NAMESPACE, PROFILE, REACH, RIGHT, TRY, World};

/// Questions, each with the answer that leads to the next.
type Further = &'static [(&'static str, &'static str)];

/// Choices that have to be told further: where, words of the choice, and what is asked about it.
const TOLD_FURTHER: [(&str, &str, Further); 8] = [
    (REACH, "that you name", &[("Which networks?", "")]),
    (
        CERTIFICATE,
        "ACME",
        &[
            ("Which ACME authority?", "https://acme.corp.test:14000/dir"),
            ("To whom may it write?", "none"),
            ("Do you agree to its terms of service?", "yes"),
            ("How is it shown that the domain is yours?", "http-01"),
            ("Where does the renewer reach it", "192.0.2.7/32:14000"),
            ("Which authorities have to be believed?", ""),
        ],
    ),
    (CERTIFICATE, "by a request", &[("Which file holds its root?", "")]),
    (CERTIFICATE, "you have the files", &[("Which files?", "")]),
    (CERTIFICATE, "in a Secret", &[("Which Secret?", "")]),
    (DATABASE, "PostgreSQL server", &[("Which database server?", "")]),
    (ALERTS, "to a webhook", &[("Which webhook?", "file:hook 192.0.2.7/32:443"), ("Who signed the webhook's certificate?", "")]),
    (
        ALERTS,
        "by mail",
        &[
            ("Which mail server takes them?", "mail.platform.test:587"),
            ("In which network is the mail server?", "192.0.2.0/24"),
            ("Who sends the mails?", "airlock@company.test"),
            ("Who gets the mails?", "ops@company.test"),
            ("Who logs in at the mail server?", "none"),
            ("Who signed the mail server's certificate?", ""),
        ],
    ),
];

#[test]
fn ctrl_c_leaves_at_each_question_and_the_answers_are_kept() {
    let world = World::new("guided-left");
    let audit = world.site.audit();
    let questions = [NAMESPACE, PROFILE, DOMAIN, REACH, CERTIFICATE, DATABASE, ALERTS, RIGHT, TRY, GO_ON];
    let base = world.site.base();
    for (place, left_at) in questions.into_iter().enumerate() {
        let _ = fs::remove_file(world.path().join(ANSWERS));
        let mut terminal = world.start(&["install"]);
        for question in &questions[..place] {
            terminal.asked(question);
            terminal.send(if *question == NAMESPACE {
                &world.site.name
            } else if *question == DOMAIN {
                &base
            } else {
                ""
            });
            terminal.send(ENTER);
        }
        terminal.asked(left_at);
        terminal.send(CTRL_C);
        let (code, said) = terminal.ended();
        assert_eq!(code, 130, "{said}");
        match place {
            0 => screen!(world, "left_at_the_first_question", without_log(&said)),
            1 => screen!(world, "left_at_the_second_question", without_log(&said)),
            _ => assert!(said.contains("the answers are kept in airlock-answers.yaml") && said.contains("next:    airlock install"), "{said}"),
        }
        assert_eq!(world.path().join(ANSWERS).exists(), place > 0, "{left_at}");
    }
    assert!(audit.writes().is_empty(), "{:?}", audit.writes());
    // Whoever comes back finds what she answered.
    let mut terminal = world.start(&["install"]);
    let first = terminal.asked(NAMESPACE);
    assert!(first.contains("question 1 of 7 · kept") && first.contains(&format!("({})", world.site.name)), "{first}");
    terminal.send(CTRL_C);
    assert_eq!(terminal.ended().0, 130);
}

/// From the second question on; what was answered before stands.
fn led_to(world: &World, question: &str) -> Terminal {
    let mut terminal = world.start(&["install", "--namespace", &world.site.name]);
    for before in [PROFILE, DOMAIN, REACH, CERTIFICATE, DATABASE, ALERTS, RIGHT].into_iter().take_while(|before| *before != question) {
        terminal.asked(before);
        terminal.send(ENTER);
    }
    terminal.asked(question);
    terminal
}

fn leaves(mut terminal: Terminal) {
    terminal.send(CTRL_C);
    let (code, said) = terminal.ended();
    assert!(code == 130 && said.contains("the answers are kept in airlock-answers.yaml"), "{said}");
}

#[test]
fn ctrl_c_leaves_where_a_choice_is_told_further_and_where_a_line_is_changed() {
    let world = World::new("guided-further");
    let audit = world.site.audit();
    let mut terminal = world.answered();
    terminal.asked(RIGHT);
    leaves(terminal);
    let answers = world.answers();
    for (question, choice, told) in TOLD_FURTHER {
        for (place, (asks, _)) in told.iter().enumerate() {
            let mut terminal = led_to(&world, question);
            terminal.types(choice);
            for (before, said) in &told[..place] {
                terminal.asked(before);
                terminal.types(said);
            }
            terminal.asked(asks);
            terminal.types("nonsense");
            let refused = terminal.asked(asks);
            assert!(refused.contains("✗ "), "{asks}\n{refused}");
            leaves(terminal);
        }
    }
    for (line, asks) in
        [("", ""), ("size", "How large is the platform?"), ("storage class", "Which storage class"), ("edge address", "Which address"), ("proxy", "Which proxy"), ("required labels", "Which labels")]
    {
        let mut terminal = led_to(&world, RIGHT);
        terminal.types("change");
        terminal.asked("Which line?");
        if !line.is_empty() {
            terminal.types(line);
            terminal.asked(asks);
        }
        leaves(terminal);
    }
    let kept = |text: &str| text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(kept(&world.answers()), kept(&answers), "what was not answered changes nothing");
    // What comes silently is changed there, and stands in the summary as what somebody said.
    let mut terminal = led_to(&world, RIGHT);
    terminal.types("change");
    terminal.asked("Which line?");
    terminal.types("required labels");
    terminal.asked("Which labels");
    terminal.types("team=data");
    let summary = terminal.asked(RIGHT);
    assert!(summary.lines().any(|line| line.contains("required labels") && line.contains("team=data") && line.contains("(asked)")), "{summary}");
    leaves(terminal);
    assert!(audit.writes().is_empty(), "{:?}", audit.writes());
}

/// Without the line that names the log of the run.
fn without_log(screen: &str) -> String {
    screen.lines().filter(|line| !line.trim_start().starts_with("log:")).collect::<Vec<_>>().join("\n")
}
