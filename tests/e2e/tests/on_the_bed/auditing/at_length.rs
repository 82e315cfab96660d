//! Minutes of audits: what is worse is told until it is mended, one that begins by itself, and the folder that is fetched and verified.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use airlock_bed::eventually;
use airlock_e2e::Site;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

use super::{result, verdict, worsened};

/// An image of the bed with a Python.
const AIRFLOW: &str = "docker.io/apache/airflow:3.3.2-python3.13";

/// With `told` it is waited for the alert at the receiver. The runs, as they were written down.
pub(crate) fn an_audit_says_what_the_command_line_says_and_what_is_worse(site: &Site, answers: &Path, told: impl FnOnce()) -> [Value; 3] {
    let first = result(site, "first");
    let report = site.run(&["compliance-check", "--profile", "baseline", "--namespace", &site.name, "--yes", "-o", "json"]).expect(0).json();
    let mut compared = 0;
    for check in first["report"]["checks"].as_array().expect("checks") {
        let id = check["id"].as_str().expect("an id");
        if check["verdict"] == "unverified" {
            let findings = first["report"]["findings"].as_array().expect("findings").iter().filter(|finding| finding["check"] == id && finding["verdict"] == "unverified");
            assert!(findings.clone().count() > 0, "{check}");
            findings.for_each(|finding| assert!(finding["observed"].to_string().contains("`airlock compliance-check`"), "{finding}"));
            continue;
        }
        assert_eq!(check["verdict"], verdict(&report, id), "{id}");
        compared += 1;
    }
    assert!(compared > 20, "{compared} checks were made by both");
    assert_eq!((&first["audit"]["worse"], worse(site).as_str()), (&Value::Array(Vec::new()), "false"));
    assert!(first["audit"]["signedBy"].is_string(), "{}", first["audit"]);

    site.kubectl(&["delete", "networkpolicy", "default-deny"]);
    let second = result(site, "second");
    assert!(worsened(&second).contains(&["NET-001", "pass", "fail"]), "{}", second["audit"]);
    assert_eq!((worse(site).as_str(), &second["audit"]["since"]), ("true", &first["audit"]["run"]));
    let status = site.run(&["status", "--namespace", &site.name]).expect(0).stdout;
    assert!(status.contains("NET-001: fail, before pass"), "{status}");
    told();

    site.install(answers).expect(0);
    let third = result(site, "third");
    assert_eq!((&third["audit"]["worse"], worse(site).as_str()), (&Value::Array(Vec::new()), "false"), "{}", third["audit"]);

    // It reads no Secret and makes no pod.
    let account = format!("system:serviceaccount:{}:auditor", site.name);
    let may = |verb: &str, resource: &str| site.bed.try_kubectl(["--as", &account, "-n", &site.name, "auth", "can-i", verb, resource]).expect("kubectl").stdout.trim().to_owned();
    assert_eq!([may("list", "pods"), may("get", "secrets"), may("create", "pods"), may("patch", "cronjobs")], ["yes", "no", "no", "no"]);
    [first, second, third].map(|audit| audit["audit"]["run"].clone())
}

/// One begins when it is due, asked for by nobody; and what the volume keeps is fetched as the documentation says, and verified without the
/// cluster.
pub(crate) fn an_audit_begins_by_itself_and_what_is_kept_is_verified(site: &Site, answers: &Path) {
    let written = fs::read_to_string(answers).expect("answers");
    let often = site.file("often.yaml", &format!("{written}compliance: {{ schedule: 1m }}\n"));
    site.install(&often).expect(0);
    let begun = eventually("an audit begins by itself and ends", Duration::from_mins(6), || {
        let jobs: Value = serde_json::from_str(&site.kubectl(&["get", "jobs", "-o", "json"])).map_err(|error| error.to_string())?;
        let is_done = |job: &&Value| {
            job["metadata"]["ownerReferences"][0]["name"] == "auditor" && job["status"]["succeeded"] == 1 && job["metadata"]["annotations"]["cronjob.kubernetes.io/instantiate"].is_null()
        };
        let name = jobs["items"].as_array().into_iter().flatten().find(is_done).and_then(|job| job["metadata"]["name"].as_str()).ok_or("none so far")?;
        // The next one takes its place a minute later.
        site.bed.kubectl(["-n", &site.name, "logs", &format!("job/{name}"), "-c", "audit"]).map_err(|error| error.to_string())
    });
    site.install(answers).expect(0);
    let log = begun.expect("an audit");
    let audit: Value = log.lines().find_map(|line| serde_json::from_str(line).ok()).unwrap_or_else(|| panic!("no result:\n{log}"));
    let run = audit["audit"]["run"]["run"].as_str().expect("a run").to_owned();

    let kept = fetched(site);
    let key = site.folder().join("evidence.pem");
    let public = site.folder().join("evidence.pub");
    let made = Command::new("openssl").args(["pkey", "-pubout", "-in"]).arg(&key).arg("-out").arg(&public).output().expect("openssl");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let verify = || site.run(&["evidence", "verify", &kept.display().to_string(), "--trust", &public.display().to_string()]);
    let well = verify().expect(0);
    assert!(well.said().contains(&run), "{run}: {}", well.said());
    let report = fs::read_dir(&kept).expect("runs").filter_map(Result::ok).map(|entry| entry.path().join("report.json")).find(|path| path.is_file()).expect("a report");
    let mut bytes = fs::read(&report).expect("a report");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&report, bytes).expect("a report");
    let flipped = verify();
    assert!(flipped.exit != 0 && flipped.said().contains("evidence.file-changed"), "{}", flipped.said());
}

/// The folder on the volume, by the pod of `docs/auditor.md`. No image of the bed has `tar`, so Python makes the archive.
fn fetched(site: &Site) -> PathBuf {
    let page = include_str!("../../../../../docs/auditor.md");
    let pod = page.split("```yaml\n").find(|part| part.starts_with("apiVersion: v1\nkind: Pod\n")).and_then(|part| part.split("```").next()).expect("the pod of the page");
    site.bed.apply(&pod.replace("namespace: airlock", &format!("namespace: {}", site.name)).replace("IMAGE", AIRFLOW)).expect("the pod");
    let ready = site.bed.kubectl(["-n", &site.name, "wait", "pod/evidence", "--for=condition=Ready", "--timeout=180s"]);
    let archive = "import base64, io, tarfile; kept = io.BytesIO(); tarfile.open(fileobj=kept, mode='w').add('/kept/evidence', 'evidence'); print(base64.b64encode(kept.getvalue()).decode())";
    let encoded = ready.and_then(|_| site.bed.kubectl(["-n", &site.name, "exec", "evidence", "--", "python3", "-c", archive]));
    site.kubectl(&["delete", "pod", "evidence", "--now"]);
    let encoded = encoded.expect("the archive");
    let archive = site.folder().join("evidence.tar");
    fs::write(&archive, BASE64_STANDARD.decode(encoded.trim()).expect("base64")).expect("an archive");
    let unpacked = Command::new("tar").arg("-xf").arg(&archive).arg("-C").arg(site.folder()).output().expect("tar");
    assert!(unpacked.status.success(), "{}", String::from_utf8_lossy(&unpacked.stderr));
    site.folder().join("evidence")
}

/// What kube-state-metrics tells of.
fn worse(site: &Site) -> String {
    site.kubectl(&["get", "persistentvolumeclaim", "auditor-evidence", "-o", r"jsonpath={.metadata.annotations.airlock-platform\.io/audit-worse}"])
}
