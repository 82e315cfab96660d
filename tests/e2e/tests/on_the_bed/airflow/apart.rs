//! What keeps two Airflow deployments apart: secrets, limits, databases, web origins.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher as _, RandomState};

use airlock_e2e::{Airflow, Browser, Page, Site};
use serde_json::Value;

/// Digests of all values, under a key that is drawn for one comparison, and in which Secret each stands. The authority is no secret.
fn digests(site: &Site, namespace: &str, key: &RandomState) -> BTreeMap<u64, String> {
    let listed = site.bed.kubectl(["-n", namespace, "get", "secrets", "-o", "json"]).expect("kubectl");
    let listed: Value = serde_json::from_str(&listed).expect("JSON");
    let secrets = listed["items"].as_array().into_iter().flatten().filter(|secret| secret["metadata"]["name"] != "internal-ca");
    let values = secrets.flat_map(|secret| secret["data"].as_object().into_iter().flatten().map(|(name, value)| (key.hash_one(value.as_str()), format!("{}/{name}", secret["metadata"]["name"]))));
    values.collect()
}

pub(super) fn no_secret_value_is_in_both(site: &Site) {
    let key = RandomState::new();
    let (alpha, beta) = (digests(site, &site.tenant("alpha"), &key), digests(site, &site.tenant("beta"), &key));
    assert!(alpha.len() >= 7 && beta.len() >= 7, "{} and {} values", alpha.len(), beta.len());
    let shared: Vec<&String> = alpha.iter().filter(|(digest, _)| beta.contains_key(digest)).map(|(_, name)| name).collect();
    assert_eq!(shared, Vec::<&String>::new(), "values are in both namespaces");
    assert_eq!(digests(site, &site.tenant("alpha"), &key), alpha, "the control: what is the same has the same digest");
    for name in ["alpha", "beta"] {
        let value = |secret: &str| site.bed.kubectl(["-n", &site.tenant(name), "get", "secret", secret, "-o", "jsonpath={.data.value}"]).expect("a Secret");
        let three = ["airflow-fernet-key", "airflow-api-secret", "airflow-jwt-secret"].map(value);
        assert_eq!(three.iter().collect::<BTreeSet<_>>().len(), 3, "three values in three Secrets");
        // 32 bytes as base64, which the Secret holds as base64 once more.
        assert!(three.iter().all(|value| !value.is_empty()) && three[0].len() == 60, "a Fernet key is one");
        let claims = site.bed.kubectl(["-n", &site.tenant(name), "get", "persistentvolumeclaims", "-o", "name"]).expect("kubectl");
        assert_eq!(claims, "", "a deployment has no volume, which another could have too");
    }
}

