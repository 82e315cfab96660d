//! Airflow deployments in ways of their own. Their parts take seconds of a whole core to start, and their probes would say no beside those
//! of another test; so they are scenes.

use crate::existing_database::deployed;
use crate::guided::first_deployment;
use crate::scenes;

#[test]
fn airflow_deployments_are_made_in_other_ways() {
    let _turn = crate::airflow();
    let failed = scenes::play(vec![
        ("a database of the company", Box::new(deployed::a_server_of_the_company_holds_a_deployment)),
        ("a guided run from the first screen to a monitored Airflow, and admission that changes a pod", Box::new(first_deployment::a_person_gets_a_monitored_airflow_by_what_is_suggested)),
    ]);
    assert!(failed.is_empty(), "these scenes failed:\n{}", failed.join("\n"));
}
