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
        let nodes = self.kubectl(["get", "nodes", "-o", "name"])?;
        let mark = format!("\"DROP by policy {namespace}/{policy}\"");
        for number in (1..).take(nodes.lines().count()) {
            let ask = || {
                let mut save = self.node(number, "iptables-save");
                save.args(["-t", "filter"]);
                let rules = run(save).map_err(|error| error.to_string())?.stdout;
                if rules.contains(&mark) == is_enforced { Ok(()) } else { Err(format!("node{number} goes by older ones")) }
            };
            eventually(&format!("the nodes to go by network policies as {namespace}/{policy} is now"), WITHIN, ask)?;
        }
        Ok(())
    }
}
