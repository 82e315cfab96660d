//! The list of controls, which is the first page of what an auditor reads: in Chromium and on paper, with names that try everything
//! and a control of every state.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use airlock_e2e::{Browser, Seen, program};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::browser::OVERFLOW;
use super::shown;

/// A control of the list, and what is to be seen of it.
struct Control {
    id: String,
    title: String,
    checks: &'static [&'static str],
    coverage: &'static str,
    state: &'static str,
    /// What stands in the last column.
    by: &'static str,
}

/// What would draw on a screen or reorder a line no profile may have: it is refused where it is read.
fn list() -> Vec<Control> {
    let control = |id: &str, title: &str, checks, coverage, state, by| Control { id: id.into(), title: title.into(), checks, coverage, state, by };
    vec![
        control("<script>alert('id')</script>", "</style></title><script>alert('title')</script>", &["PSS-003"], "full", "✓ proved", "✓ PSS-003"),
        control("\" onmouseover=\"alert(1)", "' autofocus onfocus='alert(1)", &[], "organisational", "✓ attested", "none"),
        control("{{ 7 * 7 }}", "{% include 'x' %} &amp;lt; ]]>", &["PSS-001"], "full", "! excepted", "! PSS-001"),
        control(&"W".repeat(150), &"wide".repeat(40), &["PSS-004", "ABCDEFGHIJKLMNOP-001"], "partial", "! partly proved", "✓ PSS-004 ✓ ABCDEFGHIJKLMNOP-001"),
        control("1-A", "אבג of two lines", &["PSS-002", "TLS-002"], "full", "✗ failed", "✗ PSS-002 and 1 not applicable"),
        control("<!-- -->", "<svg onload=alert(1)><img src=http://127.0.0.1/x>", &[], "full", "– not covered", "none"),
        control("javascript:alert(1)", "<base href=http://127.0.0.1/><link rel=stylesheet href=x.css>", &["NET-010"], "full", "? could not be looked at", "? NET-010"),
        control("&#27;[2J", "<a href=javascript:alert(1)>a</a>", &["TLS-010"], "full", "- not applicable", "1 not applicable"),
    ]
}

fn openssl(folder: &Path, line: &str) -> String {
    let output = Command::new("openssl").args(line.split_whitespace()).current_dir(folder).output().expect("openssl");
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A report by a profile with the list; one control is attested and one excepted by documents that its officer signed.
fn report(folder: &Path) -> PathBuf {
    openssl(folder, "genpkey -algorithm ed25519 -out officer.pem");
    let key = openssl(folder, "pkey -in officer.pem -pubout");
    let list = list();
    let controls: Vec<Value> = list.iter().map(|control| json!({ "id": control.id, "title": control.title, "checks": control.checks, "coverage": control.coverage })).collect();
    let checks = ["PSS-001", "PSS-002", "PSS-003", "PSS-004", "NET-010", "TLS-002", "TLS-010"];
    let own = json!({ "id": "ABCDEFGHIJKLMNOP-001", "title": "a pod has a name", "severity": "low", "why": "w", "fix": "f", "match": { "apiVersion": "v1", "kinds": ["Pod"] }, "validations": [{ "expression": "true", "message": "m" }] });
    let documents = [
        (
            "profile.yaml",
            json!({
                "apiVersion": "airlock/v1", "kind": "SecurityPolicyProfile", "metadata": { "name": "acme", "version": "1", "owner": "secops" },
                "checks": checks, "custom": [own], "controls": controls, "keys": [{ "name": "officer", "publicKey": key }],
                // What only an attempt would show is unverified where files alone are given.
                "rules": [{ "checks": ["NET-010"], "mustProbe": true }],
            }),
        ),
        (
            "exceptions.yaml",
            json!({ "apiVersion": "airlock/v1", "kind": "Exceptions", "exceptions": [{
                "id": "EXC-1", "checks": ["PSS-001"], "match": { "kind": "Pod" }, "reason": "r", "approvedBy": "a", "ticket": "t", "expires": "2099-01-31", "compensating": "c",
            }] }),
        ),
        (
            "attestations.yaml",
            json!({ "apiVersion": "airlock/v1", "kind": "Attestations", "attestations": [{
                "check": list[1].id, "statement": "s", "evidence": format!("sha256:{}", "0".repeat(64)), "attestedBy": "a", "expires": "2099-01-31",
            }] }),
        ),
        (
            "pod.yaml",
            json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "a", "namespace": "shop" }, "spec": {
                "hostPID": true, "containers": [{ "name": "a", "image": "b", "securityContext": { "privileged": true } }],
            } }),
        ),
    ];
    for (name, document) in documents {
        fs::write(folder.join(name), document.to_string()).expect("the folder is ours");
    }
    for name in ["exceptions", "attestations"] {
        openssl(folder, &format!("pkeyutl -sign -rawin -inkey officer.pem -in {name}.yaml -out {name}.yaml.sig"));
    }
    let line = "compliance-check -o html --manifests pod.yaml --profile ./profile.yaml --exceptions exceptions.yaml --attestations attestations.yaml";
    let output = Command::new(program()).args(line.split(' ')).current_dir(folder).stdin(Stdio::null()).output().expect("airlock starts");
    assert_eq!(output.status.code(), Some(7), "{}", String::from_utf8_lossy(&output.stderr));
    let written = folder.join("report.html");
    fs::write(&written, output.stdout).expect("the folder is ours");
    written
}

