//! Logins by the form of a page, at servers that do what Airflow does not: lead elsewhere, in circles, or nowhere.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../../registry/tests/world/mod.rs"]
mod world;

use airlock_model::bounds::REDIRECTS;
use airlock_model::{Attempt, AttemptAction, AttemptResult, Credentials, CredentialsForm, Secret, SecretKeyRef, Target, Trust, Vantage};
use airlock_probe::{Passwords, carry_out};
use world::scripted::{Answer, Asked, Scripted};

struct Known;

impl Passwords for Known {
    fn password(&self, _: &SecretKeyRef) -> Option<Secret<String>> {
        Some(Secret::new("pass word".to_owned()))
    }
}

fn page(action: &str) -> Answer {
    let form = format!("<form action=\"{action}\" method=post><input type=hidden name=token value=t1><input name=user><input type=password name=secret></form>");
    (200, "Set-Cookie: before=1; Secure; HttpOnly; SameSite=Lax\r\n".to_owned(), form.into_bytes())
}

fn to(location: &str, cookie: &str) -> Answer {
    (302, format!("Location: {location}\r\nSet-Cookie: {cookie}\r\n"), Vec::new())
}

/// What came out, and every request as its method, path, cookies, and body.
async fn log_in(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> (AttemptResult, Vec<String>) {
    let trust = world::Trust::new();
    let server = Scripted::start(&trust, move |asked, _| answer(asked)).await;
    let port = server.host.rsplit_once(':').unwrap().1.parse().unwrap();
    let password = SecretKeyRef { namespace: "n".to_owned(), name: "s".to_owned(), key: "k".to_owned() };
    let credentials = Credentials { username: "admin".to_owned(), password: Some(password), form: CredentialsForm::Page };
    let action = AttemptAction::Request {
        method: "GET".to_owned(),
        path: "/login/".to_owned(),
        server_name: "localhost".to_owned(),
        trust: Trust::Authorities(trust.authority.certificate_pem().to_owned()),
        credentials: Some(credentials),
    };
    let attempt = Attempt { id: "one".into(), from: Vantage::Workstation, target: Target::Address { host: "127.0.0.1".to_owned(), port }, action, control: None, purpose: "a test".to_owned() };
    let result = carry_out(&attempt, &Known).await.result;
    let line = |asked: &Asked| format!("{} {} {} {}", asked.method, asked.path, asked.header("cookie").unwrap_or("-"), String::from_utf8_lossy(&asked.body)).trim_end().to_owned();
    let asked = server.asked.lock().unwrap().iter().map(line).collect();
    (result, asked)
}

const SENT: &str = "POST /login/ before=1 token=t1&user=admin&secret=pass+word";

#[tokio::test]
async fn a_login_carries_what_the_form_hides_and_follows_to_the_end() {
    let (result, asked) = log_in(|asked| match (asked.method.as_str(), asked.path.as_str()) {
        ("POST", _) => to("/home?next=1", "session=s1; Secure; Max-Age=60"),
        (_, "/login/") => page(""),
        (_, "/home?next=1") => to("https://localhost/", "before=; Max-Age=0"),
        _ => (200, "Set-Cookie: last=1\r\n".to_owned(), b"in".to_vec()),
    })
    .await;
    let AttemptResult::LoggedIn(cookies) = result else { panic!("{result:?}") };
    let told: Vec<_> = cookies.iter().map(|cookie| (cookie.name.raw(), cookie.secure, cookie.lasts_seconds)).collect();
    assert_eq!(told, [("last", false, None), ("session", true, Some(60))]);
    assert_eq!(asked, ["GET /login/ -", SENT, "GET /home?next=1 before=1; session=s1", "GET / session=s1"]);
}

#[tokio::test]
async fn what_leads_back_to_the_form_is_no_login() {
    let (result, asked) = log_in(|asked| if asked.method == "POST" { to("/login/?next=", "session=s1") } else { page("/login/") }).await;
    assert!(matches!(&result, AttemptResult::Answered { status: 302, location: Some(location), .. } if location.raw() == "/login/?next="), "{result:?}");
    assert_eq!(asked.len(), 2);
    let (result, _) = log_in(|asked| if asked.method == "POST" { (401, String::new(), Vec::new()) } else { page("") }).await;
    assert!(matches!(result, AttemptResult::Answered { status: 401, .. }), "{result:?}");
    let (result, _) = log_in(|asked| match asked.path.as_str() {
        "/home" => to("/login/", "a=1"),
        _ if asked.method == "POST" => to("/home", "a=1"),
        _ => page(""),
    })
    .await;
    assert!(matches!(result, AttemptResult::Answered { status: 302, .. }), "{result:?}");
}

#[tokio::test]
async fn the_password_goes_to_no_other_host() {
    for action in ["https://elsewhere.test/login/", "//elsewhere.test/", "http://localhost/login/"] {
        let (result, asked) = log_in(move |_| page(action)).await;
        assert!(matches!(&result, AttemptResult::NotCarriedOut(why) if why.raw().contains("another host")), "{action}: {result:?}");
        assert_eq!(asked, ["GET /login/ -"], "{action}");
    }
    let (result, asked) = log_in(|asked| if asked.method == "POST" { to("https://elsewhere.test/", "session=s1") } else { page("") }).await;
    assert!(matches!(result, AttemptResult::Answered { status: 302, .. }), "{result:?}");
    assert_eq!(asked, ["GET /login/ -", SENT]);
}

#[tokio::test]
async fn without_a_form_or_an_end_it_is_no_login() {
    let (result, asked) = log_in(|_| (200, String::new(), vec![b'x'; 700_000])).await;
    assert!(matches!(result, AttemptResult::Answered { status: 200, .. }), "{result:?}");
    assert_eq!(asked, ["GET /login/ -"]);
    let (result, asked) = log_in(|asked| match asked.path.as_str() {
        "/login/" if asked.method == "GET" => page(""),
        path => to(&format!("{path}x"), "a=1"),
    })
    .await;
    assert!(matches!(&result, AttemptResult::NotCarriedOut(why) if why.raw().contains("redirects")), "{result:?}");
    assert_eq!(asked.len(), 1 + 1 + REDIRECTS as usize, "no more than was said");
}
