use std::io::Write as _;

use airlock_compliance::{Decisions, Reads, selected, setting, standing, unprofiled, with_checks};
use airlock_model::{Action, AirflowDeployment, Answers, Finding, Snapshot, Source, Verdict};
use airlock_render::{RenderInput, TenantInput};

use super::*;

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: { name: a, namespace: b }\nspec: { hostPID: true, containers: [ { name: a, image: b } ] }\n";

/// What PSS-002 and SRC-001 say, by file.
fn judged(path: &Path) -> Vec<(String, Verdict, Option<u32>)> {
    let profile = with_checks(unprofiled(), "PSS-002").unwrap();
    let report = judge(&[path.to_owned()], &JudgeOptions::new(&profile, &Decisions::default())).unwrap();
    report
        .findings
        .iter()
        .filter(|finding| finding.verdict != Verdict::NotApplicable)
        .map(|finding: &Finding| (finding.subject.file.as_ref().map(|file| file.raw().to_owned()).unwrap_or_default(), finding.verdict, finding.subject.document))
        .collect()
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn files_of_folders_are_named_as_they_were_given_and_bad_ones_do_not_end_the_run() {
    let root = folder();
    let at = |name: &str| root.path().join(name);
    std::fs::create_dir_all(at("b/c")).unwrap();
    std::fs::create_dir_all(at(".git")).unwrap();
    for (name, text) in [
        ("b/c/pod.yml", POD),
        ("a.yaml", "a: [\n"),
        ("b/empty.yaml", ""),
        ("z.json", r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}"#),
        ("README.md", "a: [\n"),
        (".git/x.yaml", "a: [\n"),
    ] {
        std::fs::write(at(name), text).unwrap();
    }
    std::os::unix::fs::symlink("nowhere", at("gone.yaml")).unwrap();
    std::os::unix::fs::symlink("..", at("b/up")).unwrap();
    let name = |file: &str| at(file).display().to_string();
    let expected = [
        (name("b/c/pod.yml"), Verdict::Fail, Some(0)),
        (name("a.yaml"), Verdict::Error, Some(0)),
        (name("b/up"), Verdict::Error, None),
        (name("gone.yaml"), Verdict::Error, None),
        (name("b/empty.yaml"), Verdict::Unverified, None),
    ];
    assert_eq!(judged(root.path()), expected);
    assert_eq!(judged(&at("b/c/pod.yml")), [(name("b/c/pod.yml"), Verdict::Fail, Some(0))]);
}

/// Nobody writes into it, so that whoever reads it waits without end.
#[test]
fn a_pipe_with_a_manifests_name_is_told_and_not_waited_for() {
    let root = folder();
    let pipe = root.path().join("pipe.yaml");
    std::fs::write(root.path().join("pod.yaml"), POD).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let [pod, told] = &judged(root.path())[..] else { panic!("a pod and a pipe") };
    assert_eq!((pod.1, &told.0, told.1), (Verdict::Fail, &pipe.display().to_string(), Verdict::Error));
}

fn archived(files: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, text) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, text.as_bytes()).unwrap();
    }
    archive.into_inner().unwrap()
}

