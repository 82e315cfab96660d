//! What ends well offers something to log in to.

use airlock_e2e::Airflow;

use super::{ALERTS, CERTIFICATE, DATABASE, DOMAIN, GO_ON, PROFILE, REACH, RIGHT, TRY, World};
use crate::guided::terminal::ENTER;

pub(crate) fn a_run_that_ended_well_offers_a_first_deployment() {
    let world = World::new("onward");
    let site = &world.site;
    site.installed(&site.whole_answers(""));
    let _turn = crate::airflow();
    let mut terminal = world.start(&["install", "--namespace", &site.name]);
    for question in [PROFILE, DOMAIN, REACH, CERTIFICATE, DATABASE, ALERTS, RIGHT, TRY, GO_ON] {
        terminal.asked(question);
        terminal.send(ENTER);
    }
    screen!(world, "first_deployment", terminal.asked("Make a first Airflow deployment?").rsplit("\nnothing is to be done").next().unwrap_or_default());
    terminal.send(ENTER);
    terminal.asked("What is its name?");
    terminal.types("Data Science");
    let refused = terminal.asked("What is its name?");
    assert!(refused.contains("lower case letters"), "{refused}");
    terminal.types("sales");
    terminal.shows(&format!("+ Namespace {}", site.tenant("sales")));
    terminal.shows("Carry out this plan?");
    terminal.types("y");
    let (code, said) = terminal.ended();
    assert!(code == 0 && said.contains(&format!("https://sales-airflow.{}", site.base())), "{said}");
    let airflow = Airflow::new(site, "sales");
    airflow.first_login();

    // It is asked once.
    let mut terminal = world.start(&["install", "--namespace", &site.name]);
    for question in [PROFILE, DOMAIN, REACH, CERTIFICATE, DATABASE, ALERTS, RIGHT, TRY, GO_ON] {
        terminal.asked(question);
        terminal.send(ENTER);
    }
    let (code, said) = terminal.ended();
    assert!(code == 0 && !said.contains("first Airflow deployment"), "{said}");
    site.remove();
}
