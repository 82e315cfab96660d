//! Sessions and accounts of people at an Airflow deployment: its settings as somebody could loosen them, and what its pages are then.

use airlock_e2e::{Site, Told};
use serde_json::json;

const LOOSE: &str = r#"{"data": {"AIRFLOW__FAB__AUTH_ROLE_PUBLIC": "Admin", "AIRFLOW__FAB__COOKIE_SECURE": "False", "AIRFLOW__FAB__COOKIE_SAMESITE": "None", "AIRFLOW__FAB__SESSION_LIFETIME_MINUTES": "43200", "AIRFLOW__FAB__CONFIG_FILE": "/etc/airlock/airflow/webserver_config.py"}}"#;
/// The form asks whether one is a robot, and is not made without a key for that. Airflow has the page then, and fails to show it.
const SIGN_UP: &str = "AUTH_USER_REGISTRATION = True\nAUTH_USER_REGISTRATION_ROLE = 'Admin'\nRECAPTCHA_PUBLIC_KEY = 'public'\nRECAPTCHA_PRIVATE_KEY = 'private'\n";

/// Of beta alone, which goes afterwards.
pub(crate) fn that_never_end_and_accounts_that_strangers_make_are_told(site: &Site) {
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
    let of_beta = |told: &[Told]| told.iter().filter(|told| told.subject.contains(&host("beta"))).map(|told| told.verdict.clone()).collect::<Vec<_>>();
    let mut both = [good("alpha"), good("beta")].concat();
    assert_eq!(site.told("AUT-005", &[], 0), both);

    let sign_up = |name: &str, verdict: &str, observed: &str| of(format!("{}: page to sign up", host(name)), verdict, observed);
    let none = |name: &str| sign_up(name, "pass", "answered 404; page of the login: answered 200");
    assert_eq!(site.told("AUT-006", &[], 0), [none("alpha"), none("beta")]);

    // The control: whoever is not let in sees no cookies.
    let in_beta = |arguments: &[&str]| site.bed.kubectl([&["-n", &site.tenant("beta")], arguments].concat()).expect("kubectl");
    let kept = in_beta(&["get", "secret", "airflow-administrator", "-o", "jsonpath={.data.value}"]);
    let password = |value: &str| in_beta(&["patch", "secret", "airflow-administrator", "--type=merge", "-p", &json!({ "data": { "value": value } }).to_string()]);
    password("d3Jvbmc=");
    let refused = site.told("AUT-005", &[], 7);
    let without_login = site.told("AUT-001", &[], 7);
    password(&kept);
    assert_eq!(of_beta(&without_login), ["unverified", "unverified"], "{without_login:#?}");
    assert!(without_login.iter().filter(|told| told.subject.contains(&host("alpha"))).all(|told| told.verdict == "pass"), "{without_login:#?}");
    both.truncate(3);
    both.push(of(format!("{}: session", host("beta")), "unverified", &format!("the page's login: answered 302, to https://{}/auth/login/?next=%2Fauth%2F", host("beta"))));
    assert_eq!(refused, both);

    in_beta(&["patch", "configmap", "airflow-servers", "--type=merge", "-p", LOOSE]);
    in_beta(&["patch", "configmap", "airflow-files", "--type=merge", "-p", &json!({ "data": { "webserver_config.py": SIGN_UP } }).to_string()]);
    in_beta(&["scale", "deployment/airflow-api-server", "--replicas=0"]);
    in_beta(&["wait", "--for=delete", "pod", "-l", "app.kubernetes.io/name=airflow-api-server", "--timeout=120s"]);
    // The control: a host that answers nothing has no page to sign up either.
    assert_eq!(site.told("AUT-006", &[], 7), [none("alpha"), sign_up("beta", "unverified", "answered 502; page of the login: answered 502")]);
    in_beta(&["scale", "deployment/airflow-api-server", "--replicas=1"]);
    in_beta(&["rollout", "status", "deployment/airflow-api-server", "--timeout=180s"]);
    both.truncate(3);
    both.extend([
        of(format!("{}: cookie _token", host("beta")), "pass", "Secure, HttpOnly, SameSite, and without Domain"),
        of(format!("{}: cookie session", host("beta")), "fail", "no Secure, SameSite is None"),
        of(format!("{}: session", host("beta")), "fail", "lasts 30 days"),
    ]);
    assert_eq!(site.told("AUT-005", &[], 7), both);
    assert_eq!(site.told("AUT-006", &[], 7), [none("alpha"), sign_up("beta", "fail", "answered 500; page of the login: answered 200")]);
    let open = site.told("AUT-001", &[], 7);
    assert_eq!(of_beta(&open), ["pass", "fail"], "without credentials, but not with wrong ones: {open:#?}");
}
