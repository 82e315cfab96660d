//! A database server of the customer's from the first packet to its settings: how far a login comes, and what is found there.
//!
//! The beginning is done by hand where the library would say "error": whether the server speaks TLS at all, and why its
//! certificate is not believed, are different work for different people.

use airlock_model::{AttemptResult, DatabaseExamination, DatabaseFacts, Meeting, TlsVersion, Trust, Untrusted};
use jiff::Timestamp;

use crate::dial::{Ends, dial};
use crate::handshake::{Believed, handshake};
use crate::postgres::{Postgres, PostgresError, PostgresLogin};
use crate::ssl_request::{NoTls, ask_for_tls};

/// One row, so that all is of one moment. `numbackends` counts what everybody may see; the one who asks is among them.
const QUESTION: &str = "SELECT current_setting('server_version_num') || '|' || (extract(epoch FROM clock_timestamp()) * 1000)::bigint \
     || '|' || (rolcreatedb OR rolsuper)::int || '|' || (rolcreaterole OR rolsuper)::int \
     || '|' || current_setting('max_connections') \
     || '|' || current_setting('superuser_reserved_connections')::int + coalesce(current_setting('reserved_connections', true), '0')::int \
     || '|' || (SELECT greatest(sum(numbackends) - 1, 0) FROM pg_stat_database) \
     || '|' || current_setting('password_encryption') || '|' || current_setting('server_version') \
     FROM pg_roles WHERE rolname = current_user";

/// Examines a server with this login. `connections` are those that one Airflow deployment may take.
pub async fn examine(login: &PostgresLogin, connections: u32) -> DatabaseExamination {
    let meeting = match greet(login).await {
        Err(ended) => ended,
        Ok(()) => look_around(login).await,
    };
    DatabaseExamination { server: format!("{}:{}", login.host, login.port), administrator: login.role.clone(), connections, meeting }
}

/// Connection, TLS, certificate; nothing of the login is sent.
async fn greet(login: &PostgresLogin) -> Result<(), Meeting> {
    let mut stream = dial(&login.host, login.port, &mut Ends::default()).await.map_err(Meeting::NotReached)?;
    match ask_for_tls(&mut stream).await {
        Ok(()) => {}
        Err(NoTls::TimedOut) => return Err(Meeting::NotReached(AttemptResult::TimedOut)),
        Err(reason) => return Err(Meeting::WithoutTls(reason.to_string().into())),
    }
    let trust = login.authorities.clone().map_or(Trust::System, Trust::Authorities);
    let believed = Believed::load(&trust).await.map_err(Meeting::NotTrusted)?;
    handshake(stream, &login.host, TlsVersion::Tls13, believed).await.map(|_| ()).map_err(Meeting::NotTrusted)
}

async fn look_around(login: &PostgresLogin) -> Meeting {
    let session = match Postgres::login(login).await {
        Ok(session) => session,
        Err(PostgresError::Refused { state, message }) => return Meeting::NotAdmitted { state, message: message.into() },
        Err(error @ PostgresError::Authorities(_)) => return Meeting::NotTrusted(AttemptResult::NotCarriedOut(error.to_string().into())),
        // Silence is no refusal.
        Err(PostgresError::Unanswered { .. }) => return Meeting::NotReached(AttemptResult::TimedOut),
        Err(PostgresError::Connect { reason, .. }) => return Meeting::NotAdmitted { state: String::new(), message: reason.into() },
    };
    let asked = Timestamp::now();
    let row = session.value(QUESTION).await;
    let answered = Timestamp::now();
    // The server looked at its clock at some moment between the two.
    let here = i64::midpoint(asked.as_millisecond(), answered.as_millisecond());
    match row {
        Ok(Some(row)) => facts(&row, here).map_or_else(|| Meeting::NotTold(Untrusted::from(format!("it told something else: {row}"))), Meeting::Admitted),
        Ok(None) => Meeting::NotTold("it does not know the role that is logged in".to_owned().into()),
        Err(error) => Meeting::NotTold(error.to_string().into()),
    }
}

fn facts(row: &str, here: i64) -> Option<DatabaseFacts> {
    let mut parts = row.splitn(9, '|');
    let mut next = || parts.next();
    Some(DatabaseFacts {
        version_number: next()?.parse().ok()?,
        clock_difference_millis: next()?.parse::<i64>().ok()? - here,
        creates_databases: next()? == "1",
        creates_roles: next()? == "1",
        most_connections: next()?.parse().ok()?,
        reserved_connections: next()?.parse().ok()?,
        used_connections: next()?.parse().ok()?,
        password_encryption: Untrusted::from(next()?),
        version: Untrusted::from(next()?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_read_whole_or_not_at_all() {
        let told = facts("170004|1700000005000|1|0|100|6|12|scram-sha-256|17.4 (Debian | 1)", 1_700_000_000_000).unwrap();
        assert_eq!((told.version_number, told.clock_difference_millis, told.creates_databases, told.creates_roles), (170_004, 5_000, true, false));
        assert_eq!((told.most_connections, told.reserved_connections, told.used_connections, told.version.raw()), (100, 6, 12, "17.4 (Debian | 1)"));
        for row in ["", "170004", "x|0|1|1|100|6|12|md5|17"] {
            assert!(facts(row, 0).is_none(), "{row}");
        }
    }
}
