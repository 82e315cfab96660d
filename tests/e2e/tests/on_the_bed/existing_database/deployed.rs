//! An Airflow deployment on a database server that the company runs.

use airlock_e2e::{Airflow, Run, Site};

use super::{Asked, PORT, PORT_WITH_FEW_CONNECTIONS, Servers, password};

pub(crate) fn a_server_of_the_company_holds_a_deployment() {
    let site = Site::shared("held");
    let servers = Servers::start(&site);
    let secret = password();
    site.installed(&servers.answers(&site, &Asked { host: None, port: PORT, username: "airlock", password: &secret, authority: None }));
    a_deployment_works_on_it(&site, &servers);
    another_server_is_refused_while_it_is_there(&site, &servers, &secret);
    a_role_opens_its_own_database_alone(&site, &servers);
    it_goes_without_a_dump_of_ours(&site, &servers);
    site.run(&["uninstall", "--namespace", &site.name, "--yes"]).expect(0);
}

fn deployment(site: &Site, arguments: &[&str]) -> Run {
    site.run(&[&["deployment"], arguments, &["--namespace", &site.name, "--yes"]].concat())
}

fn a_deployment_works_on_it(site: &Site, servers: &Servers<'_>) {
    deployment(site, &["create", "alpha", "-o", "json"]).expect(0);
    let airflow = Airflow::new(site, "alpha");
    let listed = airflow.ask("GET", "/api/v2/dags", Some(&airflow.first_login()), None);
    assert_eq!(listed.status, 200, "{}", listed.body);
    assert!(
        servers.sql("SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'airlock_alpha' AND ssl").parse::<u32>().expect("a number") > 0,
        "its parts are connected over TLS"
    );
    assert_eq!(servers.sql("SELECT rolsuper OR rolcreatedb OR rolcreaterole, rolconnlimit FROM pg_roles WHERE rolname = 'airlock_alpha'"), "f|40");
    let again = deployment(site, &["create", "alpha", "-o", "json"]).expect(0).json();
    assert_eq!(again["outcome"], "unchanged", "{again}");
}

/// It would find none of its tables there.
fn another_server_is_refused_while_it_is_there(site: &Site, servers: &Servers<'_>, secret: &str) {
    let elsewhere = servers.answers(site, &Asked { host: None, port: PORT_WITH_FEW_CONNECTIONS, username: "airlock", password: secret, authority: None });
    let refused = site.install(&elsewhere).expect(3);
    assert!(refused.first_error().starts_with("error[platform.deployments-left]") && refused.first_error().contains("alpha"), "{}", refused.stderr);
}

