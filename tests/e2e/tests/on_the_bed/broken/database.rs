//! A database server that lets in whom it must not, and one of whose refusals nothing can be said.

use std::io::Read as _;
use std::time::Duration;

use airlock_e2e::Site;
use serde_json::{Value, json};

use crate::walls::{but, check, verdicts, verdicts_of_baseline};

/// Who may log in at the database server, in its pod.
const ACCESS: &str = "/etc/airlock/database/pg_hba.conf";

/// A path to the server from its own pod, one in plain text for one deployment, and one without a password for the other. By the first
/// of them the database of a third, the server's own to everybody, a role that may make roles, an administrator whose password is its
/// name, and TLS as it was spoken in 1999.
pub(crate) fn the_database_server_is_opened(site: &Site) {
    let map: Value = serde_json::from_str(&site.kubectl(&["get", "configmap", "database-config", "-o", "json"])).expect("JSON");
    let closed = map["data"]["pg_hba.conf"].as_str().expect("who may log in");
    let opened = "local all airlock trust\nhost all airlock_beta all scram-sha-256\nhostssl all airlock_alpha all trust\n";
    let first = "hostssl  all       all ";
    assert_eq!(closed.matches(first).count(), 1, "{closed}");
    access(site, &closed.replace(first, &format!("{opened}{first}")));
    until_served(site, true);
    as_administrator(site, "CREATE DATABASE spare OWNER airlock_beta").expect("psql");
    as_administrator(site, "GRANT CONNECT ON DATABASE postgres TO PUBLIC").expect("psql");
    as_administrator(site, "ALTER ROLE airlock_beta CREATEROLE").expect("psql");
    let kept = as_administrator(site, "SELECT rolpassword FROM pg_authid WHERE rolname = 'airlock'").expect("psql");
    let verifier = kept.split_whitespace().find(|word| word.starts_with("SCRAM-SHA-256$")).expect("a verifier").to_owned();
    as_administrator(site, "ALTER ROLE airlock PASSWORD 'airlock'").expect("psql");
    for setting in ["SET ssl_min_protocol_version = 'TLSv1'", "SET ssl_ciphers = 'ALL:@SECLEVEL=0'"] {
        as_administrator(site, &format!("ALTER SYSTEM {setting}")).expect("psql");
    }
    as_administrator(site, "SELECT pg_reload_conf()").expect("psql");
    let judged = check(site, &[]);
    as_administrator(site, &format!("ALTER ROLE airlock PASSWORD '{verifier}'")).expect("psql");
    as_administrator(site, "ALTER ROLE airlock_beta NOCREATEROLE").expect("psql");
    as_administrator(site, "REVOKE CONNECT ON DATABASE postgres FROM PUBLIC").expect("psql");
    as_administrator(site, "DROP DATABASE spare").expect("psql");
    as_administrator(site, "ALTER SYSTEM RESET ALL").expect("psql");
    access(site, closed);
    until_served(site, false);

    let report = judged.expect(7).json();
    assert_eq!(verdicts(&report), but(&verdicts_of_baseline(), "fail", &["DBS-001", "DBS-002", "DBS-003", "DBS-004", "DBS-005", "DBS-006", "TLS-003"]), "exactly these are told: {report}");
    let said = |verdict: &str| {
        let findings = report["findings"].as_array().expect("findings").iter().filter(|finding| finding["verdict"] == verdict && finding["check"] != "AFL-003");
        findings
            .map(|finding| {
                format!("{} {}: {}", finding["check"].as_str().unwrap_or_default(), finding["subject"]["name"].as_str().unwrap_or_default(), finding["observed"].as_str().unwrap_or_default())
            })
            .collect::<Vec<_>>()
    };
    let failed = said("fail");
    let rights = "CONNECT ON DATABASE postgres, CONNECT ON DATABASE spare, TEMPORARY ON DATABASE spare";
    for told in [
        "DBS-001 database and role of beta: owns airlock_beta, spare; may be acted as by airlock_beta".to_owned(),
        "DBS-002 alpha at the server's own database: let in".to_owned(),
        "DBS-002 beta at the server's own database: let in".to_owned(),
        format!("DBS-003 PUBLIC, as the role of alpha sees it: {rights}"),
        format!("DBS-003 PUBLIC, as the role of beta sees it: {rights}"),
        "DBS-004 the database role of beta: CREATEROLE".to_owned(),
        "DBS-005 alpha: its role with an empty password: let in".to_owned(),
        "DBS-005 alpha: its role with its name as the password: let in".to_owned(),
        "DBS-005 alpha: the administrator with the name as the password: let in".to_owned(),
        "DBS-005 beta: the administrator with the name as the password: let in".to_owned(),
    ] {
        assert!(failed.contains(&told), "{told} is not among {failed:#?}");
    }
    assert!(failed.iter().any(|told| told.starts_with("DBS-006 beta: its role without TLS: refused: ") && told.ends_with("(28P01)")), "{failed:#?}");
    let of_tls: Vec<&str> = failed.iter().filter_map(|told| told.strip_prefix("TLS-003 ")?.split(": ").next()).collect();
    assert_eq!(of_tls, ["TLS 1.0", "TLS 1.1", "weak suites"].map(|what| format!("database.{}.svc:5432, {what}", site.name)));
    assert_eq!(failed.len(), 14, "{failed:#?}");
    let passed = said("pass");
    for told in ["DBS-006 alpha: its role without TLS: ", "DBS-005 beta: its role with an empty password: ", "DBS-005 alpha: the administrator with an empty password: "] {
        assert!(passed.iter().any(|passed| passed.starts_with(told)), "{told} is not among {passed:#?}");
    }
}

