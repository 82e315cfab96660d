//! Controls that stand on numbers follow what is said of their own number, and of nothing else.

use super::*;
use crate::profile::{from_text, shipped};
use crate::report::{ControlVerdict, Judging, judge};
use ControlVerdict::{Failed, NotCovered, Partly, Proved};

const NUMBERED: [&str; 4] = ["CPL-001", "CPL-002", "CPL-003", "LOG-001"];

/// What comes of a list with a control for each number of these checks, which is called as the number is.
fn states_of(given: &Snapshot) -> BTreeMap<String, ControlVerdict> {
    let names = NUMBERED.iter().flat_map(|id| numbers(id).into_iter().map(move |number| format!("{id}/{number}")));
    let controls = names.map(|name| format!("  - {{ id: {name}, title: t, checks: [{name}] }}\n")).collect::<Vec<_>>().concat();
    let text = format!("apiVersion: airlock/v1\nkind: SecurityPolicyProfile\nmetadata: {{ name: t, version: '1', owner: t }}\nchecks: [{}]\ncontrols:\n{controls}", NUMBERED.join(", "));
    let profile = from_text("t.yaml", &text, &|_| Err(String::new())).unwrap();
    // What passes is let go, and known all the same.
    let report = judge(&profile, given, Judging { passes: false, workers: 1 }).unwrap();
    report.controls.into_iter().map(|control| (control.id, control.verdict)).collect()
}

fn states(read: Option<ControlPlane>) -> BTreeMap<String, ControlVerdict> {
    states_of(&Snapshot { control_plane: read, ..Snapshot::default() })
}

/// The controls that differ, with what they come to in the second.
fn changed(first: &BTreeMap<String, ControlVerdict>, second: &BTreeMap<String, ControlVerdict>) -> Vec<(String, ControlVerdict)> {
    second.iter().filter(|(id, verdict)| first[*id] != **verdict).map(|(id, verdict)| (id.clone(), *verdict)).collect()
}

fn of_section(states: &BTreeMap<String, ControlVerdict>, section: &str) -> BTreeSet<ControlVerdict> {
    let found: BTreeSet<ControlVerdict> = states.iter().filter(|(id, _)| id.starts_with(section)).map(|(_, verdict)| *verdict).collect();
    assert!(!found.is_empty(), "{section}");
    found
}

fn with_flag(flag: &str) -> ControlPlane {
    let mut pods = mirrored();
    let server = pods.iter_mut().find(|pod| pod.object.name == "kube-apiserver-cp1").unwrap();
    server.manifest.pointer_mut("/spec/containers/0/command").unwrap().as_array_mut().unwrap().push(json!(flag));
    ControlPlane { static_pods: Fact::Known(pods), ..good() }
}

fn with_setting(field: &str, value: Value) -> ControlPlane {
    let mut settings = settings();
    settings[field] = value;
    ControlPlane { kubelets: Fact::Known(BTreeMap::from([("node1".to_owned(), Fact::Known(settings))])), ..good() }
}

#[test]
fn every_number_has_the_state_of_its_own_finding() {
    let states = states(Some(good()));
    for id in ["CPL-001", "CPL-002"] {
        for finding in findings(id, Some(good())) {
            let [number] = &finding.numbers[..] else { panic!("{finding:#?}") };
            assert!(finding.observed.raw().starts_with(&format!("CIS {number}:")), "{finding:#?}");
            let expected = match finding.verdict {
                Pass => Proved,
                Warn => Partly,
                Fail => Failed,
                Unverified => ControlVerdict::Unverified,
                other => panic!("{other}"),
            };
            assert_eq!(states[&format!("{id}/{number}")], expected, "{id} {number}");
        }
    }
    assert_eq!((states["CPL-001/1.2.5"], states["CPL-001/1.2.4"], states["CPL-001/1.2.28"]), (Failed, Proved, Partly));
}

#[test]
fn one_number_that_fails_leaves_its_neighbours_as_they_were() {
    let before = states(Some(good()));
    for (read, expected) in [
        (with_flag("--token-auth-file=/a"), vec![("CPL-001/1.2.2", Failed)]),
        (with_flag("--kubelet-certificate-authority=/a"), vec![("CPL-001/1.2.5", Proved)]),
        (with_flag("--audit-policy-file=/a"), vec![("LOG-001/3.2.1", Proved)]),
        (with_flag("--audit-webhook-config-file=/a"), vec![("LOG-001/1.2.16", NotCovered), ("LOG-001/1.2.17", NotCovered), ("LOG-001/1.2.18", NotCovered), ("LOG-001/1.2.19", NotCovered)]),
        (with_setting("makeIPTablesUtilChains", json!(false)), vec![("CPL-002/4.2.6", Failed)]),
        (with_setting("readOnlyPort", json!(10255)), vec![("CPL-002/4.2.4", Partly)]),
        (ControlPlane { kube_proxy: Fact::Known(Some(PROXY.replace("metricsBindAddress: \"\"", "metricsBindAddress: 0.0.0.0:10249"))), ..good() }, vec![("CPL-002/4.3.1", Failed)]),
    ] {
        let expected: Vec<(String, ControlVerdict)> = expected.into_iter().map(|(id, verdict)| (id.to_owned(), verdict)).collect();
        assert_eq!(changed(&before, &states(Some(read))), expected);
    }
}

