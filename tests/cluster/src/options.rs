//! How a bed shall be.

/// What `bed up` is told; the default is one node with everything on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// How many nodes: 1 or 2. Node N has the label `pool=poolN`.
    pub nodes: u8,
    /// Whether `NetworkPolicy` is enforced.
    pub policy: bool,
    /// Whether Services of type `LoadBalancer` get an address.
    pub load_balancer: bool,
    /// Whether pods can't resolve the base domain, while nodes and the workstation can.
    pub split_dns: bool,
    /// The first two numbers of the bed's network; a bed that exists keeps its own.
    pub network: Option<&'static str>,
}

impl Default for Options {
    fn default() -> Self {
        Self { nodes: 1, policy: true, load_balancer: true, split_dns: false, network: None }
    }
}

impl Options {
    /// The variables that `bed` reads.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        let switch = |on: bool| if on { "on" } else { "off" }.to_owned();
        let mut variables = vec![("NODES", self.nodes.to_string()), ("POLICY", switch(self.policy)), ("LB", switch(self.load_balancer)), ("DNS", if self.split_dns { "split" } else { "" }.to_owned())];
        variables.extend(self.network.map(|network| ("BED_NET", network.to_owned())));
        variables
    }
}
