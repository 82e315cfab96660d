//! A real browser on the administrator's workstation: Chromium without a window, spoken to by the Chrome `DevTools` Protocol over
//! a pipe (`--remote-debugging-pipe`: messages of JSON, each ended by a zero byte).

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use airlock_bed::{Output, eventually};
use serde_json::{Value, json};

use crate::Site;

/// A page is there when its scripts have run, which takes a busy machine a while.
const LOADED_WITHIN: Duration = Duration::from_mins(4);

/// 210 mm less two margins of 15 mm, by 96 pixels an inch.
const PAPER_WIDTH: u32 = 680;

/// The browser; it ends with the value.
pub struct Browser {
    process: Child,
    ask: ChildStdin,
    answers: BufReader<ChildStdout>,
    number: u64,
    events: Vec<Value>,
    _profile: tempfile::TempDir,
}

/// A page that is open, by the session that it is spoken to in.
#[derive(Clone, Debug)]
pub struct Page(String);

/// What happened while a page was loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Addresses that it asked for beside its own.
    pub requests: Vec<String>,
    /// What stood in the console.
    pub said: Vec<String>,
    /// How many dialogs it opened.
    pub dialogs: usize,
}

impl Browser {
    /// Starts it on the workstation. It believes the authority of the site's base domain beside those that it came with.
    pub fn start(site: &Site) -> Self {
        let key = "openssl x509 -in \"$1\" -noout -pubkey | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64";
        let hash = Output::from(site.bed.admin("sh").args(["-c", key, "sh"]).arg(site.base_authority()).output().unwrap_or_else(|error| panic!("openssl: {error}")));
        Self::launch(site.bed.admin("bash"), &[format!("--ignore-certificate-errors-spki-list={}", hash.stdout.trim())])
    }

    /// Starts it on this machine, for files.
    pub fn here() -> Self {
        Self::launch(Command::new("bash"), &[])
    }