#[test]
fn what_could_not_be_read_makes_its_own_numbers_unverified_and_no_others() {
    let before = states(Some(good()));
    let mut pods = mirrored();
    pods.retain(|pod| pod.object.name != "etcd-cp1");
    let silent = Fact::Known(BTreeMap::from([("a".to_owned(), Fact::Known(settings())), ("b".to_owned(), Fact::Unverified("no answer".to_owned()))]));
    for (read, sections) in [
        (ControlPlane { static_pods: Fact::Known(pods), ..good() }, vec!["CPL-001/2."]),
        (ControlPlane { static_pods: Fact::Unverified("403".to_owned()), ..good() }, vec!["CPL-001/", "LOG-001/"]),
        (ControlPlane { kubelets: Fact::Unverified("403".to_owned()), ..good() }, vec!["CPL-002/4.2."]),
        (ControlPlane { kubelets: silent, ..good() }, vec!["CPL-002/4.2."]),
        (ControlPlane { kube_proxy: Fact::Known(None), ..good() }, vec!["CPL-002/4.3."]),
    ] {
        let after = states(Some(read));
        for section in &sections {
            assert_eq!(of_section(&after, section), [ControlVerdict::Unverified].into(), "{section}");
        }
        let strangers: Vec<(String, ControlVerdict)> = changed(&before, &after).into_iter().filter(|(id, _)| !sections.iter().any(|section| id.starts_with(section))).collect();
        assert_eq!(strangers, [], "{sections:?}");
    }
    assert_eq!(of_section(&states(None), ""), [ControlVerdict::Unverified].into());
}

/// Nobody looked at them; who answers for them can attest it.
#[test]
fn what_a_provider_runs_and_what_no_file_shows_is_not_covered() {
    let managed = states(Some(ControlPlane { provider: Fact::Known(Some(Provider::Eks)), static_pods: Fact::Known(Vec::new()), ..good() }));
    assert_eq!((of_section(&managed, "CPL-001/"), of_section(&managed, "LOG-001/"), of_section(&managed, "CPL-002/")), ([NotCovered].into(), [NotCovered].into(), [Proved].into()));
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: { name: a, namespace: kube-system }\nspec: { containers: [ { name: a, command: [ kube-apiserver, --anonymous-auth=false ] } ] }\n";
    let files = states_of(&manifests::snapshot([manifests::read("kube-apiserver.yaml", pod.as_bytes())]));
    assert_eq!((files["CPL-001/1.2.1"], files["CPL-001/1.2.5"]), (Proved, Failed));
    assert_eq!((of_section(&files, "CPL-001/1.3."), of_section(&files, "CPL-001/2."), of_section(&files, "CPL-002/")), ([NotCovered].into(), [NotCovered].into(), [NotCovered].into()));
}

#[test]
fn files_of_nodes_count_for_their_numbers_and_those_of_the_control_plane_where_a_report_has_them() {
    let given = |node_reports: Vec<NodeReport>, nodes: &[&str]| {
        let nodes = nodes.iter().map(|name| WorldNode { name: (*name).to_owned(), ..WorldNode::default() }).collect();
        states_of(&Snapshot { world: World { nodes: Some(Ok(nodes)), ..World::default() }, node_reports, ..Snapshot::default() })
    };
    let mut bad = worker("a");
    bad.results.iter_mut().find(|result| result.number == "4.1.9").unwrap().status = NodeStatus::Fail;
    let states = given(vec![bad.clone()], &["a"]);
    assert_eq!((states["CPL-003/4.1.9"], states["CPL-003/4.1.8"], of_section(&states, "CPL-003/1.1.")), (Failed, Proved, [NotCovered].into()));
    let states = given(vec![bad], &["a", "b"]);
    assert_eq!((states["CPL-003/4.1.9"], states["CPL-003/4.1.8"], of_section(&states, "CPL-003/1.1.")), (Failed, ControlVerdict::Unverified, [ControlVerdict::Unverified].into()));
}

/// Else what was judged would be said to be not covered.
#[test]
fn in_the_benchmarks_profile_each_number_that_is_judged_alone_stands_at_its_control() {
    let controls = shipped("cis-1.12").unwrap().controls;
    for id in NUMBERED {
        for number in numbers(id) {
            let control = controls.iter().find(|control| control.id == number).unwrap_or_else(|| panic!("{number}"));
            assert!(control.checks.contains(&format!("{id}/{number}")) && !control.checks.contains(&id.to_owned()), "{number}: {:?}", control.checks);
        }
    }
    assert_eq!(NUMBERED.map(|id| numbers(id).len()), [46, 14, 32, 5]);
}
