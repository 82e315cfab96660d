//! What ends well offers something to log in to.

use super::{ALERTS, CERTIFICATE, DATABASE, DOMAIN, GO_ON, PROFILE, REACH, RIGHT, TRY, World};
use crate::guided::terminal::{CTRL_C, ENTER, Terminal};

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
    terminal.types("Data Science");
    let refused = terminal.asked(NAME);
    assert!(refused.contains("lower case letters"), "{refused}");
    terminal.types("sales");
    let plan = terminal.shows("Carry out this plan?");
    assert!(plan.contains(&format!("+ Namespace {}", site.tenant("sales"))), "{plan}");
    screen!(world, "plan_of_a_first_deployment", plan.split_inclusive("Carry out this plan?").next().unwrap_or_default());
    leaves(terminal);
    assert!(!format!("{:?}", audit.writes()).contains(&site.tenant("sales")), "{:?}", audit.writes());
}

pub(crate) fn a_deployment_that_is_offered_is_made_and_offered_once() {
    let world = World::new("made");
    let site = &world.site;
    site.installed(&site.whole_answers(""));
    let mut terminal = led(&world);
    terminal.asked(MAKE);
    terminal.send(ENTER);
    terminal.asked(NAME);
    terminal.types("sales");
    terminal.shows("Carry out this plan?");
    terminal.types("y");
    let (code, said) = terminal.ended();
    assert!(code == 0 && said.contains(&format!("https://sales-airflow.{}", site.base())), "{said}");
    airlock_e2e::Airflow::new(site, "sales").first_login();

    let (code, said) = led(&world).ended();
    assert!(code == 0 && !said.contains("first Airflow deployment"), "{said}");
    crate::mutated::what_a_policy_makes_of_a_pod_is_told(site, "sales");
    site.run(&["deployment", "delete", "sales", "--namespace", &site.name, "--yes"]).expect(0);
}

/// Where an installation is, and nothing else.
fn led(world: &World) -> Terminal {
    let mut terminal = world.start(&["install", "--namespace", &world.site.name]);
    for question in [PROFILE, DOMAIN, REACH, CERTIFICATE, DATABASE, ALERTS, RIGHT, TRY, GO_ON] {
        terminal.asked(question);
        terminal.send(ENTER);
    }
    terminal
}

fn leaves(mut terminal: Terminal) {
    terminal.send(CTRL_C);
    let (code, said) = terminal.ended();
    assert_eq!(code, 130, "{said}");
}
