//! What a guided run leaves to others: tickets for what nobody knows or what blocks, and a plan for whoever approves it.

use std::fs;

use super::terminal::{CTRL_C, ENTER, ESC};
use super::{ALERTS, ANSWERS, CERTIFICATE, DATABASE, DOMAIN, GO_ON, NAMESPACE, PROFILE, REACH, RIGHT, TRY, World};

#[test]
fn what_nobody_knows_yet_becomes_tickets() {
    let world = World::new("guided-open");
    let mut terminal = world.start(&["install"]);
    terminal.asked(NAMESPACE);
    terminal.types(&world.site.name);
    terminal.asked(PROFILE);
    terminal.types("not yet");
    terminal.asked(DOMAIN);
    terminal.types("-");
    screen!(world, "domain_not_yet_known", terminal.asked(REACH));
    terminal.send("not yet");
    terminal.send(ENTER);
    terminal.asked(CERTIFICATE);
    terminal.send("not yet");
    terminal.send(ENTER);
    terminal.asked(DATABASE);
    terminal.send("not yet");
    terminal.send(ENTER);
    // Also where a choice is told further it is explained; it is left open at the choices.
    terminal.asked(ALERTS);
    terminal.types("to a webhook");
    terminal.asked("Which webhook?");
    terminal.types("?");
    let explained = terminal.asked("Which webhook?");
    assert!(explained.contains("Alertmanager"), "{explained}");
    terminal.send(ESC);
    terminal.asked(ALERTS);
    terminal.types("not yet");
    screen!(world, "summary_with_open_questions", terminal.asked(RIGHT));
    terminal.send("tickets");
    terminal.send(ENTER);
    let (code, said) = terminal.ended();
    assert_eq!(code, 11, "{said}");
    screen!(world, "tickets_of_open_questions", said);
    assert!(!world.answers().contains("\nbaseDomain:"), "{}", world.answers());
    assert!(fs::read_to_string(world.path().join("airlock-tickets.txt")).expect("tickets").contains("ticket 6 of 6"));
}

#[test]
fn a_plan_is_written_for_approval_and_carried_out_on_no_other_cluster() {
    let world = World::new("guided-plan");
    let mut terminal = world.answered_but("not yet", &[]);
    // Esc leads back to the summary from whatever follows it.
    for (question, said) in [
        (RIGHT, "change"),
        ("Which line?", ESC),
        (RIGHT, ENTER),
        (TRY, ESC),
        (RIGHT, "change"),
        ("Which line?", "proxy"),
        ("Which proxy", ESC),
        (RIGHT, ENTER),
        (TRY, ENTER),
        (GO_ON, ESC),
        (RIGHT, ENTER),
        (TRY, ENTER),
    ] {
        terminal.asked(question);
        terminal.send(said);
        if ![ESC, ENTER].contains(&said) {
            terminal.send(ENTER);
        }
    }
    terminal.asked(GO_ON);
    terminal.send("every step");
    terminal.send(ENTER);
    // The text of a plan is recorded where it is written (`output::plan`).
    let every_step = terminal.asked(GO_ON);
    assert!(every_step.contains("Plan to install Airlock") && every_step.contains("+ Namespace guided-plan"), "{every_step}");
    terminal.send("approval");
    terminal.send(ENTER);
    let (code, said) = terminal.ended();
    assert_eq!(code, 0, "{said}");
    let plan: serde_json::Value = serde_json::from_str(&fs::read_to_string(world.path().join("airlock-plan.json")).expect("plan")).expect("JSON");
    let digest = plan["digest"].as_str().expect("digest").to_owned();
    assert!(said.replace('\n', "").contains(&digest), "{said}");
    assert!(said.contains("airlock install --plan airlock-plan.json"), "{said}");
    assert!(said.contains("1 ticket is written to airlock-tickets.txt; the installation goes on meanwhile"), "{said}");
    let tickets = fs::read_to_string(world.path().join("airlock-tickets.txt")).expect("tickets");
    assert!(tickets.contains("ticket 1 of 1") && tickets.contains("who issues the certificate"), "{tickets}");
    let answers = world.path().join(ANSWERS);
    let again = world.site.run(&["plan", "--answers", &answers.display().to_string(), "-o", "json"]).expect(0).json();
    assert_eq!(again["digest"], plan["digest"]);

    let elsewhere = world.site.file("elsewhere.yaml", &world.answers().replace(&world.uid(), "5d0f8f1c-0000-4000-8000-000000000000"));
    let refused = world.site.install(&elsewhere).expect(3);
    assert_eq!(
        refused.first_error(),
        format!("error[platform.other-cluster]: the answers are for the cluster 5d0f8f1c-0000-4000-8000-000000000000, and this one is {}; nothing was written", world.uid())
    );
    world.site.run(&["plan", "--other-cluster", "--answers", &elsewhere.display().to_string()]).expect(0);
    // The same of the file that a guided run would go on with.
    fs::copy(&elsewhere, world.path().join(ANSWERS)).expect("the file");
    let (code, said) = world.start(&["install"]).ended();
    assert!(code == 3 && said.contains("error[platform.other-cluster]"), "{said}");
    let mut terminal = world.start(&["install", "--other-cluster"]);
    terminal.asked(NAMESPACE);
    terminal.send(CTRL_C);
    assert_eq!(terminal.ended().0, 130);
}

#[test]
fn who_may_do_nothing_is_told_what_could_not_be_read_and_gets_tickets() {
    let world = World::new("guided-nobody");
    fs::copy(world.site.bed.user("guided-nobody", &[]).expect("kubeconfig"), world.path().join("kubeconfig")).expect("the file");
    let mut terminal = world.start(&["install", "--kubeconfig", "kubeconfig"]);
    let welcome = terminal.asked(NAMESPACE);
    assert!(welcome.contains("missing right: list nodes in the cluster") && welcome.contains("fail, see RGT-001 below"), "{welcome}");
    screen!(world, "welcome_of_who_may_do_nothing", welcome.split("\nquestion 1").next().unwrap_or_default());
    terminal.types(&world.site.name);
    terminal.asked(PROFILE);
    terminal.send(ENTER);
    terminal.asked(DOMAIN);
    terminal.types(&world.site.base());
    for question in [REACH, CERTIFICATE, DATABASE, ALERTS, RIGHT, TRY] {
        terminal.asked(question);
        terminal.send(ENTER);
    }
    let found = terminal.asked(GO_ON);
    assert!(found.contains("✗ fail       RGT-001") && !found.contains("apply now"), "{found}");
    screen!(world, "what_blocks_who_may_do_nothing", found.rsplit(TRY).next().unwrap_or_default());
    terminal.send(ENTER);
    let (code, said) = terminal.ended();
    assert!(code == 11 && said.contains("RGT-001"), "{said}");
    screen!(world, "tickets_of_who_may_do_nothing", said.rsplit(GO_ON).next().unwrap_or_default());
}
