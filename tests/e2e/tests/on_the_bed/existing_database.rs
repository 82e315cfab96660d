//! A database server that the company runs, examined from inside before anything is installed.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use airlock_bed::eventually;
use airlock_e2e::{Run, Site};

use crate::company::Company;

#[cfg(feature = "long")]
pub(crate) mod deployed;

/// The last part of the company's address on the bridge.
const CORP: u8 = 254;
const PORT: u16 = 5432;
const PORT_WITHOUT_TLS: u16 = 5433;
const PORT_WITH_FEW_CONNECTIONS: u16 = 5434;
const CLOSED_PORT: u16 = 5435;
const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/company-database");

/// A login to which the server says that it is of a version before the oldest that is fit. No such server is to be had of packages.
const OUTDATED: [&str; 4] = [
    "CREATE SCHEMA outdated",
    "CREATE FUNCTION outdated.current_setting(text) RETURNS text LANGUAGE sql AS $$ SELECT CASE $1 WHEN 'server_version_num' THEN '130018' WHEN 'server_version' THEN '13.18' ELSE pg_catalog.current_setting($1) END $$",
    "GRANT USAGE ON SCHEMA outdated TO outdated",
    "ALTER ROLE outdated SET search_path = outdated, pg_catalog",
];

/// The same of a server whose clock is an hour behind.
const LATE: [&str; 4] = [
    "CREATE SCHEMA late",
    "CREATE FUNCTION late.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS $$ SELECT pg_catalog.clock_timestamp() - interval '1 hour' $$",
    "GRANT USAGE ON SCHEMA late TO late",
    "ALTER ROLE late SET search_path = late, pg_catalog",
];

/// Every printable character of ASCII, and a space at the end that is no editor's.
fn password() -> String {
    (' '..='~').chain([' ']).collect()
}

/// The company's servers, all copies of one.
struct Servers<'a> {
    site: &'a Site,
    company: Company,
    host: String,
    /// Another name of its address, which its certificate does not hold.
    alias: String,
    folder: tempfile::TempDir,
    running: Vec<Child>,
}

impl<'a> Servers<'a> {
    /// The administrator may make databases and roles and is no superuser; other logins may less, or meet an older server or one whose clock is late.
    fn start(site: &'a Site) -> Self {
        let company = Company::new();
        let [host, alias] = ["db", "sql"].map(|name| format!("{name}-{}.platform.test", site.name));
        for name in [&host, &alias] {
            site.bed.dns_set(name, "A", &site.bed.address(CORP).expect("the company's address")).expect("a name for the server");
        }
        company.issue("db", &[&host]);
        company.concatenate(&["db.crt", "issuing.crt"], "db-chain.pem");
        let mut servers = Self { site, company, host, alias, folder: tempfile::tempdir().expect("a folder"), running: Vec::new() };
        servers.prepare();
        servers.serve("good", PORT, &["ssl=on", "max_connections=100"]);
        servers.serve("plain", PORT_WITHOUT_TLS, &["ssl=off"]);
        servers.serve("small", PORT_WITH_FEW_CONNECTIONS, &["ssl=on", "max_connections=30"]);
        servers
    }

    fn prepare(&self) {
        let secret = password().replace('\'', "''");
        let role = |name: &str, rights: &str| format!("CREATE ROLE {name} LOGIN {rights} PASSWORD '{secret}'");
        let whole = ["airlock", "outdated", "late"].map(|name| role(name, "CREATEDB CREATEROLE"));
        let roles = [&whole[..], &[role("powerless", ""), role("of_databases", "CREATEDB"), role("of_roles", "CREATEROLE")]].concat();
        let roles = [&roles[..], &OUTDATED.map(str::to_owned), &LATE.map(str::to_owned)].concat().join("\n") + "\n";
        let layout = self.site.bed.folder().join("images/oci/postgres");
        let (certificate, key) = (self.company.path("db-chain.pem"), self.company.path("db.key"));
        let prepare = Command::new(PROGRAM).arg("prepare").arg(self.folder.path()).arg(layout).arg(certificate).arg(key).stdin(roles_file(self.site, &roles)).output().expect("a shell");
        assert!(prepare.status.success(), "{}", String::from_utf8_lossy(&prepare.stderr));
    }

    fn serve(&mut self, name: &str, port: u16, settings: &[&str]) {
        let address = self.site.bed.address(CORP).expect("the company's address");
        let mut command = self.site.bed.corp(PROGRAM);
        command.arg("serve").arg(self.folder.path()).args([name, &address, &port.to_string()]).args(settings);
        let log = std::fs::File::create(self.folder.path().join(format!("{name}.log"))).expect("a log");
        self.running.push(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().expect("a server"));
        eventually("the company's server answers", Duration::from_secs(30), || self.try_sql(port, "SELECT 1")).unwrap_or_else(|error| panic!("{error}"));
    }