    fn launch(mut bash: Command, options: &[String]) -> Self {
        let profile = tempfile::tempdir().unwrap_or_else(|error| panic!("no temporary folder: {error}"));
        // The pipe of the protocol is descriptors 3 and 4.
        let script = "exec chromium \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1";
        bash.args(["-c", script, "bash", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--remote-debugging-pipe"]);
        bash.arg(format!("--user-data-dir={}", profile.path().display())).args(options).arg("about:blank");
        let mut process = bash.env("HOME", profile.path()).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap_or_else(|error| panic!("chromium: {error}"));
        let (Some(ask), Some(answers)) = (process.stdin.take(), process.stdout.take()) else { panic!("chromium has no pipe") };
        Self { process, ask, answers: BufReader::new(answers), number: 0, events: Vec::new(), _profile: profile }
    }

    /// Opens a file as a person would, in a window so wide, and says what happened until it was there: see [`Seen`].
    pub fn look_at(&mut self, file: &Path, width: u32) -> (Page, Seen) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let url = format!("file://{}", file.display());
        let target = text(&self.call(None, "Target.createTarget", &json!({ "url": "about:blank" }))["targetId"]);
        let page = Page(text(&self.call(None, "Target.attachToTarget", &json!({ "targetId": target, "flatten": true }))["sessionId"]));
        self.events.clear();
        for domain in ["Page", "Network", "Runtime", "Log"] {
            self.call(Some(&page), &format!("{domain}.enable"), &json!({}));
        }
        self.call(Some(&page), "Emulation.setDeviceMetricsOverride", &json!({ "width": width, "height": 800, "deviceScaleFactor": 1, "mobile": false }));
        self.call(Some(&page), "Page.navigate", &json!({ "url": url }));
        let loaded = || {
            let seen = self.evaluate(&page, "document.readyState + ' ' + location.protocol");
            if seen == json!("complete file:") { Ok(()) } else { Err(seen.to_string()) }
        };
        eventually(&format!("the page {url}"), LOADED_WITHIN, loaded).unwrap_or_else(|error| panic!("{error}"));
        let of = |method: &str| self.events.iter().filter(|event| event["method"] == json!(method)).map(|event| event["params"].clone()).collect::<Vec<_>>();
        let said = [of("Runtime.consoleAPICalled"), of("Runtime.exceptionThrown"), of("Log.entryAdded")].concat();
        let requests = of("Network.requestWillBeSent").iter().map(|request| text(&request["request"]["url"])).filter(|request| *request != url).collect();
        let seen = Seen { requests, said: said.iter().map(ToString::to_string).collect(), dialogs: of("Page.javascriptDialogOpening").len() };
        (page, seen)
    }

    /// The page on paper: a PDF document, base64.
    pub fn print(&mut self, page: &Page) -> String {
        self.call(Some(page), "Page.printToPDF", &json!({ "preferCSSPageSize": true, "printBackground": true }))["data"].as_str().unwrap_or_default().to_owned()
    }

    /// Lays a page out as for paper: A4 between the margins of our reports.
    pub fn as_on_paper(&mut self, page: &Page) {
        self.call(Some(page), "Emulation.setEmulatedMedia", &json!({ "media": "print" }));
        self.call(Some(page), "Emulation.setDeviceMetricsOverride", &json!({ "width": PAPER_WIDTH, "height": 1000, "deviceScaleFactor": 1, "mobile": false }));
    }

    /// Opens an address and waits until its page is there.
    pub fn open(&mut self, url: &str) -> Page {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let target = text(&self.call(None, "Target.createTarget", &json!({ "url": url }))["targetId"]);
        let page = Page(text(&self.call(None, "Target.attachToTarget", &json!({ "targetId": target, "flatten": true }))["sessionId"]));
        let origin = url.split('/').take(3).collect::<Vec<_>>().join("/");
        let loaded = || {
            let seen = self.evaluate(&page, "document.readyState + ' ' + location.origin");
            if seen == json!(format!("complete {origin}")) { Ok(()) } else { Err(seen.to_string()) }
        };
        eventually(&format!("the page {url}"), LOADED_WITHIN, loaded).unwrap_or_else(|error| panic!("{error}"));
        page
    }

    /// The value of an expression of JavaScript in a page, a promise's when it is kept; as text when it throws.
    pub fn evaluate(&mut self, page: &Page, expression: &str) -> Value {
        let told = self.call(Some(page), "Runtime.evaluate", &json!({ "expression": expression, "awaitPromise": true, "returnByValue": true }));
        match told.pointer("/exceptionDetails/exception/description") {
            Some(thrown) => thrown.clone(),
            None => told["result"]["value"].clone(),
        }
    }

    fn call(&mut self, page: Option<&Page>, method: &str, parameters: &Value) -> Value {
        self.number += 1;
        let mut message = json!({ "id": self.number, "method": method, "params": parameters });
        if let Some(Page(session)) = page {
            message["sessionId"] = json!(session);
        }
        self.ask.write_all(format!("{message}\0").as_bytes()).unwrap_or_else(|error| panic!("{method}: chromium does not listen: {error}"));
        loop {
            let mut bytes = Vec::new();
            self.answers.read_until(0, &mut bytes).unwrap_or_else(|error| panic!("{method}: {error}"));
            assert!(!bytes.is_empty(), "{method}: chromium has ended");
            let answer: Value = serde_json::from_slice(bytes.strip_suffix(&[0]).unwrap_or(&bytes)).unwrap_or_else(|error| panic!("{method}: {error}"));
            if answer["id"] == json!(self.number) {
                assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
                return answer["result"].clone();
            }
            // Events stand between answers, and answers that nobody waits for.
            if answer["method"] == json!("Page.javascriptDialogOpening") {
                // A page with an open dialog says nothing any more.
                let close = json!({ "id": 0, "sessionId": answer["sessionId"], "method": "Page.handleJavaScriptDialog", "params": { "accept": true } });
                self.ask.write_all(format!("{close}\0").as_bytes()).unwrap_or_else(|error| panic!("{method}: chromium does not listen: {error}"));
            }
            self.events.push(answer);
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