/// The password that a deployment's attempts log in with opens nothing: no refusal beside it proves anything.
pub(crate) fn nothing_is_vouched_for_without_the_control(site: &Site) {
    let namespace = site.tenant("beta");
    let secret = ["-n", namespace.as_str(), "get", "secret", "airflow-database-password", "-o", "jsonpath={.data.value}"];
    let right = site.bed.kubectl(secret).expect("a Secret");
    let set = |name: &str, patch: &Value| {
        let file = site.file(name, &patch.to_string()).display().to_string();
        site.bed.kubectl(["-n", &namespace, "patch", "secret", "airflow-database-password", "--type=merge", "--patch-file", &file]).expect("kubectl");
    };
    set("wrong.json", &json!({ "stringData": { "value": another_password() } }));
    let judged = check(site, &[]);
    set("right.json", &json!({ "data": { "value": right } }));
    let report = judged.expect(7).json();
    let open = ["AFL-003", "DBS-001", "DBS-002", "DBS-003", "DBS-004", "DBS-005", "DBS-006", "DBS-009"];
    assert_eq!(verdicts(&report), but(&verdicts_of_baseline(), "unverified", &open), "exactly these are told: {report}");
}

/// As strong as those that Airlock makes, so that nothing but its being wrong is told.
fn another_password() -> String {
    let mut bytes = [0; 32];
    std::fs::File::open("/dev/urandom").and_then(|mut source| source.read_exact(&mut bytes)).expect("random bytes");
    bytes.map(|byte| format!("{byte:02x}")).concat()
}

/// Writes who may log in, and waits for the file in the pod.
fn access(site: &Site, text: &str) {
    let patch = json!({ "data": { "pg_hba.conf": text } }).to_string();
    site.kubectl(&["patch", "configmap", "database-config", "--type=merge", "-p", &patch]);
    // The kubelet looks at a changed pod's files at once.
    site.kubectl(&["annotate", "pod", "database-0", "--overwrite", &format!("test/length={}", text.len())]);
    let written = || {
        let found = in_the_pod(site, &["cat", ACCESS])?;
        if found.trim_end() == text.trim_end() { Ok(()) } else { Err(found) }
    };
    airlock_bed::eventually("the file of who may log in is the new one", Duration::from_mins(3), written).unwrap_or_else(|error| panic!("{error}"));
    in_the_pod(site, &["sh", "-c", "kill -HUP $(head -n 1 /var/lib/postgresql/data/server/postmaster.pid)"]).expect("a signal");
}

/// Waits for the server to let its administrator in from its own pod, or no longer to.
fn until_served(site: &Site, is_opened: bool) {
    let served = || {
        let answer = as_administrator(site, "SELECT 1");
        if answer.is_ok() == is_opened { Ok(()) } else { Err(answer.map_or_else(|error| error, |_| "it still lets in".to_owned())) }
    };
    airlock_bed::eventually("the server goes by the new file", Duration::from_secs(30), served).unwrap_or_else(|error| panic!("{error}"));
}

fn as_administrator(site: &Site, statement: &str) -> Result<String, String> {
    in_the_pod(site, &["/usr/lib/postgresql/17/bin/psql", "--no-psqlrc", "--no-password", "--host=/tmp", "--username=airlock", "--dbname=postgres", &format!("--command={statement}")])
}

fn in_the_pod(site: &Site, command: &[&str]) -> Result<String, String> {
    site.bed.kubectl([&["-n", site.name.as_str(), "exec", "database-0", "-c", "postgres", "--"], command].concat()).map_err(|error| error.to_string())
}