/// Its own database, and one that another installation made on the same server: by the same statements, from the workstation.
fn a_role_opens_its_own_database_alone(site: &Site, servers: &Servers<'_>) {
    let verifier = site.file("verifier", &servers.sql("SELECT rolpassword FROM pg_authid WHERE rolname = 'airlock'"));
    let (secret, authority) = (site.file("password", &password()), servers.company.path("root.crt"));
    let database = |verb: &str, mark: &str, further: &[&str]| {
        let (port, secret, authority) = (PORT.to_string(), secret.display().to_string(), authority.display().to_string());
        let login = ["--host", &servers.host, "--port", &port, "--administrator", "airlock", "--password-file", &secret, "--authority", &authority, "--role", "airlock_other", "--mark", mark];
        site.run(&[&["database", verb][..], &login, further].concat())
    };
    let verifier = verifier.display().to_string();
    let grant = ["--verifier-file", verifier.as_str(), "--connections", "5"];
    database("grant", "neighbour", &grant).expect(0);
    database("grant", "neighbour", &grant).expect(0);
    let taken = database("grant", "ours", &grant).expect(3);
    assert!(taken.first_error().starts_with("error[platform.database-taken]"), "{}", taken.stderr);

    let script = |name: &str| {
        format!(
            "import pathlib,psycopg2,re\nurl=pathlib.Path('/etc/airlock/database/value').read_text().replace('+psycopg2','')\nurl=re.sub(r'/airlock_alpha\\?','/{name}?',url)\ntry:\n psycopg2.connect(url).cursor().execute('select 1'); print('accepted')\nexcept psycopg2.OperationalError as error: print('refused:', 'permission denied' in str(error))"
        )
    };
    let tried = |name: &str| site.bed.kubectl(["-n", &site.tenant("alpha"), "exec", "deployment/airflow-scheduler", "--", "python", "-c", &script(name)]).expect("exec").trim().to_owned();
    assert_eq!(tried("airlock_alpha"), "accepted", "the control");
    assert_eq!(tried("airlock_other"), "refused: True");
    assert_eq!(servers.sql("SELECT has_database_privilege('airlock', 'airlock_alpha', 'CONNECT')"), "f", "nor does the administrator look into it unasked");

    let report = site.run(&["compliance-check", "--profile", "baseline", "--namespace", &site.name, "--yes", "--all", "-o", "json"]).expect(0).json();
    let verdicts = |report: &serde_json::Value, ids: &[&str]| -> Vec<String> {
        let checks = report["checks"].as_array().expect("checks");
        ids.iter().map(|id| checks.iter().find(|check| check["id"] == *id).expect("the check")["verdict"].as_str().unwrap_or_default().to_owned()).collect()
    };
    let told = verdicts(&report, &["DBS-002", "DBS-006", "AFL-003"]);
    assert_eq!(told, ["warn", "warn", "not-applicable"], "PUBLIC may connect to the server's own database, and everybody in plain text: {report}");
    assert_eq!(verdicts(&report, &["DBS-001", "DBS-003", "DBS-004", "DBS-005", "DBS-009"]), ["pass"; 5], "{report}");
    assert_eq!([tls(&report, servers, "TLS-002"), tls(&report, servers, "TLS-003")], [vec!["pass"], vec!["pass"; 3]], "{report}");
    servers.sql("REVOKE CONNECT ON DATABASE postgres FROM PUBLIC; GRANT CONNECT ON DATABASE postgres TO airlock");
    servers.sql("DO $$ BEGIN EXECUTE format('COPY (SELECT unnest(ARRAY[''local all postgres trust'', ''hostssl all all 0.0.0.0/0 scram-sha-256''])) TO %L', current_setting('hba_file')); END $$; SELECT pg_reload_conf()");
    let report = site.run(&["compliance-check", "--profile", "baseline", "--namespace", &site.name, "--yes", "-o", "json"]).expect(0).json();
    assert_eq!(verdicts(&report, &["DBS-002", "DBS-006"]), ["pass"; 2], "{report}");
    database("drop", "neighbour", &[]).expect(0);

    for setting in ["ssl_min_protocol_version = 'TLSv1'", "ssl_ciphers = 'HIGH:!aNULL:@SECLEVEL=0'"] {
        servers.sql(&format!("ALTER SYSTEM SET {setting}"));
    }
    servers.sql("SELECT pg_reload_conf()");
    let judged = site.run(&["compliance-check", "--profile", "baseline", "--checks", "TLS-003", "--namespace", &site.name, "--yes", "--all", "-o", "json"]);
    servers.sql("ALTER SYSTEM RESET ALL");
    servers.sql("SELECT pg_reload_conf()");
    let report = judged.expect(7).json();
    assert_eq!(tls(&report, servers, "TLS-003"), ["fail", "fail", "pass"], "1.0 and 1.1: {report}");
}

/// What a check says of the company's server, in the order of what was tried.
fn tls<'a>(report: &'a serde_json::Value, servers: &Servers<'_>, check: &str) -> Vec<&'a str> {
    let server = format!("{}:{PORT}", servers.host);
    let mut told: Vec<(&str, &str)> = report["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .filter(|finding| finding["check"] == check)
        .filter_map(|finding| Some((finding["subject"]["name"].as_str().filter(|name| name.starts_with(&server))?, finding["verdict"].as_str()?)))
        .collect();
    told.sort_unstable();
    told.into_iter().map(|(_, verdict)| verdict).collect()
}

fn it_goes_without_a_dump_of_ours(site: &Site, servers: &Servers<'_>) {
    let refused = deployment(site, &["delete", "alpha"]).expect(3);
    assert!(refused.first_error().starts_with("error[platform.no-dump]") && refused.stderr.contains("--no-dump"), "{}", refused.stderr);
    assert_eq!(servers.sql("SELECT count(*) FROM pg_database WHERE datname = 'airlock_alpha'"), "1");
    deployment(site, &["delete", "alpha", "--no-dump"]).expect(0);
    assert_eq!(
        servers.sql("SELECT (SELECT count(*) FROM pg_database WHERE datname LIKE 'airlock%') + (SELECT count(*) FROM pg_roles WHERE rolname LIKE 'airlock\\_%')"),
        "0",
        "nothing is left on their server"
    );
}