    fn try_sql(&self, port: u16, statement: &str) -> Result<String, String> {
        let output = Command::new(PROGRAM).arg("sql").arg(self.folder.path()).arg(port.to_string()).stdin(roles_file(self.site, statement)).output().expect("a shell");
        if output.status.success() { Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
    }

    /// What the people who run the server see, as its superuser.
    fn sql(&self, statement: &str) -> String {
        self.try_sql(PORT, statement).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Answers of a site for one of these servers.
    fn answers(&self, site: &Site, asked: &Asked<'_>) -> PathBuf {
        let address = site.bed.address(CORP).expect("the company's address");
        let secret = site.file("password", &format!("{}\n", asked.password));
        site.whole_answers(&format!(
            "components: {{ database: {{ mode: existing, server: {{ host: {}, port: {}, networks: [{address}/32], {}administrator: {{ username: {}, password: 'file:{}' }} }} }} }}\ntrust: {{ ca: ['{}'] }}\n",
            asked.host.unwrap_or(&self.host),
            asked.port,
            asked.authority.map(|authority| format!("authority: '{authority}', ")).unwrap_or_default(),
            asked.username,
            secret.display(),
            self.company.reference("root.crt"),
        ))
    }
}

impl Drop for Servers<'_> {
    fn drop(&mut self) {
        for server in &mut self.running {
            let _ = Command::new("kill").args(["-QUIT", &server.id().to_string()]).status();
            let _ = server.wait();
        }
        for name in [&self.host, &self.alias] {
            let _ = self.site.bed.dns_delete(name);
        }
    }
}

/// Statements as the standard input of a program.
fn roles_file(site: &Site, text: &str) -> Stdio {
    std::fs::File::open(site.file("statements.sql", text)).expect("a file").into()
}

/// What differs between the cases.
struct Asked<'a> {
    /// None: by the name that its certificate holds.
    host: Option<&'a str>,
    port: u16,
    username: &'a str,
    password: &'a str,
    /// Beside `trust.ca`, which leads to the server's certificate.
    authority: Option<&'a str>,
}

#[test]
fn a_server_of_the_company_is_examined_before_anything_is_installed() {
    let site = Site::shared("theirs");
    let servers = Servers::start(&site);
    what_is_not_fit_ends_before_anything_is_installed(&servers);

    let secret = password();
    let answers = servers.answers(&site, &Asked { host: None, port: PORT, username: "airlock", password: &secret, authority: None });
    let done = site.installed(&answers);
    assert!(!done.said().contains(&secret), "the password is told nowhere");
    let again = site.install(&answers).expect(0);
    assert!(again.said().contains("nothing is to be done"), "{}", again.said());
    let parts = site.kubectl(&["get", "statefulsets,services,persistentvolumeclaims", "-o", "name"]);
    assert!(!parts.contains("database"), "nothing of a server of ours is installed: {parts}");
    site.run(&["uninstall", "--namespace", &site.name, "--yes"]).expect(0);
}

/// Each on a site of its own, all at once: most of it is waiting for a pod.
fn what_is_not_fit_ends_before_anything_is_installed(servers: &Servers<'_>) {
    let secret = password();
    let good = || Asked { host: None, port: PORT, username: "airlock", password: &secret, authority: None };
    let own = servers.host.as_str();
    servers.company.issue("stranger", &["stranger.test"]);
    let stranger = servers.company.reference("stranger.crt");
    let cases = [
        ("unreachable", Asked { port: CLOSED_PORT, ..good() }, format!("DBS-010 ({own}:{CLOSED_PORT})")),
        // A certificate, but not the authority that signed the server's.
        ("wrong certificate", Asked { authority: Some(&stranger), ..good() }, format!("DBS-012 ({own}:{PORT})")),
        ("wrong password", Asked { password: "wrong", ..good() }, format!("DBS-013 (airlock at {own}:{PORT})")),
        // The others take `make soak`.
        ("no TLS", Asked { port: PORT_WITHOUT_TLS, ..good() }, format!("DBS-011 ({own}:{PORT_WITHOUT_TLS})")),
        ("not among those that every system knows", Asked { authority: Some("system"), ..good() }, format!("DBS-012 ({own}:{PORT})")),
        ("too old", Asked { username: "outdated", ..good() }, format!("DBS-014 ({own}:{PORT})")),
        ("another clock", Asked { username: "late", ..good() }, format!("DBS-017 ({own}:{PORT})")),
        ("another name", Asked { host: Some(&servers.alias), ..good() }, format!("DBS-012 ({}:{PORT})", servers.alias)),
        ("no rights", Asked { username: "powerless", ..good() }, format!("DBS-015 (powerless at {own}:{PORT})")),
        ("no right to make roles", Asked { username: "of_databases", ..good() }, format!("DBS-015 (of_databases at {own}:{PORT})")),
        ("no right to make databases", Asked { username: "of_roles", ..good() }, format!("DBS-015 (of_roles at {own}:{PORT})")),
        ("too few connections", Asked { port: PORT_WITH_FEW_CONNECTIONS, ..good() }, format!("DBS-016 ({own}:{PORT_WITH_FEW_CONNECTIONS})")),
    ];
    let tried = if cfg!(feature = "long") { cases.len() } else { 3 };
    std::thread::scope(|scope| {
        for (number, (case, asked, named)) in cases.into_iter().take(tried).enumerate() {
            scope.spawn(move || {
                let site = Site::shared(&format!("unfit-{number}"));
                let audit = site.audit();
                let run = site.install(&servers.answers(&site, &asked));
                assert_refused(&run, case, &named);
                for write in audit.writes() {
                    let beginning = ["namespaces", "leases", "configmaps"].contains(&write.resource.as_str());
                    assert!(beginning || write.name.starts_with("database-") || write.resource == "jobs", "{case}: {write:?} is more than the examination needs");
                }
            });
        }
    });
}

#[track_caller]
fn assert_refused(run: &Run, case: &str, named: &str) {
    assert_eq!(run.exit, 3, "{case}:\n{}", run.said());
    assert_eq!(run.first_error(), format!("error[engine.examined]: {named} blocks the run; nothing was installed"), "{case}:\n{}", run.said());
}
