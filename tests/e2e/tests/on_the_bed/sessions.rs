//! Sessions of people at an Airflow deployment: its settings as somebody could loosen them, and what its page sets then.

use airlock_e2e::Site;
use serde_json::{Value, json};

const LOOSE: &str = r#"{"data": {"AIRFLOW__FAB__COOKIE_SECURE": "False", "AIRFLOW__FAB__COOKIE_SAMESITE": "None", "AIRFLOW__FAB__SESSION_LIFETIME_MINUTES": "43200"}}"#;

/// Of beta alone, which goes afterwards.
pub(crate) fn that_never_end_are_told(site: &Site) {
    let host = |name: &str| format!("{name}-airflow.{}", site.base());
    let good = |name: &str| {
        let host = host(name);
        [
            (format!("{host}: cookie _token"), "pass".to_owned(), "Secure, HttpOnly, SameSite, and without Domain".to_owned()),
            (format!("{host}: cookie session"), "pass".to_owned(), "Secure, HttpOnly, SameSite, and without Domain".to_owned()),
            (format!("{host}: session"), "pass".to_owned(), "lasts 12 h at most".to_owned()),
        ]
    };
    let mut both = [good("alpha"), good("beta")].concat();
    assert_eq!(told(site, 0), both);

    // The control: whoever is not let in sees no cookies.
    let in_beta = |arguments: &[&str]| site.bed.kubectl([&["-n", &site.tenant("beta")], arguments].concat()).expect("kubectl");
    let kept = in_beta(&["get", "secret", "airflow-administrator", "-o", "jsonpath={.data.value}"]);
    let password = |value: &str| in_beta(&["patch", "secret", "airflow-administrator", "--type=merge", "-p", &json!({ "data": { "value": value } }).to_string()]);
    password("d3Jvbmc=");
    let refused = told(site, 7);
    password(&kept);
    both.truncate(3);
    both.push((format!("{}: session", host("beta")), "unverified".to_owned(), format!("the page's login: answered 302, to https://{}/auth/login/?next=%2Fauth%2F", host("beta"))));
    assert_eq!(refused, both);

    in_beta(&["patch", "configmap", "airflow-servers", "--type=merge", "-p", LOOSE]);
    in_beta(&["scale", "deployment/airflow-api-server", "--replicas=0"]);
    in_beta(&["wait", "--for=delete", "pod", "-l", "app.kubernetes.io/name=airflow-api-server", "--timeout=120s"]);
    in_beta(&["scale", "deployment/airflow-api-server", "--replicas=1"]);
    in_beta(&["rollout", "status", "deployment/airflow-api-server", "--timeout=180s"]);
    both.truncate(3);
    both.extend([
        (format!("{}: cookie _token", host("beta")), "pass".to_owned(), "Secure, HttpOnly, SameSite, and without Domain".to_owned()),
        (format!("{}: cookie session", host("beta")), "fail".to_owned(), "no Secure, SameSite is None".to_owned()),
        (format!("{}: session", host("beta")), "fail".to_owned(), "lasts 30 days".to_owned()),
    ]);
    assert_eq!(told(site, 7), both);
}

/// Subject, verdict, and what was observed, by subject.
fn told(site: &Site, exit: i32) -> Vec<(String, String, String)> {
    let report = site.run(&["compliance-check", "--no-profile", "--checks", "AUT-005", "--namespace", &site.name, "--yes", "--all", "-o", "json"]).expect(exit).json();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut told: Vec<_> = report["findings"].as_array().expect("findings").iter().map(|finding| (text(&finding["subject"]["name"]), text(&finding["verdict"]), text(&finding["observed"]))).collect();
    told.sort();
    told
}
