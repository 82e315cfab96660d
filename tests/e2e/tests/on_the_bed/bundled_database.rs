//! The database server that comes with the platform, as its clients meet it: TLS alone, verifiers alone, and a database that goes only
//! when it was kept.

use std::io::Write as _;
use std::process::Stdio;

use airlock_e2e::Site;

/// What a program of a deployment logs in with, and the superuser's login beside it. The password comes by stdin.
const LOGINS: &str = "import base64, pathlib, psycopg2
url = pathlib.Path('/etc/airlock/database/value').read_text().replace('+psycopg2', '')
def superuser(): return psycopg2.connect(url, user='airlock', dbname='postgres', password=base64.b64decode(PASSWORD).decode())
";

/// By the way that its own clients go, and the two that nobody may.
const WAYS: &str = "for more in ({}, {'sslmode': 'disable'}, {'sslrootcert': '/etc/ssl/certs/ca-certificates.crt'}):
    try:
        psycopg2.connect(url, **more); print('accepted')
    except psycopg2.OperationalError as error:
        print(next((words for words in ('no encryption', 'certificate verify failed') if words in str(error)), error))
";

/// Of every session that came over the network, and of every role.
const SESSIONS_AND_ROLES: &str = "own, cursor = psycopg2.connect(url), superuser().cursor()
for question in (
    \"select count(*) filter (where not ssl), count(*) filter (where ssl and usename in ('airlock', 'airlock_alpha')) > 1 from pg_stat_activity join pg_stat_ssl using (pid) where client_addr is not null\",
    \"select string_agg(rolname, ' ' order by rolname), bool_and(rolpassword like 'SCRAM-SHA-256$%') from pg_authid where rolpassword is not null\",
    \"select string_agg(rolname, ' ' order by rolname) filter (where rolsuper), string_agg(rolname, ' ' order by rolname) filter (where rolcanlogin and rolpassword is null) from pg_authid\",
):
    cursor.execute(question); print(*cursor.fetchone())
";

/// Runs in a pod of a deployment, which reaches the server.
fn python(site: &Site, script: &str) -> String {
    let password = site.kubectl(&["get", "secret", "database-superuser", "-o", "jsonpath={.data.value}"]);
    let command = ["-n", &site.tenant("alpha"), "exec", "-i", "deployment/airflow-scheduler", "--", "python", "-"].map(str::to_owned);
    let mut run = site.bed.kubectl_command(command.iter().map(String::as_str)).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("kubectl");
    write!(run.stdin.take().expect("its input"), "PASSWORD = '{password}'\n{LOGINS}{script}").expect("it reads");
    let ended = run.wait_with_output().expect("it ends");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stdout));
    String::from_utf8_lossy(&ended.stdout).into_owned()
}

/// With two deployments, alpha and beta, on it.
pub(crate) fn it_speaks_tls_alone_and_keeps_verifiers_alone(site: &Site) {
    assert_eq!(python(site, WAYS).lines().collect::<Vec<_>>(), ["accepted", "no encryption", "certificate verify failed"]);
    let told = python(site, SESSIONS_AND_ROLES);
    // The one without a password is let in over the socket inside the server's pod alone.
    assert_eq!(told.lines().collect::<Vec<_>>(), ["0 True", "airlock airlock_alpha airlock_beta True", "airlock airlock_health"]);
}

/// Which deployments have a database, and which a role.
#[cfg(feature = "long")]
pub(crate) fn databases_and_roles(site: &Site) -> String {
    let question = "select (select string_agg(datname, ',' order by datname) from pg_database where datname like 'airlock\\\\_%'), (select string_agg(rolname, ',' order by rolname) from pg_roles where rolname like 'airlock\\\\_%' and rolname <> 'airlock_health')";
    python(site, &format!("cursor = superuser().cursor()\ncursor.execute(\"{question}\")\nprint(*cursor.fetchone())\n")).trim().to_owned()
}

/// Its role is not let in, so that there is no dump; then it is as it was.
pub(crate) fn what_cannot_be_kept_is_not_dropped(site: &Site, name: &str) {
    let valid = |until: &str| python(site, &format!("server = superuser()\nserver.autocommit = True\nserver.cursor().execute(\"alter role airlock_{name} valid until '{until}'\")\n"));
    valid("yesterday");
    let refused = site.run(&["deployment", "delete", name, "--namespace", &site.name, "--yes"]).expect(6);
    valid("infinity");
    assert!(refused.said().contains("platform.database-not-kept"), "{}", refused.stderr);
    let pods = site.kubectl(&["get", "pods", "-o", "name"]);
    let tried = pods.lines().filter(|pod| pod.starts_with(&format!("pod/database-drop-{name}-"))).count();
    assert_eq!(tried, 1, "what was refused is not tried again: {pods}");
    let there = format!("cursor = superuser().cursor()\ncursor.execute(\"select count(*) from pg_database where datname = 'airlock_{name}'\")\nprint(*cursor.fetchone())\n");
    assert_eq!(python(site, &there).trim(), "1");
    // Whoever waits for the next Job of that name is not to find this one.
    site.kubectl(&["delete", "jobs", "-l", &format!("airlock-platform.io/tenant={name}")]);
}
