//! `airlock install --plan FILE`: that plan as it was written, and nothing else.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use airlock_bed::Output;
use airlock_e2e::{Run, Site};
use airlock_model::Digest;
use serde_json::{Value, json};

use crate::bad_input::{Expected, assert_refused};

/// The plan for the least answers, in a file.
fn written(site: &Site) -> PathBuf {
    let answers = site.answers("");
    let planned = site.run(&["plan", "--answers", &answers.display().to_string(), "-o", "json"]).expect(0);
    fs::remove_file(answers).expect("answers are not needed any more");
    site.file("plan.json", &planned.stdout)
}

fn carry_out(site: &Site, plan: &Path, folder: &Path) -> Run {
    let began = std::time::Instant::now();
    let mut command = site.command(&["install", "--plan", &plan.display().to_string(), "--yes"]);
    let Output { code, stdout, stderr } = Output::from(command.current_dir(folder).output().expect("airlock starts"));
    Run { exit: code.unwrap_or(-1), stdout, stderr, took: began.elapsed() }
}

#[test]
fn a_written_plan_is_carried_out_from_anywhere_until_nothing_of_it_is_left_or_something_else_has_changed() {
    let site = Site::shared("written");
    let plan = written(&site);
    let folder = tempfile::tempdir().expect("a folder");
    let run = || carry_out(&site, &plan, folder.path());
    let waiting = run().expect(11);
    assert!(waiting.said().contains("--plan") && waiting.said().contains("ticket"), "{}", waiting.said());
    site.set_dns();
    run().expect(11);
    site.trust_on_nodes();
    let done = run().expect(0);
    assert!(done.said().contains("is installed"), "{}", done.said());
    let digest = serde_json::from_str::<Value>(&fs::read_to_string(&plan).expect("the plan")).expect("JSON")["digest"].clone();
    let record: Value = serde_json::from_str(&site.kubectl(&["get", "configmap", "airlock-record", "-o", "jsonpath={.data.record\\.json}"])).expect("the record");
    assert_eq!((&record["plan"], record["answers"]["baseDomain"].as_str()), (&digest, Some(site.base().as_str())));

    let audit = site.audit();
    assert!(run().expect(0).stdout.contains("nothing is to be done"));
    assert!(site.install(&site.answers("")).expect(0).stdout.contains("nothing is to be done"), "it is what the answers lead to");
    assert_eq!(audit.writes(), []);

    what_is_there_is_what_was_approved(&site, digest.as_str().expect("a digest"));
    site.kubectl(&["scale", "deployment", "edge", "--replicas=0"]);
    let changed = approved(&site, &format!("EVD-003.plans={}", digest.as_str().expect("a digest")), 7);
    assert_eq!((changed["the platform: objects"].as_str(), changed.len()), ("fail: 1 no longer as installed; EVD-002 names each with its fields", 2));
    let audit = site.audit();
    let refused = run().expect(12);
    assert!(refused.first_error().starts_with("error[engine.plan-mismatch]"), "{}", refused.first_error());
    assert!(refused.said().contains("edge") && refused.said().contains("the plan no longer matches"), "{}", refused.said());
    assert_eq!(audit.writes(), []);
    // Here it is waited for: nothing of an installation keeps its namespaces from going.
    site.remove();
}

/// What EVD-003 says by this setting, by subject.
fn approved(site: &Site, setting: &str, exit: i32) -> BTreeMap<String, String> {
    let told = site.told("EVD-003", &[setting], exit);
    told.into_iter().map(|told| (told.subject, format!("{}: {}", told.verdict, told.observed))).collect()
}

fn what_is_there_is_what_was_approved(site: &Site, plan: &str) {
    let good = approved(site, &format!("EVD-003.plans={plan}"), 0);
    assert_eq!((good.len(), good["the platform: objects"].as_str()), (2, "pass: every object is as it was installed"), "{good:?}");
    let carried_out = &good[&format!("the platform: plan {plan}")];
    assert!(carried_out.starts_with("pass: carried out ") && carried_out.ends_with(", let go by --yes; approved"), "{carried_out}");
    let another = format!("EVD-003.plans={}", Digest::of(b"another"));
    for (setting, why) in [(another.as_str(), "EVD-003.plans does not name it"), ("EVD-003.ways=prompt", "EVD-003.ways takes prompt alone")] {
        let told = approved(site, setting, 7);
        let carried_out = &told[&format!("the platform: plan {plan}")];
        assert!(carried_out.starts_with("fail: ") && carried_out.ends_with(&format!("; {why}")), "{carried_out}");
    }
    let told = approved(site, "EVD-003.ways=yes", 0);
    assert!(told[&format!("the platform: plan {plan}")].starts_with("pass: "), "{told:?}");
}

#[test]
fn a_file_that_is_not_the_plan_that_was_written_for_this_cluster_is_refused() {
    let site = Site::shared("unwritten");
    let plan = written(&site);
    let text = fs::read_to_string(&plan).expect("the plan");
    let whole: Value = serde_json::from_str(&text).expect("JSON");
    let changed = |pointer: &str, value: Value| {
        let mut file = whole.clone();
        *file.pointer_mut(pointer).expect("it is there") = value;
        file
    };
    let sealed = |mut file: Value| {
        file["digest"] = json!(Digest::of_canonical(&file["plan"]).expect("canonical"));
        file.to_string()
    };
    let cases = [
        ("cut off", text[..text.len() / 2].to_owned(), Expected { exit: 2, first_line: "error[platform.plan-file]: …" }),
        ("no plan", "apiVersion: airlock/v1\n".to_owned(), Expected { exit: 2, first_line: "error[platform.plan-file]: …" }),
        ("edited plan", changed("/plan/steps/0/title", json!("x")).to_string(), Expected { exit: 12, first_line: "error[platform.plan-edited]: …" }),
        ("edited answers", changed("/answers/sizing", json!("production")).to_string(), Expected { exit: 12, first_line: "error[platform.plan-edited]: …" }),
        ("another version", sealed(changed("/plan/schema", json!(7))), Expected { exit: 2, first_line: "error[platform.plan-file]: …" }),
        ("another release", sealed(changed("/plan/release", json!("9.0.0"))), Expected { exit: 2, first_line: "error[…it installs Airlock 9.0.0…" }),
        ("another cluster", sealed(changed("/plan/clusterUid", json!("5d0f8f1c-0000-4000-8000-000000000000"))), Expected { exit: 12, first_line: "error[engine.other-cluster]: …" }),
    ];
    let audit = site.audit();
    for (case, text, expected) in cases {
        let run = carry_out(&site, &site.file("wrong.json", &text), Path::new("/"));
        assert_refused(&site, case, &run, &expected);
    }
    let plan = plan.display().to_string();
    assert_refused(&site, "no file", &site.run(&["install", "--plan", "/does/not/exist", "--yes"]), &Expected { exit: 2, first_line: "error[command.file-unreadable]: …" });
    assert_refused(&site, "another namespace", &site.run(&["install", "--plan", &plan, "--namespace", "other", "--yes"]), &Expected { exit: 2, first_line: "error[…the plan is for `unwritten`…" });
    assert_refused(&site, "answers beside it", &site.run(&["install", "--plan", &plan, "--answers", &plan, "--yes"]), &Expected { exit: 2, first_line: "error…cannot be used with…" });
    assert_eq!(audit.writes(), []);
}
