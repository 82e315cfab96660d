//! A company whose base domain only nodes and people can resolve: the platform does without it inside. Database and Airflow do so too
//! where the company has a Prometheus.

use airlock_bed::Bed;
use airlock_e2e::Site;

pub(crate) fn the_platform_installs_and_complies(bed: &Bed) {
    let site = Site::on(bed.clone(), "split");
    site.installed(&site.answers(""));
    site.run(&["compliance-check", "--profile", "baseline", "--namespace", &site.name, "--yes"]).expect(0);

    // What nodes and workstation resolve, pods do not; their resolver works otherwise.
    let pods = bed.namespace("resolving").expect("a namespace");
    pods.client("inside", None).expect("a pod");
    let output = pods.attempt("inside", &["resolve", &site.registry()]).expect("exec");
    assert!(output.stderr.contains("no such host"), "a pod resolves the base domain: {output:?}");
    assert_eq!(pods.attempt("inside", &["resolve", "kubernetes.default.svc.cluster.local"]).expect("exec").code, Some(0));
}
