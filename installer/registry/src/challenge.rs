//! `WWW-Authenticate` of a registry (RFC 9110 §11.6.1; distribution: token authentication specification).

use std::collections::BTreeMap;

use http::{HeaderMap, header};

/// How a registry wants to be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Challenge {
    /// User name and password with every request.
    Basic,
    /// A token from a realm.
    Bearer {
        /// URL of the token service.
        realm: String,
        /// Name of the registry there.
        service: Option<String>,
        /// What the token has to be for.
        scope: Option<String>,
    },
}

impl Challenge {
    /// Reads the first challenge that is known; a token is preferred to a password with every request.
    pub(crate) fn read(headers: &HeaderMap) -> Option<Self> {
        let challenges: Vec<Self> = headers.get_all(header::WWW_AUTHENTICATE).iter().filter_map(|value| Self::parse(value.to_str().ok()?)).collect();
        challenges.iter().find(|challenge| matches!(challenge, Self::Bearer { .. })).or_else(|| challenges.first()).cloned()
    }

    fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let mut parameters = parameters(rest);
        Some(Self::Bearer { realm: parameters.remove("realm")?, service: parameters.remove("service"), scope: parameters.remove("scope") })
    }
}

/// `name="value", name=value`; commas may stand inside quotes (`scope="repository:a:pull,push"`).
fn parameters(text: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut rest = text.trim_start();
    while let Some((name, after)) = rest.split_once('=') {
        let (value, after) = if let Some(quoted) = after.strip_prefix('"') {
            unquote(quoted)
        } else {
            let end = after.find(',').unwrap_or(after.len());
            (after[..end].trim().to_owned(), &after[end..])
        };
        found.insert(name.trim().to_ascii_lowercase(), value);
        rest = after.trim_start().trim_start_matches(',').trim_start();
    }
    found
}

fn unquote(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((index, c)) = characters.next() {
        match c {
            '"' => return (value, &text[index + 1..]),
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            c => value.push(c),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&str]) -> Option<Challenge> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::WWW_AUTHENTICATE, value.parse().unwrap());
        }
        Challenge::read(&headers)
    }

    #[test]
    fn reads_a_token_challenge_with_commas_in_its_scope() {
        let challenge = read(&[r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/nginx:pull,push""#]);
        let expected =
            Challenge::Bearer { realm: "https://auth.docker.io/token".to_owned(), service: Some("registry.docker.io".to_owned()), scope: Some("repository:library/nginx:pull,push".to_owned()) };
        assert_eq!(challenge, Some(expected));
    }

    #[test]
    fn prefers_a_token_to_a_password() {
        assert!(matches!(read(&["Basic realm=\"r\"", "bearer realm=https://a.b/t"]), Some(Challenge::Bearer { realm, .. }) if realm == "https://a.b/t"));
        assert_eq!(read(&["BASIC realm=\"Registry\""]), Some(Challenge::Basic));
    }

    #[test]
    fn what_is_not_known_or_broken_is_no_challenge() {
        assert_eq!(read(&["Negotiate"]), None);
        assert_eq!(read(&["Bearer service=\"no realm\""]), None);
        assert_eq!(read(&[]), None);
        assert!(matches!(read(&[r#"Bearer realm="never closed"#]), Some(Challenge::Bearer { realm, .. }) if realm == "never closed"));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_a_challenge_or_none(text in ".{0,200}") {
            if let Some(Challenge::Bearer { realm, .. }) = Challenge::parse(&text) {
                proptest::prop_assert!(realm.len() <= text.len());
            }
        }

        #[test]
        fn what_is_quoted_is_read_back(realm in "[ -~]{1,60}", scope in "[ -~]{0,60}") {
            let quote = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
            let text = format!("Bearer realm=\"{}\", scope=\"{}\"", quote(&realm), quote(&scope));
            proptest::prop_assert_eq!(Challenge::parse(&text), Some(Challenge::Bearer { realm, service: None, scope: Some(scope) }));
        }
    }
}
