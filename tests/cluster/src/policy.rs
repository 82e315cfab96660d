//! Network policies, on their way from the API server into the rules of the nodes.

use std::time::Duration;

use crate::bed::run;
use crate::{Bed, BedError, eventually};

/// Each node reads the policies by itself and writes all its rules anew, seconds later when there is much else to do.
const WITHIN: Duration = Duration::from_mins(2);

impl Bed {
    /// Waits until the rules of each node have this network policy, or no longer have it. That the API server took a change says nothing
    /// about when the nodes go by it.
    pub fn until_enforced(&self, namespace: &str, policy: &str, is_enforced: bool) -> Result<(), BedError> {
        let mark = format!("\"DROP by policy {namespace}/{policy}\"");
        self.until_rules(&format!("{namespace}/{policy}"), |rules| rules.contains(&mark) == is_enforced)
    }

    /// Waits until this network policy, which the nodes have, lets pods out to this port of some addresses in the rules of each node.
    pub fn until_lets_out(&self, namespace: &str, policy: &str, port: u16) -> Result<(), BedError> {
        let (of, to) = (format!("specified ipBlocks selected by policy name: {policy} namespace {namespace}\""), format!("--dport {port} "));
        self.until_rules(&format!("{namespace}/{policy}"), |rules| rules.lines().any(|rule| rule.contains(&of) && rule.contains(&to)))
    }

    fn until_rules(&self, policy: &str, are_new: impl Fn(&str) -> bool) -> Result<(), BedError> {
        let nodes = self.kubectl(["get", "nodes", "-o", "name"])?;
        for number in (1..).take(nodes.lines().count()) {
            let ask = || {
                let mut save = self.node(number, "iptables-save");
                save.args(["-t", "filter"]);
                let rules = run(save).map_err(|error| error.to_string())?.stdout;
                if are_new(&rules) { Ok(()) } else { Err(format!("node{number} goes by older ones")) }
            };
            eventually(&format!("the nodes to go by network policies as {policy} is now"), WITHIN, ask)?;
        }
        Ok(())
    }
}
