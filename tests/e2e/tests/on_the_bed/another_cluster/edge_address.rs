//! An address agreed upon beforehand, with records that already lead to it: the gate `dns` passes at once.

use airlock_bed::Bed;
use airlock_e2e::Site;

/// One of those that the bed gives to internal load balancers, far from the first.
const AGREED: &str = "10.91.60.180";

pub(crate) fn records_that_are_already_right_are_not_waited_for(bed: &Bed) {
    let site = Site::on(bed.clone(), "agreed");
    let answers = site.answers(&format!("edge: {{ address: {AGREED} }}\n"));
    site.set_dns_to(AGREED);
    let waiting = site.install(&answers).expect(11);
    assert!(waiting.said().contains("hosts.toml"), "the only ticket is the nodes' trust:\n{}", waiting.said());
    assert!(!waiting.said().contains("IN A"), "no record is asked for:\n{}", waiting.said());
    assert_eq!(site.edge_address(), AGREED);
    site.trust_on_nodes();
    site.install(&answers).expect(0);
}
