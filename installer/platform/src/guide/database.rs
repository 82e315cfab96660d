//! Which database server, as one answer of a guided run: the one that comes with the platform, the customer's own, or none.

use airlock_model::Answers;
use airlock_model::answers::{Component, DatabaseAdministrator, DatabaseServer, Mode, Storage};

use super::question::{Choice, Further};
use super::word;

/// Postgres comes with the platform.
pub(super) const BUNDLED: &str = "bundled";
/// No server, so no Airflow deployments for now.
pub(super) const OFF: &str = "off";
/// How a server is told.
const FORM: &str = "as in db.example.com:5432 10.1.2.0/24 airlock file:/etc/db-password file:/etc/db-ca.pem";
const SERVER: Further = Further {
    asks: "Which database server?",
    hint: "host:port, the network it is in, the role that makes databases, file:PATH of its password, and file:PATH of the authority of its certificate; without it trust.ca counts, or else what every system knows",
    take: word::ANY,
};

pub(super) fn choices() -> Vec<Choice> {
    vec![
        Choice::new(BUNDLED, "Postgres, installed with the platform"),
        Choice::new(OFF, "none for now; no Airflow deployments"),
        Choice::told("", "a PostgreSQL server of yours, examined before anything is installed", |words| words.is_empty().then_some(&SERVER)),
    ]
}

pub(super) fn get(answers: &Answers) -> String {
    match (answers.components.database.mode, answers.database_server()) {
        (Mode::Off, _) => OFF.into(),
        (_, Some(server)) => {
            let words = [format!("{}:{}", server.host, server.port), server.reached_in().join(","), server.administrator.username.clone(), server.administrator.password.clone()];
            words.into_iter().chain(server.authority.clone()).collect::<Vec<_>>().join(" ")
        }
        _ => BUNDLED.into(),
    }
}

pub(super) fn put(answers: &mut Answers, text: &str) -> Result<(), String> {
    // What a file said that this question has no words for stays as it is.
    if text == get(answers) {
        return Ok(());
    }
    let database = &mut answers.components.database;
    let mode = match text {
        OFF => Mode::Off,
        BUNDLED => Mode::Bundled,
        text => {
            let storage = Storage { size: None, ..database.storage.clone() };
            *database = Component { mode: Mode::Existing, server: Some(server(text)?), storage, ..Component::default() };
            return Ok(());
        }
    };
    database.mode = mode;
    database.server = None;
    Ok(())
}

fn server(text: &str) -> Result<DatabaseServer, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [at, networks, username, password, rest @ ..] = words.as_slice() else { return Err(format!("four or five words are due, {FORM}")) };
    let authority = match rest {
        [] => None,
        [one] => Some((*one).to_owned()),
        _ => return Err(format!("four or five words are due, {FORM}")),
    };
    let (host, port) = at.rsplit_once(':').ok_or_else(|| format!("`{at}` has no port, {FORM}"))?;
    Ok(DatabaseServer {
        host: host.to_owned(),
        port: port.parse().map_err(|_| format!("`{port}` is no port, {FORM}"))?,
        networks: networks.split(',').map(str::to_owned).collect(),
        authority,
        administrator: DatabaseAdministrator { username: (*username).to_owned(), password: (*password).to_owned() },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: &str = "db.corp.test:5433 10.1.2.0/24,10.1.3.0/24 airlock file:/etc/password file:/etc/ca.pem";

    fn answers() -> Answers {
        Answers::from_yaml("apiVersion: airlock/v1\nkind: Answers\nbaseDomain: platform.test\n").unwrap()
    }

    #[test]
    fn what_is_put_is_what_is_got() {
        for text in [BUNDLED, SERVER, OFF, "10.1.2.3:5432 10.1.2.3/32 airlock env:PASSWORD", BUNDLED] {
            let mut given = answers();
            put(&mut given, text).unwrap();
            assert_eq!((get(&given).as_str(), given.validate().len()), (text, 0));
            let mut again = given.clone();
            put(&mut again, text).unwrap();
            assert_eq!(again, given);
        }
    }

    #[test]
    fn another_choice_takes_the_server_with_it() {
        let mut given = answers();
        put(&mut given, SERVER).unwrap();
        put(&mut given, BUNDLED).unwrap();
        assert_eq!(given, answers());
    }

    #[test]
    fn a_server_that_is_half_told_is_refused() {
        for text in ["", "db.corp.test:5432", "db.corp.test 10.1.2.0/24 airlock file:p", "db.corp.test:pg 10.1.2.0/24 airlock file:p", "a:1 10.0.0.0/8 b file:c file:d e"] {
            assert!(put(&mut answers(), text).is_err(), "{text}");
        }
    }
}