fn compressed(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

#[test]
fn files_in_archives_are_read_whatever_the_archive_is_called() {
    let root = folder();
    let tar = archived(&[("x/pod.yaml", POD), ("x/notes.txt", "a: ["), ("x/._pod.yaml", "a: [")]);
    for (name, bytes) in [("a.tar", tar.clone()), ("a.tgz", compressed(&tar)), ("strange", compressed(&tar))] {
        let path = root.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(judged(&path), [(format!("{}:x/pod.yaml", path.display()), Verdict::Fail, Some(0))]);
    }
    let cut = root.path().join("cut.tgz");
    let whole = compressed(&tar);
    std::fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    assert_eq!(judged(&cut), [(cut.display().to_string(), Verdict::Error, None)]);
    let single = root.path().join("pod.yaml.gz");
    std::fs::write(&single, compressed(POD.as_bytes())).unwrap();
    assert_eq!(judged(&single), [(single.display().to_string(), Verdict::Fail, Some(0))]);
}

#[test]
fn a_file_that_is_too_large_is_an_error_and_not_read() {
    let root = folder();
    let path = root.path().join("large.yaml");
    let file = File::create(&path).unwrap();
    file.set_len(100 * 1024 * 1024).unwrap();
    assert_eq!(judged(&path), [(path.display().to_string(), Verdict::Error, None)]);
}

#[test]
fn a_path_that_is_not_there_is_no_finding_and_a_folder_without_objects_is_no_pass() {
    let profile = unprofiled();
    assert!(matches!(judge(&["/nowhere".into()], &JudgeOptions::new(&profile, &Decisions::default())), Err(PlatformError::Manifests { .. })));
    let root = folder();
    let report = judge(&[root.path().to_owned()], &JudgeOptions::new(&profile, &Decisions::default())).unwrap();
    assert!(report.summary.gate_failed, "{report:#?}");
}

#[test]
fn the_report_is_the_same_on_every_run() {
    let root = folder();
    for number in 0..50 {
        std::fs::write(root.path().join(format!("{number}.yaml")), POD.replace("name: a,", &format!("name: a{number},"))).unwrap();
    }
    let report = || serde_json::to_string(&judge(&[root.path().to_owned()], &JudgeOptions { passes: true, ..JudgeOptions::new(&unprofiled(), &Decisions::default()) }).unwrap()).unwrap();
    assert_eq!(report(), report());
}

/// The platform with everything that answers can turn on, and an Airflow deployment, as files.
fn rendered() -> String {
    let text = "apiVersion: airlock/v1\nkind: Answers\nbaseDomain: platform.example.com\ncomponents: { monitoring: { mode: bundled } }\nalerts: { receiver: none }\n";
    let answers = Answers::from_yaml(text).unwrap();
    let applied = crate::requirements::steps(&answers).unwrap().into_iter().filter_map(|step| if let Action::Apply(objects) = step.action { Some(objects) } else { None });
    let mut objects: Vec<_> = applied.flatten().collect();
    let (name, release) = ("alpha".parse().unwrap(), airlock_render::release().unwrap());
    let tenant = Some(TenantInput { name: &name, deployment: &AirflowDeployment::named(&name), incarnation: None, kept: true });
    let deployment =
        airlock_render::render(&RenderInput { answers: &answers, base: &answers.base().unwrap(), release: &release, lock: None, facts: None, installation: "offline", profile: None, tenant }).unwrap();
    objects.extend(deployment.components.into_iter().flat_map(|component| component.objects));
    objects.into_iter().map(|object| object.into_manifest().to_string()).collect::<Vec<_>>().join("\n---\n")
}

#[test]
fn what_airlock_itself_installs_is_told_of_nothing() {
    let ids: Vec<&str> = selected(&unprofiled()).unwrap().iter().map(|check| check.spec().id).filter(|id| standing(id).reads == Reads::Objects).collect();
    let given = judged_now(manifests::snapshot([manifests::read("platform.yaml", rendered().as_bytes())]));
    let mut profile = with_checks(unprofiled(), &ids.join(",")).unwrap();
    // Of a running installation these are known; of files somebody has to say them. The scheduler makes pods of tasks.
    let allowed = "RBC.allow=ServiceAccount/airlock-alpha/airflow-scheduler";
    profile.parameters.extend(["NET-004.allow=* => airlock : TCP 5432", allowed].map(|text| setting(text, &unprofiled()).unwrap()));
    let report = airlock_compliance::judge(&profile, &given, Judging { passes: false, workers: 1 }).unwrap();
    // Digests come from the lock, which there is none of offline; pods of tasks and of attempts come and go, and their policies stay;
    // classes of storage are the cluster's.
    let odd: Vec<String> = report
        .findings
        .iter()
        .filter(|finding| finding.verdict != Verdict::NotApplicable && !["REG-004", "NET-006", "ENC-003"].contains(&finding.check.as_str()))
        .map(|finding| format!("{} {} {:?}: {}", finding.check, finding.subject, finding.path, finding.observed))
        .collect();
    assert!(odd.is_empty(), "{odd:#?}");
}

/// The check knows them by component and port; what templates declare beyond that it would find.
#[test]
fn what_components_need_of_each_other_is_declared_of_an_installation() {
    let mut given = manifests::snapshot([manifests::read("platform.yaml", rendered().as_bytes())]);
    let mut profile = with_checks(unprofiled(), "NET-004").unwrap();
    profile.parameters.extend([setting("NET-004.platform=true", &unprofiled()).unwrap()]);
    let said = |given: &Snapshot, verdict: Verdict| {
        let report = airlock_compliance::judge(&profile, given, Judging { passes: true, workers: 1 }).unwrap();
        report.findings.iter().filter(|finding| finding.verdict == verdict).map(|finding| finding.observed.to_string()).collect::<Vec<_>>()
    };
    // Of files nothing is declared, and the check tells each flow that the policies of both ends open.
    let found = said(&given, Verdict::Fail);
    let flows: Vec<&str> = found.iter().filter_map(|observed| observed.split(';').next().filter(|flow| flow.starts_with("airlock/"))).collect();
    assert_eq!(
        flows,
        [
            "airlock/edge[Deployment], airlock/renewer[CronJob] => airlock-alpha/airflow-api-server[Deployment] : TCP 8080",
            "airlock/monitoring[StatefulSet], airlock/renewer[CronJob] => airlock-alpha/airflow-meter[Deployment] : TCP 9109",
        ]
    );
    assert!(found.len() == 3 && found[2].contains(" => airlock/database[StatefulSet] : TCP 5432;"), "{found:?}");
    given.source = Source::Cluster;
    given.world.platform = "airlock".into();
    given.world.namespaces = ["airlock", "airlock-alpha"].map(str::to_owned).into();
    for kind in [
        "AdminNetworkPolicy",
        "BaselineAdminNetworkPolicy",
        "ClusterNetworkPolicy",
        "CiliumNetworkPolicy",
        "CiliumClusterwideNetworkPolicy",
        "GlobalNetworkPolicy",
        "NetworkPolicy.crd.antrea.io",
        "NetworkPolicy.crd.projectcalico.org",
        "NetworkPolicy.projectcalico.org",
        "Ingress",
        "Pod",
    ] {
        given.objects.entry(kind.into()).or_insert_with(|| Ok(Vec::new()));
    }
    assert_eq!(said(&given, Verdict::Fail), [""; 0]);
    assert_eq!(said(&given, Verdict::Unverified), [""; 0]);
    assert_eq!(said(&given, Verdict::Pass).len(), 2);
}
