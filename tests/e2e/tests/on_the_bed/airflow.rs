//! Airflow deployments on the shared bed. Their parts take seconds of a whole core to start, and their probes would say no beside those
//! of another test; so they are scenes, and begin with the first tests instead of keeping each other waiting at the end.

use crate::{deployments, existing_database, guided, scenes};

#[test]
fn airflow_deployments_are_made_looked_into_and_taken_away() {
    let failed = scenes::play(vec![
        ("two deployments", Box::new(deployments::two_deployments_work_beside_each_other_have_nothing_in_common_and_go_without_a_trace_in_the_other)),
        ("a database of the company", Box::new(existing_database::a_server_of_the_company_is_examined_before_anything_is_installed_and_holds_a_deployment_then)),
        ("a first deployment", Box::new(guided::first_deployment::a_run_that_ended_well_offers_a_first_deployment)),
    ]);
    assert!(failed.is_empty(), "these scenes failed:\n{}", failed.join("\n"));
}
