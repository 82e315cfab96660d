//! A load balancer that leads to the edge only after the edge says that it is ready.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Stdio;

use airlock_e2e::Site;

/// Between the workstation and an address: who connects is refused, as by a balancer without a pod behind it.
struct Refused<'a> {
    site: &'a Site,
    address: String,
}

impl<'a> Refused<'a> {
    fn new(site: &'a Site) -> Self {
        let refused = Self { site, address: site.edge_address() };
        assert!(refused.rule("-I"), "the workstation's way to {} is closed", refused.address);
        refused
    }

    fn rule(&self, verb: &str) -> bool {
        let mut command = self.site.bed.admin("iptables");
        command.args(["-w", verb, "OUTPUT", "-d", &self.address, "-p", "tcp", "--dport", "443", "-j", "REJECT", "--reject-with", "tcp-reset"]);
        command.status().is_ok_and(|status| status.success())
    }
}

impl Drop for Refused<'_> {
    fn drop(&mut self) {
        self.rule("-D");
    }
}

/// `airlock install` says that it waits for the registry, and goes on once there is a way, to the same end as without the wait.
pub(crate) fn the_registry_is_waited_for(site: &Site, answers: &str, exit: i32) {
    let refused = Refused::new(site);
    let mut run = site.command(&["install", "--answers", answers, "--yes"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("airlock starts");
    let mut talk = BufReader::new(run.stderr.take().expect("its talk"));
    let (mut said, waits) = (String::new(), format!("waiting for Registry {}: ", site.registry()));
    while !said.contains(&waits) {
        assert_ne!(talk.read_line(&mut said).expect("text"), 0, "it ended and did not wait:\n{said}");
    }
    drop(refused);
    talk.read_to_string(&mut said).expect("text");
    assert_eq!(run.wait().expect("it ends").code(), Some(exit), "{said}");
}
