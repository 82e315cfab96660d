//! A company whose base domain only nodes and people can resolve: the platform does without it inside.

use airlock_bed::Bed;
use airlock_e2e::{Airflow, Site};

pub(crate) fn the_platform_installs_and_complies(bed: &Bed) {
    let site = Site::on(bed.clone(), "split");
    site.installed(&site.whole_answers(""));
    {
        let _turn = crate::airflow();
        site.run(&["deployment", "create", "alpha", "--example-dag", "--namespace", &site.name, "--yes"]).expect(0);
        let airflow = Airflow::new(&site, "alpha");
        assert_eq!(airflow.run(&airflow.first_login(), "airlock_example", &serde_json::json!({})), "success");
    }
    site.run(&["compliance-check", "--profile", "baseline", "--namespace", &site.name, "--yes"]).expect(0);

    // What nodes and workstation resolve, pods do not; their resolver works otherwise.
    let pods = bed.namespace("resolving").expect("a namespace");
    pods.client("inside", None).expect("a pod");
    let output = pods.attempt("inside", &["resolve", &site.registry()]).expect("exec");
    assert!(output.stderr.contains("no such host"), "a pod resolves the base domain: {output:?}");
    assert_eq!(pods.attempt("inside", &["resolve", "kubernetes.default.svc.cluster.local"]).expect("exec").code, Some(0));
}