#[test]
fn every_control_is_told_as_text_with_its_state_in_the_order_of_the_list() {
    const ROWS: &str = "[...document.querySelectorAll('#controls tbody tr')].map(row => [...row.cells].map(cell => cell.innerText.replace(/\\s+/g, ' ').trim()))";
    // Of a part that reaches out of its box, or the window, a reader would not see all.
    const CUT: &str = "[...document.querySelectorAll('#controls *')].filter(e => e.getBoundingClientRect().right > innerWidth || e.scrollWidth > e.clientWidth + 1 && e.clientWidth).map(e => e.tagName + ' ' + e.textContent).join()";
    let folder = tempfile::tempdir().expect("a folder");
    let file = report(folder.path());
    let expected: Vec<Value> = list().iter().map(|control| json!([format!("{} {}", shown(&control.id), shown(&control.title)), control.state, control.by])).collect();
    let mut browser = Browser::here();
    for width in [400, 1280] {
        let (page, seen) = browser.look_at(&file, width);
        assert_eq!(seen, Seen { requests: Vec::new(), said: Vec::new(), dialogs: 0 }, "{width}");
        assert_eq!(browser.evaluate(&page, ROWS), Value::Array(expected.clone()), "{width}");
        assert_eq!(browser.evaluate(&page, "document.querySelector('main').firstElementChild.id"), json!("controls"));
        assert_eq!(browser.evaluate(&page, "document.querySelectorAll('#controls :is(script, img, svg, base, link)').length + document.scripts.length"), json!(0));
        assert_eq!(browser.evaluate(&page, CUT), json!(""), "at {width} px");
        assert!(browser.evaluate(&page, OVERFLOW).as_i64().is_some_and(|over| over <= 0), "at {width} px it is too wide by {}", browser.evaluate(&page, OVERFLOW));
        browser.as_on_paper(&page);
        assert_eq!(browser.evaluate(&page, CUT), json!(""), "on paper");
        assert!(browser.evaluate(&page, OVERFLOW).as_i64().is_some_and(|over| over <= 0), "on paper it is too wide by {}", browser.evaluate(&page, OVERFLOW));
    }
}

#[test]
fn on_paper_all_controls_stand_on_the_first_page_and_each_page_says_that_nobody_signed_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = report(folder.path());
    let mut browser = Browser::here();
    let (page, _) = browser.look_at(&file, 1280);
    let document = STANDARD.decode(browser.print(&page)).expect("base64");
    fs::write(folder.path().join("report.pdf"), document).expect("the folder is ours");
    let found = super::readers::understood(folder.path());
    let pages: Vec<&str> = found["pdf"]["pages"].as_array().expect("pages").iter().filter_map(Value::as_str).collect();
    assert!(pages.len() > 1, "{found}");
    for (number, text) in (1..).zip(&pages) {
        assert!(text.contains("Airlockcompliancereport,notsigned") && text.contains(&format!("page{number}of{}", pages.len())), "{text}");
    }
    // The reader gives no space: where a line ends, and where a word does, is the same to it.
    let first = pages[0];
    let mut at = first.find("Thelistofcontrols").unwrap_or_else(|| panic!("{first}"));
    for control in list() {
        let pressed = |text: &str| text.replace(' ', "");
        // Its letters that are written from right to left come in another order.
        let title = shown(&control.title);
        for part in [pressed(&shown(&control.id)), pressed(title.split("אבג").last().unwrap_or_default()), pressed(control.state)] {
            at += first[at..].find(&part).unwrap_or_else(|| panic!("{part} does not come next: {}", &first[at..]));
        }
    }
}
