//! A load balancer that gives no address: a cause in one sentence, within bounded time, and the same command goes on.

use std::time::Duration;

use airlock_bed::{Bed, Options};
use airlock_e2e::Site;

pub(crate) fn the_wait_for_an_address_ends_and_the_same_command_goes_on_when_there_is_one(bed: &Bed) {
    let site = Site::on(bed.clone(), "unbalanced");
    let answers = site.answers("").display().to_string();
    let install = ["--timeout", "30s", "install", "--answers", &answers, "--yes"];

    let run = site.run(&install).expect(6);
    assert!(run.took < Duration::from_mins(1), "it took {:?}", run.took);
    let line = run.first_error();
    assert!(line.contains("Service") && line.contains("edge") && line.contains("the load balancer has no address"), "the cause is not in `{line}`:\n{}", run.stderr);
    assert_eq!(site.edge_address(), "", "it was pending indeed");

    bed.up(&Options { load_balancer: true, split_dns: true, ..super::USUAL }).expect("the bed starts");
    let run = site.run(&["install", "--answers", &answers, "--yes"]).expect(11);
    assert!(run.said().contains(&site.edge_address()), "the ticket names the address:\n{}", run.said());
}
