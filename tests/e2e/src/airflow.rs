//! An Airflow deployment as its users meet it: by its host, through the edge, over TLS that is verified.

use std::time::Duration;

use airlock_bed::Output;
use airlock_bed::eventually;
use serde_json::{Value, json};

use crate::Site;

/// Until a run of the example has ended: its scheduler looks for DAGs every half minute.
const RUN_WITHIN: Duration = Duration::from_mins(6);

/// An Airflow deployment on a site.
pub struct Airflow<'a> {
    site: &'a Site,
    name: String,
    host: String,
    authority: std::path::PathBuf,
}

/// What the host answered.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status; 0 when there was none.
    pub status: u16,
    /// The body.
    pub body: String,
}

impl Answer {
    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }
}

impl<'a> Airflow<'a> {
    /// The deployment of that name.
    pub fn new(site: &'a Site, name: &str) -> Self {
        Self { site, name: name.to_owned(), host: format!("{name}-airflow.{}", site.base()), authority: site.base_authority() }
    }

    /// Its host.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Asks its host, from the administrator's workstation. The body goes by a file, since it may hold a password.
    pub fn ask(&self, method: &str, path: &str, token: Option<&str>, body: Option<&Value>) -> Answer {
        let mut command = self.site.bed.admin("curl");
        command.args(["--silent", "--show-error", "--max-time", "30", "--cacert"]).arg(&self.authority).args(["--request", method, "--write-out", "\n%{http_code}"]);
        let mut headers = "Content-Type: application/json\n".to_owned();
        if let Some(token) = token {
            headers.extend(["Authorization: Bearer ", token, "\n"]);
        }
        command.arg("--header").arg(format!("@{}", self.site.file("headers", &headers).display()));
        if let Some(body) = body {
            command.arg("--data").arg(format!("@{}", self.site.file("body.json", &body.to_string()).display()));
        }
        let output = Output::from(command.arg(format!("https://{}{path}", self.host)).output().unwrap_or_else(|error| panic!("curl: {error}")));
        let (body, status) = output.stdout.rsplit_once('\n').unwrap_or_default();
        Answer { status: status.parse().unwrap_or(0), body: if body.is_empty() { output.stderr } else { body.to_owned() } }
    }

    /// Tries a login; a token when it is accepted.
    pub fn login(&self, username: &str, password: &str) -> Result<String, Answer> {
        let answer = self.ask("POST", "/auth/token", None, Some(&json!({ "username": username, "password": password })));
        match answer.json()["access_token"].as_str() {
            Some(token) if answer.status == 201 => Ok(token.to_owned()),
            _ => Err(answer),
        }
    }

    /// A token of the first login, as `airlock deployment show` tells it.
    pub fn first_login(&self) -> String {
        let told = self.site.run(&["deployment", "show", &self.name, "--credentials", "--namespace", &self.site.name, "-o", "json"]).expect(0).json();
        let text = |key: &str| told[key].as_str().unwrap_or_default().to_owned();
        self.login(&text("username"), &text("password")).unwrap_or_else(|answer| panic!("the first login is refused: {} {}", answer.status, answer.body))
    }

    /// Runs a DAG with these parameters and gives the state in which the run ended.
    pub fn run(&self, token: &str, dag: &str, parameters: &Value) -> String {
        let path = format!("/api/v2/dags/{dag}");
        let known = || match self.ask("GET", &path, Some(token), None) {
            answer if answer.status == 200 => Ok(()),
            answer => Err(format!("{} {}", answer.status, answer.body)),
        };
        eventually("the DAG is read", RUN_WITHIN, known).unwrap_or_else(|error| panic!("{error}"));
        let unpaused = self.ask("PATCH", &path, Some(token), Some(&json!({ "is_paused": false })));
        assert_eq!(unpaused.status, 200, "{}", unpaused.body);
        let begun = self.ask("POST", &format!("{path}/dagRuns"), Some(token), Some(&json!({ "logical_date": null, "conf": parameters })));
        assert_eq!(begun.status, 200, "{}", begun.body);
        let run = begun.json()["dag_run_id"].as_str().unwrap_or_default().to_owned();
        let mut last = String::new();
        let ended = || {
            let state = self.ask("GET", &format!("{path}/dagRuns/{}", run.replace('+', "%2B").replace(':', "%3A")), Some(token), None).json()["state"].as_str().unwrap_or_default().to_owned();
            last.clone_from(&state);
            if matches!(state.as_str(), "success" | "failed") { Ok(()) } else { Err(format!("it is {state}")) }
        };
        eventually("the run ends", RUN_WITHIN, ended).unwrap_or_else(|error| panic!("{error}"));
        last
    }
}
