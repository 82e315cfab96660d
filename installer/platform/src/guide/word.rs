//! What is typed behind a choice: words, each looked at when it is typed. What could be a secret is not repeated.

use airlock_model::HostName;
use airlock_model::answers::{SecretReference, is_mail_address, network_flaw};

/// Where nothing is a possible answer, these say it.
const NOTHING: [&str; 3] = ["", "-", "none"];

/// Takes a text as it is; the question that it belongs to looks at it.
pub(super) const ANY: fn(&str) -> Result<String, String> = |text| Ok(text.to_owned());

/// Nothing, or what this takes.
pub(super) fn or_nothing(text: &str, take: fn(&str) -> Result<String, String>) -> Result<String, String> {
    if NOTHING.contains(&text) { Ok(String::new()) } else { take(text) }
}

/// A server by its name, with its port.
pub(super) fn server(text: &str) -> Result<String, String> {
    let form = "as in mail.example.com:587";
    let (name, number) = text.rsplit_once(':').ok_or_else(|| format!("`{text}` has no port, {form}"))?;
    name.parse::<HostName>().map_err(|error| error.to_string())?;
    port(number, form)?;
    Ok(text.to_owned())
}

/// A network.
pub(super) fn network(text: &str) -> Result<String, String> {
    network_flaw(text).map_or_else(|| Ok(text.to_owned()), Err)
}

/// A network and a port in it.
pub(super) fn way(text: &str) -> Result<(String, u16), String> {
    let form = "as in 10.1.2.0/24:443";
    let (to, number) = text.rsplit_once(':').ok_or_else(|| format!("`{text}` has no port, {form}"))?;
    Ok((network(to)?, port(number, form)?))
}

fn port(text: &str, form: &str) -> Result<u16, String> {
    text.parse().ok().filter(|port| *port > 0).ok_or_else(|| format!("`{text}` is no port, {form}"))
}

/// A mail address.
pub(super) fn address(text: &str) -> Result<String, String> {
    if is_mail_address(text) { Ok(text.to_owned()) } else { Err(format!("`{text}` is no mail address, as in people@example.com")) }
}

/// Where something secret is.
pub(super) fn reference(text: &str) -> Result<String, String> {
    text.parse::<SecretReference>().map(|_| text.to_owned()).map_err(|error| format!("what stands there {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_is_taken_or_refused_with_its_form() {
        for (take, good, bad, words) in [
            (server as fn(&str) -> Result<String, String>, "mail.test:587", "mail.test", "has no port"),
            (server, "10-0-0-1.test:25", "mail.test:0", "is no port"),
            (network, "10.0.0.0/8", "10.0.0.1/8", "did you mean 10.0.0.0/8"),
            (|text| way(text).map(|(to, port)| format!("{to}:{port}")), "2001:db8::/32:443", "10.0.0.0/8:https", "is no port"),
            (address, "ops@company.test", "Ops <ops@company.test>", "no mail address"),
            (reference, "env:PASSWORD", "hunter2", "is not a reference"),
            (|text| or_nothing(text, address), "ops@company.test", "ops", "no mail address"),
        ] {
            assert_eq!(take(good), Ok(good.to_owned()));
            let refused = take(bad).unwrap_err();
            assert!(refused.contains(words), "{bad}: {refused}");
        }
        assert!(!reference("hunter2").unwrap_err().contains("hunter2"));
        for nothing in NOTHING {
            assert_eq!(or_nothing(nothing, address), Ok(String::new()));
        }
    }
}