/// What the namespace gives who says nothing, and what the database gives everybody.
pub(super) fn limits_hold_for_who_says_nothing(site: &Site) {
    let pod = serde_json::json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "silent", "namespace": site.tenant("alpha")}, "spec": {"securityContext": {"runAsNonRoot": true, "runAsUser": 65532,
        "seccompProfile": {"type": "RuntimeDefault"}}, "containers": [{"name": "c", "image": "registry.k8s.io/pause:3.10", "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}}]}});
    let mut greedy = pod.clone();
    greedy["spec"]["containers"][0]["resources"] = serde_json::json!({ "requests": { "cpu": "1000" }, "limits": { "cpu": "1000" } });
    let file = site.file("greedy.json", &greedy.to_string()).display().to_string();
    let refused = site.bed.try_kubectl(["create", "--dry-run=server", "-f", &file]).expect("kubectl");
    assert!(refused.code != Some(0) && refused.stderr.contains("exceeded quota: airflow"), "{refused:?}");
    let file = site.file("silent.json", &pod.to_string()).display().to_string();
    let given = site.bed.kubectl(["create", "--dry-run=server", "-f", &file, "-o", "json"]).expect("kubectl");
    let resources = serde_json::from_str::<Value>(&given).expect("JSON").pointer("/spec/containers/0/resources").cloned().unwrap_or_default();
    assert!(["requests", "limits"].iter().all(|key| ["cpu", "memory"].iter().all(|what| resources[key][what].is_string())), "{resources}");
    let question = "select (select rolconnlimit > 0 and not rolsuper and not rolcreatedb and not rolcreaterole and not rolreplication and not rolbypassrls from pg_roles where rolname = current_user), \
         has_database_privilege('public', 'airlock_beta', 'CONNECT'), has_database_privilege('public', 'airlock_beta', 'TEMPORARY'), has_database_privilege(current_user, 'airlock_alpha', 'CONNECT')";
    let script = format!(
        "import pathlib,psycopg2\nurl=pathlib.Path('/etc/airlock/database/value').read_text().replace('+psycopg2','')\ncursor=psycopg2.connect(url).cursor()\ncursor.execute(\"{question}\")\nprint(cursor.fetchone())"
    );
    let answer = site.bed.kubectl(["-n", &site.tenant("alpha"), "exec", "deployment/airflow-scheduler", "--", "python", "-c", &script]).expect("exec");
    assert_eq!(answer.trim(), "(True, False, False, True)");
}

/// The password of one deployment at the database of the other and at the server's own, beside its own.
pub(super) fn a_database_is_open_to_its_own_role_alone(site: &Site) {
    let script = |database: &str| {
        format!(
            "import pathlib,psycopg2\nurl=pathlib.Path('/etc/airlock/database/value').read_text().replace('+psycopg2','')\nimport re\nurl=re.sub(r'/airlock_alpha\\?','/{database}?',url)\ntry:\n psycopg2.connect(url).cursor().execute('select 1'); print('accepted')\nexcept psycopg2.OperationalError as error: print('refused:', 'permission denied' in str(error))"
        )
    };
    let try_at = |database: &str| site.bed.kubectl(["-n", &site.tenant("alpha"), "exec", "deployment/airflow-scheduler", "--", "python", "-c", &script(database)]).expect("exec").trim().to_owned();
    assert_eq!(try_at("airlock_alpha"), "accepted", "the control");
    assert_eq!(try_at("airlock_beta"), "refused: True");
    assert_eq!(try_at("postgres"), "refused: True");
}

/// What a page at a deployment reads when it asks its own API, the control.
pub(crate) const OWN: &str = "200 dags,total_entries";

pub(super) fn a_page_of_one_reads_nothing_of_the_other(site: &Site) {
    for (own, other) in what_pages_read(site) {
        assert_eq!((own.as_str(), other.as_str()), (OWN, "not read: TypeError: Failed to fetch"));
    }
}

/// The sites of both are one, so that a browser sends cookies along: what keeps a page of one from writing at the other is that its API
/// (`FastAPI` from 0.132, `strict_content_type`) takes JSON alone, which no page sends elsewhere unasked (Fetch standard,
/// "CORS-safelisted request-header").
pub(crate) fn a_page_of_one_writes_nothing_at_the_other(site: &Site) {
    let mut pages = Pages::open(site);
    for (own, other) in [(0, 1), (1, 0)] {
        let mut post = |to: usize, key: &str, how: &str| {
            let body = format!("JSON.stringify({{ key: '{key}', value: 'x' }})");
            let url = pages.api(to, "variables");
            let asked = format!("fetch('{url}', {{ method: 'POST', credentials: 'include', {} }}).then(answer => answer.type + ' ' + answer.status, failed => 'not sent')", how.replace("BODY", &body));
            pages.evaluate(own, &asked)
        };
        let json = "headers: { 'Content-Type': 'application/json' }, body: BODY";
        assert_eq!(post(own, "own", json), "basic 201", "the control");
        for how in ["body: new Blob([BODY])", "body: BODY"] {
            let answer = post(own, "not-json", how);
            assert!(answer.starts_with("basic 4") && answer != "basic 401", "who is logged in, and sends the same as no JSON: {answer}");
        }
        assert_eq!(post(other, "json", json), "not sent", "it asks first whether it may");
        assert_eq!(post(other, "untyped", "mode: 'no-cors', body: new Blob([BODY])"), "opaque 0", "it is sent, and nothing is told of the answer");
        assert_eq!(post(other, "text", "mode: 'no-cors', body: BODY"), "opaque 0");
    }
    for name in NAMES {
        let airflow = Airflow::new(site, name);
        let token = airflow.first_login();
        let listed: Value = serde_json::from_str(&airflow.ask("GET", "/api/v2/variables", Some(&token), None).body).expect("JSON");
        let keys: Vec<&str> = listed["variables"].as_array().expect("variables").iter().filter_map(|variable| variable["key"].as_str()).collect();
        assert_eq!(keys, ["own"], "what a page of the other wrote");
        assert_eq!(airflow.ask("DELETE", "/api/v2/variables/own", Some(&token), None).status, 204);
    }
}

const NAMES: [&str; 2] = ["alpha", "beta"];

/// A real browser that is logged in at both, with a page of each.
struct Pages {
    browser: Browser,
    open: [Page; 2],
    hosts: [String; 2],
}

impl Pages {
    fn open(site: &Site) -> Self {
        let mut browser = Browser::start(site);
        let [alpha, beta] = NAMES.map(|name| {
            let airflow = Airflow::new(site, name);
            let page = browser.open(&format!("https://{}/auth/login/", airflow.host()));
            browser.evaluate(&page, &format!("document.cookie = '_token={}; path=/; secure'", airflow.first_login()));
            (page, airflow.host().to_owned())
        });
        Self { browser, open: [alpha.0, beta.0], hosts: [alpha.1, beta.1] }
    }

    fn api(&self, of: usize, path: &str) -> String {
        format!("https://{}/api/v2/{path}", self.hosts[of])
    }

    /// What an expression comes to on a page.
    fn evaluate(&mut self, page: usize, expression: &str) -> String {
        self.browser.evaluate(&self.open[page], expression).as_str().unwrap_or_default().to_owned()
    }
}

/// A page of each asks its own API, and that of the other.
pub(crate) fn what_pages_read(site: &Site) -> [(String, String); 2] {
    let mut pages = Pages::open(site);
    let mut read = |page, of| {
        let url = pages.api(of, "dags");
        pages.evaluate(
            page,
            &format!("fetch('{url}', {{ credentials: 'include' }}).then(async answer => answer.status + ' ' + Object.keys(await answer.json()).join(), failed => 'not read: ' + failed)"),
        )
    };
    [(0, 1), (1, 0)].map(|(own, other)| (read(own, own), read(own, other)))
}
