//! What ends well offers something to log in to.

use airlock_e2e::Airflow;

use super::{ALERTS, CERTIFICATE, DATABASE, DOMAIN, GO_ON, PROFILE, REACH, RIGHT, TRY, World};
use crate::guided::terminal::{CTRL_C, ENTER, Terminal};
use crate::mutated;

const MAKE: &str = "Make a first Airflow deployment?";
const NAME: &str = "What is its name?";

pub(crate) fn a_run_that_ended_well_offers_a_first_deployment() {
    let world = World::new("onward");
    let site = &world.site;
    site.installed(&site.whole_answers(""));
    let _turn = crate::airflow();
    let led = || {
        let mut terminal = world.start(&["install", "--namespace", &site.name]);
        for question in [PROFILE, DOMAIN, REACH, CERTIFICATE, DATABASE, ALERTS, RIGHT, TRY, GO_ON] {
            terminal.asked(question);
            terminal.send(ENTER);
        }
        terminal
    };
    // Whoever leaves is asked again.
    let audit = site.audit();
    let mut terminal = led();
    screen!(world, "first_deployment", terminal.asked(MAKE).rsplit("\nnothing is to be done").next().unwrap_or_default());
    leaves(terminal);
    let mut terminal = led();
    terminal.asked(MAKE);
    terminal.send(ENTER);
    terminal.asked(NAME);
    leaves(terminal);
    let create = ["deployment", "create", "sales", "--example-dag", "--namespace", &site.name];
    let mut terminal = world.start(&create);
    terminal.shows("Carry out this plan?");
    leaves(terminal);
    assert!(!format!("{:?}", audit.writes()).contains(&site.tenant("sales")), "{:?}", audit.writes());

    let mut terminal = led();
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
    terminal.types("y");
    let (code, said) = terminal.ended();
    assert!(code == 0 && said.contains(&format!("https://sales-airflow.{}", site.base())), "{said}");
    let airflow = Airflow::new(site, "sales");
    airflow.first_login();

    // It is asked once.
    let (code, said) = led().ended();
    assert!(code == 0 && !said.contains("first Airflow deployment"), "{said}");
    mutated::what_a_policy_makes_of_a_pod_is_told(site, "sales");
    site.remove();
}

fn leaves(mut terminal: Terminal) {
    terminal.send(CTRL_C);
    let (code, said) = terminal.ended();
    assert_eq!(code, 130, "{said}");
}
