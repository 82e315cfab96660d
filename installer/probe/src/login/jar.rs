//! Cookies of one host, kept for its next request.

use std::collections::BTreeMap;

use airlock_model::{Secret, SetCookie, Untrusted};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cookie::Cookie;
use http::{HeaderMap, header};
use jiff::Timestamp;
use serde::Deserialize;

/// By name; the last that was set counts. Paths are not looked at: all of them are this host's.
#[derive(Default)]
pub(super) struct Jar(BTreeMap<String, (Secret<String>, SetCookie)>);

impl Jar {
    /// Keeps what an answer sets, and drops what it ends.
    pub(super) fn keep(&mut self, headers: &HeaderMap) {
        for written in headers.get_all(header::SET_COOKIE).iter().filter_map(|value| value.to_str().ok()) {
            let Ok(cookie) = Cookie::parse(written) else { continue };
            let told = told(&cookie, Timestamp::now());
            if told.lasts_seconds == Some(0) {
                self.0.remove(cookie.name());
            } else {
                self.0.insert(cookie.name().to_owned(), (Secret::new(cookie.value().to_owned()), told));
            }
        }
    }

    /// As the next request carries them.
    pub(super) fn written(&self) -> Option<Secret<String>> {
        let pairs: Vec<String> = self.0.iter().map(|(name, (value, _))| format!("{name}={}", value.expose())).collect();
        (!pairs.is_empty()).then(|| Secret::new(pairs.join("; ")))
    }

    /// What is told of them, by name.
    pub(super) fn told(self) -> Vec<SetCookie> {
        self.0.into_values().map(|(_, told)| told).collect()
    }
}

/// `Max-Age` counts before `Expires` (RFC 6265 §4.1.2.2).
fn told(cookie: &Cookie<'_>, now: Timestamp) -> SetCookie {
    let expires = || cookie.expires_datetime().map(|end| end.unix_timestamp() - now.as_second());
    let lasts = cookie.max_age().map(cookie::time::Duration::whole_seconds).or_else(expires);
    SetCookie {
        name: Untrusted::new(cookie.name().to_owned()),
        secure: cookie.secure() == Some(true),
        http_only: cookie.http_only() == Some(true),
        same_site: cookie.same_site().map(|same_site| Untrusted::new(same_site.to_string())),
        domain: cookie.domain().map(|domain| Untrusted::new(domain.to_owned())),
        lasts_seconds: lasts.map(|seconds| u64::try_from(seconds).unwrap_or(0)),
        token_seconds: token_seconds(cookie.value()),
    }
}

/// How long a JSON web token is good for; none: it is none, or does not say.
fn token_seconds(value: &str) -> Option<u64> {
    #[derive(Deserialize)]
    struct Claims {
        iat: f64,
        exp: f64,
    }
    let [_, claims, _] = value.split('.').collect::<Vec<_>>()[..] else { return None };
    let claims: Claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
    let seconds = claims.exp - claims.iat;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of a float saturates, and a token that ended before it began lasts 0 s")]
    Some(seconds.ceil() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jar(written: &[&str]) -> Jar {
        let mut jar = Jar::default();
        jar.keep(&written.iter().map(|written| (header::SET_COOKIE, written.parse().unwrap())).collect());
        jar
    }

    #[test]
    fn attributes_are_told_and_values_only_go_back() {
        let token = format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(r#"{"sub":"1","iat":1790000000,"exp":1790043200}"#));
        let told = jar(&[&format!("_token={token}; HttpOnly; Path=/; SameSite=lax; Secure"), "session=abc; Domain=.example.com; Max-Age=600; Expires=Thu, 01 Jan 1970 00:00:00 GMT"]).told();
        let cookie =
            SetCookie { name: "_token".to_owned().into(), secure: true, http_only: true, same_site: Some("Lax".to_owned().into()), domain: None, lasts_seconds: None, token_seconds: Some(43200) };
        assert_eq!(told[0], cookie);
        let of_session = (told[1].secure, told[1].http_only, told[1].same_site.is_none(), told[1].lasts_seconds, told[1].token_seconds);
        assert_eq!(of_session, (false, false, true, Some(600), None));
        assert_eq!(told[1].domain.as_ref().unwrap().raw(), "example.com");
    }

    #[test]
    fn the_next_request_carries_what_was_set_last_and_not_what_was_ended() {
        let jar = jar(&["a=1", "b=2", "a=3", "b=; Max-Age=0", "c=4; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "=", "d=5; Expires=Thu, 01 Jan 2099 00:00:00 GMT"]);
        assert_eq!(jar.written().unwrap().expose(), "a=3; d=5");
        assert!(jar.told()[1].lasts_seconds.unwrap() > 3600 * 24 * 365);
        assert!(Jar::default().written().is_none());
    }
}
