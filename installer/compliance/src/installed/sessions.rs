//! AUT-005: sessions at Airflow deployments end, and their cookies are for their own host alone.

use airlock_model::{AttemptResult, Check, CheckSpec, Finding, Need, Profile, SetCookie, Severity, Snapshot, Subject, Untrusted, World, WorldDeployment};

use super::deployments;
use crate::attempts::{Visit, outcome, words};
use crate::described::{Described, Resting};
use crate::parameter::days;

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "AUT-005",
        title: "sessions end, and their cookies are for their own host alone",
        severity: Severity::Medium,
        promises: &["P13"],
        explanation: "A login at each Airflow deployment by the form of its page, as people log in, with the password that was made with the deployment, and each cookie that is set on the way. It must be sent over TLS alone (Secure), be hidden from scripts (HttpOnly), stay away from requests that other sites make (SameSite Lax or Strict), and name no Domain, which would send it to the hosts of other deployments too. The longest that a cookie lasts, or a token in one, must be no longer than AUT-005.days; a cookie that ends when the browser is closed says nothing about that by itself. Values of cookies are never kept.",
        remedy: "Run `airlock deployment apply` with the deployment's document: it puts the settings of sessions back. When the password is refused, somebody changed it in Airflow: the check then says `unverified`.",
    },
    expected: "Secure, HttpOnly, SameSite Lax or Strict, no Domain, and an end within AUT-005.days",
    why: "whoever gets a cookie is its user until the session ends, without a password",
};

/// The parameter.
pub(crate) const DAYS: &str = "AUT-005.days";

const SECONDS_A_DAY: u64 = 24 * 60 * 60;

/// The check.
pub(crate) struct Sessions;

impl Check for Sessions {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, world: &World) -> Vec<Need> {
        deployments::needs(world, |deployment| [Visit::Page.attempt(world, deployment)])
    }

    fn evaluate(&self, profile: &Profile, given: &Snapshot) -> Vec<Finding> {
        match days(profile, DAYS).map(u64::try_from) {
            Ok(Ok(days)) => deployments::findings(&TEXTS, given, |deployment| judge(given, deployment, days)),
            Ok(Err(error)) => vec![TEXTS.unverified(DAYS, error.to_string())],
            Err(reason) => vec![TEXTS.unverified(DAYS, reason)],
        }
    }
}

fn judge(given: &Snapshot, deployment: &WorldDeployment, days: u64) -> Vec<Finding> {
    let session = Subject::of("Host", format!("{}: session", deployment.host));
    let outcome = match outcome(given, &Visit::Page.id(deployment)) {
        Ok(outcome) => outcome,
        Err(reason) => return vec![TEXTS.unverified(session, reason)],
    };
    let cookies = match &outcome.result {
        AttemptResult::LoggedIn(cookies) if !cookies.is_empty() => cookies,
        AttemptResult::LoggedIn(_) => return vec![TEXTS.unverified(session, "logged in, and no cookie was set").tried([outcome])],
        other => return vec![TEXTS.unverified(session, format!("the page's login: {}", words(other))).tried([outcome])],
    };
    let lifetime = match cookies.iter().filter_map(lasts).max() {
        Some(seconds) if seconds > days * SECONDS_A_DAY => TEXTS.fail(session, format!("lasts {}", lifetime(seconds))),
        Some(seconds) => TEXTS.pass(session, format!("lasts {} at most", lifetime(seconds))),
        None => TEXTS.unverified(session, "no cookie says when the session ends"),
    };
    let of_cookie = |cookie: &SetCookie| {
        let subject = Subject::of("Host", format!("{}: cookie {}", deployment.host, cookie.name.raw()));
        let faults = faults(cookie);
        if faults.is_empty() { TEXTS.pass(subject, "Secure, HttpOnly, SameSite, and without Domain") } else { TEXTS.fail(subject, faults.join(", ")) }
    };
    std::iter::once(lifetime).chain(cookies.iter().map(of_cookie)).map(|finding| finding.tried([outcome])).collect()
}

/// What speaks against a cookie.
fn faults(cookie: &SetCookie) -> Vec<String> {
    let same_site = match cookie.same_site.as_ref().map(Untrusted::raw) {
        Some("Lax" | "Strict") => None,
        Some(other) => Some(format!("SameSite is {other}")),
        None => Some("no SameSite".to_owned()),
    };
    let faults = [
        (!cookie.secure).then(|| "no Secure".to_owned()),
        (!cookie.http_only).then(|| "no HttpOnly".to_owned()),
        same_site,
        cookie.domain.as_ref().map(|domain| format!("Domain is {}", domain.raw())),
    ];
    faults.into_iter().flatten().collect()
}

/// Seconds that a cookie, or the token in it, is good for; a token ends when it says so, however long the browser keeps it.
fn lasts(cookie: &SetCookie) -> Option<u64> {
    cookie.token_seconds.or(cookie.lasts_seconds)
}

fn lifetime(seconds: u64) -> String {
    let hours = seconds.div_ceil(60 * 60);
    if hours > 48 { format!("{} days", seconds.div_ceil(SECONDS_A_DAY)) } else { format!("{hours} h") }
}
