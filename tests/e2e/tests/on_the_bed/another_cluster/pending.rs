//! A load balancer that gives no address: a cause in one sentence, within bounded time, and the same command goes on.

use std::time::Duration;

use airlock_bed::{Bed, Options};
use airlock_e2e::Site;

pub(crate) fn the_wait_for_an_address_ends_and_the_same_command_goes_on_when_there_is_one(bed: &Bed) {
    let site = Site::on(bed.clone(), "unbalanced");
    let answers = site.answers("").display().to_string();
    // Quiet: what is left on stderr is the failure, so that its first line is what a pipeline shows.
    let run = site.run(&["--quiet", "install", "--answers", &answers, "--yes"]).expect(6);
    // A wait that merely does not move goes on for five minutes.
    assert!(run.took < Duration::from_mins(3), "it took {:?}", run.took);
    let expected = "error[engine.not-ready]: Service unbalanced/edge does not become ready: the load balancer has no address; no provider of load balancers has said anything about it";
    assert_eq!(run.first_line(), expected, "{}", run.stderr);
    assert_eq!(site.edge_address(), "", "it was pending indeed");

    bed.up(&Options { load_balancer: true, split_dns: true, ..super::USUAL }).expect("the bed starts");
    let run = site.run(&["install", "--answers", &answers, "--yes"]).expect(11);
    assert!(run.said().contains(&site.edge_address()), "the ticket names the address:\n{}", run.said());
}
