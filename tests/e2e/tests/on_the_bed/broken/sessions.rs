//! Sessions of people at an Airflow deployment: its settings as somebody could loosen them, and what its page sets then.

use airlock_e2e::{Site, Told};
use serde_json::json;

const LOOSE: &str = r#"{"data": {"AIRFLOW__FAB__COOKIE_SECURE": "False", "AIRFLOW__FAB__COOKIE_SAMESITE": "None", "AIRFLOW__FAB__SESSION_LIFETIME_MINUTES": "43200"}}"#;

/// Of beta alone, which goes afterwards.
pub(crate) fn that_never_end_are_told(site: &Site) {
    let host = |name: &str| format!("{name}-airflow.{}", site.base());
    let of = |subject: String, verdict: &str, observed: &str| Told { subject, verdict: verdict.to_owned(), observed: observed.to_owned() };
    let good = |name: &str| {
        let host = host(name);
        [
            of(format!("{host}: cookie _token"), "pass", "Secure, HttpOnly, SameSite, and without Domain"),
            of(format!("{host}: cookie session"), "pass", "Secure, HttpOnly, SameSite, and without Domain"),
            of(format!("{host}: session"), "pass", "lasts 12 h at most"),
        ]
    };
    let mut both = [good("alpha"), good("beta")].concat();
    assert_eq!(site.told("AUT-005", &[], 0), both);

    // The control: whoever is not let in sees no cookies.
    let in_beta = |arguments: &[&str]| site.bed.kubectl([&["-n", &site.tenant("beta")], arguments].concat()).expect("kubectl");
    let kept = in_beta(&["get", "secret", "airflow-administrator", "-o", "jsonpath={.data.value}"]);
    let password = |value: &str| in_beta(&["patch", "secret", "airflow-administrator", "--type=merge", "-p", &json!({ "data": { "value": value } }).to_string()]);
    password("d3Jvbmc=");
    let refused = site.told("AUT-005", &[], 7);
    password(&kept);
    both.truncate(3);
    both.push(of(format!("{}: session", host("beta")), "unverified", &format!("the page's login: answered 302, to https://{}/auth/login/?next=%2Fauth%2F", host("beta"))));
    assert_eq!(refused, both);

    in_beta(&["patch", "configmap", "airflow-servers", "--type=merge", "-p", LOOSE]);
    in_beta(&["scale", "deployment/airflow-api-server", "--replicas=0"]);
    in_beta(&["wait", "--for=delete", "pod", "-l", "app.kubernetes.io/name=airflow-api-server", "--timeout=120s"]);
    in_beta(&["scale", "deployment/airflow-api-server", "--replicas=1"]);
    in_beta(&["rollout", "status", "deployment/airflow-api-server", "--timeout=180s"]);
    both.truncate(3);
    both.extend([
        of(format!("{}: cookie _token", host("beta")), "pass", "Secure, HttpOnly, SameSite, and without Domain"),
        of(format!("{}: cookie session", host("beta")), "fail", "no Secure, SameSite is None"),
        of(format!("{}: session", host("beta")), "fail", "lasts 30 days"),
    ]);
    assert_eq!(site.told("AUT-005", &[], 7), both);
}
