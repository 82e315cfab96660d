//! What ends well offers something to log in to.

use super::{ALERTS, ANSWERS, CERTIFICATE, DATABASE, DOMAIN, GO_ON, PROFILE, REACH, RIGHT, TRY, World};
use crate::guided::terminal::{CTRL_C, ENTER, ESC, Terminal};

const MAKE: &str = "Make a first Airflow deployment?";
const NAME: &str = "What is its name?";

#[test]
fn a_run_that_ended_well_offers_a_first_deployment() {
    let world = World::new("onward");
    let site = &world.site;
    site.installed(&site.whole_answers(""));
    // Whoever leaves is asked again.
    let audit = site.audit();
    let mut terminal = led(&world);
    screen!(world, "first_deployment", terminal.asked(MAKE).rsplit("\nnothing is to be done").next().unwrap_or_default());
    leaves(terminal);
    let mut terminal = led(&world);
    terminal.asked(MAKE);
    terminal.send(ENTER);
    terminal.asked(NAME);
    leaves(terminal);
    let create = ["deployment", "create", "sales", "--example-dag", "--namespace", &site.name];
    let mut terminal = world.start(&create);
    terminal.shows("Carry out this plan?");
    leaves(terminal);

    let mut terminal = led(&world);
    terminal.asked(MAKE);
    terminal.send(ENTER);
    terminal.asked(NAME);
    terminal.send(ESC);
    terminal.asked(MAKE);
    terminal.send(ENTER);
    terminal.asked(NAME);
    terminal.types("Data Science");
    screen!(world, "name_refused", terminal.asked(NAME));
    terminal.types("sales");
    let plan = terminal.shows("Carry out this plan?");
    assert!(plan.contains(&format!("+ Namespace {}", site.tenant("sales"))), "{plan}");
    screen!(world, "plan_of_a_first_deployment", plan.split_inclusive("Carry out this plan?").next().unwrap_or_default());
    leaves(terminal);
    assert!(!format!("{:?}", audit.writes()).contains(&site.tenant("sales")), "{:?}", audit.writes());
}

/// As long as a name may be.
const LONGEST: &str = "sales-of-the-department-north1";

/// From the first screen to a monitored Airflow, by what is suggested: only the namespace, the domain, and the size are typed.
pub(crate) fn a_person_gets_a_monitored_airflow_by_what_is_suggested() {
    let world = World::new("made");
    let site = &world.site;
    let mut terminal = world.guided();
    terminal.asked(DOMAIN);
    terminal.types(&site.base());
    for question in [REACH, CERTIFICATE, DATABASE, ALERTS] {
        terminal.asked(question);
        terminal.send(ENTER);
    }
    for (question, said) in [(RIGHT, "change"), ("Which line?", "size"), ("How large is the platform?", "tiny"), (RIGHT, ""), (TRY, ""), (GO_ON, "apply")] {
        terminal.asked(question);
        terminal.types(said);
    }
    let (code, said) = terminal.ended();
    assert_eq!(code, 11, "the hosts have no addresses yet:\n{said}");
    site.installed(&world.path().join(ANSWERS));
    assert_eq!(site.told("MON-003", &[], 0).into_iter().map(|told| told.verdict).collect::<Vec<_>>(), ["warn"], "it is watched, and nobody is told yet");
    site.run(&["plan", "--answers", &world.path().join(ANSWERS).display().to_string(), "--exit-code"]).expect(0);
    let measured = site.told("MON-001", &[], 0);
    assert!(!measured.is_empty() && measured.iter().all(|told| told.verdict == "pass"), "what is installed is measured");

    let mut terminal = led(&world);
    terminal.asked(MAKE);
    terminal.send(ENTER);
    terminal.asked(NAME);
    terminal.types(LONGEST);
    terminal.shows("Carry out this plan?");
    terminal.types("y");
    let (code, said) = terminal.ended();
    assert!(code == 0 && said.replace('\n', "").contains(&format!("https://{LONGEST}-airflow.{}", site.base())), "{said}");
    airlock_e2e::Airflow::new(site, LONGEST).first_login();

    let (code, said) = led(&world).ended();
    assert!(code == 0 && !said.contains("first Airflow deployment"), "{said}");
    let (code, said) = answering(&world, Some((ALERTS, "not yet"))).ended();
    assert!(code == 11 && said.contains("not yet known: alerts\n  airlock-tickets.txt says who can tell"), "{said}");
    crate::mutated::what_a_policy_makes_of_a_pod_is_told(site, LONGEST);
    site.run(&["deployment", "delete", LONGEST, "--namespace", &site.name, "--yes"]).expect(0);
}

/// Where an installation is, and nothing else.
fn led(world: &World) -> Terminal {
    answering(world, None)
}

/// The same, with one answer that is another.
fn answering(world: &World, other: Option<(&str, &str)>) -> Terminal {
    let mut terminal = world.start(&["install", "--namespace", &world.site.name]);
    for question in [PROFILE, DOMAIN, REACH, CERTIFICATE, DATABASE, ALERTS, RIGHT, TRY, GO_ON] {
        terminal.asked(question);
        match other.filter(|(of, _)| *of == question) {
            Some((_, said)) => terminal.types(said),
            None => terminal.send(ENTER),
        }
    }
    terminal
}

fn leaves(mut terminal: Terminal) {
    terminal.send(CTRL_C);
    let (code, said) = terminal.ended();
    assert_eq!(code, 130, "{said}");
}
