//! Alerts by mail, as words: `mail SERVER:PORT NETWORK SENDER RECIPIENT [USER PASSWORD] [ca=AUTHORITY]`.

use airlock_model::Answers;
use airlock_model::answers::{Alerts, Egress, Email, Receiver};

use super::alerts::{AUTHORITY_HINT, and_authority, authority, told_authority, way_out};
use super::question::Further;
use super::word;

/// Before the words.
pub(super) const MAIL: &str = "mail";

const STEPS: [Further; 6] = [
    Further { asks: "Which mail server takes them?", hint: "name:port; 465 is TLS from the beginning, any other port STARTTLS", take: word::server },
    Further { asks: "In which network is the mail server?", hint: "as in 10.1.2.0/24; policies know addresses alone", take: word::network },
    Further { asks: "Who sends the mails?", hint: "a mail address", take: word::address },
    Further { asks: "Who gets the mails?", hint: "a mail address", take: word::address },
    Further { asks: "Who logs in at the mail server?", hint: "the user, and file:PATH or env:NAME of the password; none: nobody has to", take: login },
    Further { asks: "Who signed the mail server's certificate?", hint: AUTHORITY_HINT, take: authority },
];

/// What is asked next.
pub(super) fn further(words: &[String]) -> Option<&'static Further> {
    STEPS.get(words.len())
}

fn login(text: &str) -> Result<String, String> {
    word::or_nothing(text, |text| match text.split_whitespace().collect::<Vec<_>>().as_slice() {
        [user, password] => Ok(format!("{user} {}", word::reference(password)?)),
        _ => Err("two words are due, the user and where the password is, as in airlock file:/etc/mail-password".into()),
    })
}

/// The words of answers by which mails are sent.
pub(super) fn get(answers: &Answers, email: &Email) -> String {
    let network = way_out(answers).map(|egress| egress.to.clone());
    let words = [Some(MAIL.to_owned()), Some(email.server.clone()), network, Some(email.from.clone()), Some(email.to.clone()), email.username.clone(), email.password.clone(), told_authority(answers)];
    words.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// The receiver that the words behind `mail` tell, and the way to it.
pub(super) fn receiver(text: &str) -> Result<(Alerts, Egress), String> {
    let (words, authority) = and_authority(text)?;
    let (server, network, from, to, login) = match words.as_slice() {
        [server, network, from, to] => (server, network, from, to, None),
        [server, network, from, to, user, password] => (server, network, from, to, Some(((*user).to_owned(), word::reference(password)?))),
        _ => return Err("server, network, sender, and recipient are due, then user and password where somebody has to log in, as in mail.example.com:587 10.1.2.0/24 airlock@example.com ops@example.com airlock file:/etc/mail-password".into()),
    };
    let (server, to_network, from, to) = (word::server(server)?, word::network(network)?, word::address(from)?, word::address(to)?);
    let (_, port) = word::way(&format!("{to_network}:{}", server.rsplit(':').next().unwrap_or_default()))?;
    let (username, password) = login.unzip();
    let email = Email { to, from, server, username, password };
    let egress = Egress { component: super::alerts::COMPONENT.into(), to: to_network, port, reason: "alerts go to their receiver".into() };
    Ok((Alerts { receiver: Some(Receiver::Email), webhook: None, email: Some(email), authority }, egress))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_server_is_told_in_order_and_what_is_half_told_is_refused() {
        let (alerts, egress) = receiver("mail.test:587 10.1.2.0/24 airlock@corp.test ops@corp.test airlock env:PASSWORD ca=file:/ca.pem").unwrap();
        let email = alerts.email.unwrap();
        assert_eq!((email.username.as_deref(), email.password.as_deref(), alerts.authority.as_deref()), (Some("airlock"), Some("env:PASSWORD"), Some("file:/ca.pem")));
        assert_eq!((egress.to.as_str(), egress.port), ("10.1.2.0/24", 587));
        for text in [
            "",
            "mail.test:587 10.1.2.0/24 airlock@corp.test",
            "mail.test 10.1.2.0/24 airlock@corp.test ops@corp.test",
            "mail.test:587 10.1.2.0/24 airlock ops@corp.test",
            "mail.test:587 10.1.2.0/24 airlock@corp.test ops@corp.test airlock",
            "mail.test:587 10.1.2.0/24 airlock@corp.test ops@corp.test ca=file:/a ca=file:/b",
        ] {
            assert!(receiver(text).is_err(), "{text}");
        }
        let refused = receiver("mail.test:587 10.1.2.0/24 airlock@corp.test ops@corp.test airlock hunter2").unwrap_err();
        assert!(refused.contains("is not a reference") && !refused.contains("hunter2"), "{refused}");
    }
}
