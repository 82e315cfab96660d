//! DBS-010 to DBS-018: a database server of the customer's, examined from inside before anything is installed.
//!
//! Each stands on the one before: what comes after the first that fails was not seen and is unverified.

use airlock_model::{AttemptResult, CheckSpec, DatabaseExamination, DatabaseFacts, Finding, Meeting, Reason, Severity, Snapshot};

use super::Preflight;
use crate::attempts::words;
use crate::described::Described;

/// Major versions that Airflow 3.3 is tested with (its README, table "Requirements").
const TESTED: std::ops::RangeInclusive<u32> = 14..=18;
/// Smaller than what logs and timetables notice.
const CLOCK_GOOD_MILLIS: u64 = 5_000;
/// Beyond this Airflow takes a heartbeat that was just written for an old one: `scheduler_health_check_threshold` is 30 seconds.
const CLOCK_BAD_MILLIS: u64 = 30_000;

/// How a server's version number is made since PostgreSQL 10.
const MAJOR: u32 = 10_000;

fn judged(check: &Described, given: &Snapshot, judge: impl Fn(&DatabaseExamination) -> Option<Finding>) -> Vec<Finding> {
    let Some(examined) = &given.database else {
        return vec![check.not_applicable("database server", Reason::ComponentOff, "there is no server of the customer's to examine")];
    };
    vec![judge(examined).unwrap_or_else(|| check.unverified(examined.server.as_str(), "it was not seen: something before it failed"))]
}

/// What only a login shows.
fn of_facts(check: &Described, given: &Snapshot, judge: impl Fn(&DatabaseExamination, &DatabaseFacts) -> Finding) -> Vec<Finding> {
    judged(check, given, |examined| match &examined.meeting {
        Meeting::Admitted(facts) => Some(judge(examined, facts)),
        Meeting::NotTold(reason) => Some(check.unverified(examined.server.as_str(), reason.raw())),
        _ => None,
    })
}

pub(super) static REACHED: Preflight = Preflight {
    described: Described {
        spec: CheckSpec {
            id: "DBS-010",
            title: "the database server is reached from inside the cluster",
            severity: Severity::High,
            promises: &["P1"],
            explanation: "A pod in the platform's namespace, under the same policies as the Jobs that make databases later, looks up the host and connects to its port.",
            remedy: "Compare `components.database.server` in the answers (host, port, networks) with where the server is; let the cluster's DNS know its name, and its firewall let the nodes' addresses in.",
        },
        expected: "a connection",
        why: "no Airflow deployment could be made, and none would work",
    },
    judge: |check, given| {
        judged(check, given, |examined| {
            Some(match &examined.meeting {
                Meeting::NotReached(AttemptResult::NotCarriedOut(reason)) => check.error(examined.server.as_str(), reason.raw()),
                Meeting::NotReached(result) => check.fail(examined.server.as_str(), words(result)),
                _ => check.pass(examined.server.as_str(), "connected"),
            })
        })
    },
};

pub(super) static TLS: Preflight = Preflight {
    described: Described {
        spec: CheckSpec {
            id: "DBS-011",
            title: "the database server speaks TLS",
            severity: Severity::High,
            promises: &["P6"],
            explanation: "The server is asked for TLS before anything else is sent (PostgreSQL: SSLRequest) and has to answer S.",
            remedy: "Turn TLS on at the server: `ssl = on` with a certificate and its key (PostgreSQL, secure TCP/IP connections with SSL).",
        },
        expected: "TLS",
        why: "passwords and everything that Airflow stores would travel in the clear",
    },
    judge: |check, given| {
        judged(check, given, |examined| match &examined.meeting {
            Meeting::NotReached(_) => None,
            Meeting::WithoutTls(seen) => Some(check.fail(examined.server.as_str(), seen.raw())),
            _ => Some(check.pass(examined.server.as_str(), "it agrees to TLS")),
        })
    },
};

pub(super) static CERTIFICATE: Preflight = Preflight {
    described: Described {
        spec: CheckSpec {
            id: "DBS-012",
            title: "the database server's certificate verifies",
            severity: Severity::High,
            promises: &["P6"],
            explanation: "A handshake with TLS 1.2 or 1.3. The chain must lead to `components.database.server.authority`; where that is not given, to `trust.ca`, and where there is none either or `system` stands there, to a root of the system. It must be valid today, and bear the host as it stands in the answers (sslmode=verify-full).",
            remedy: "Name the host as the certificate does, give the authority that signed it in `components.database.server.authority` (`system` for those that every system knows), or have the server's certificate renewed.",
        },
        expected: "a valid chain for the host",
        why: "whoever stands between could be the server, and would be told the administrator's password",
    },
    judge: |check, given| {
        judged(check, given, |examined| match &examined.meeting {
            Meeting::NotReached(_) | Meeting::WithoutTls(_) => None,
            Meeting::NotTrusted(result) => Some(check.fail(examined.server.as_str(), words(result))),
            _ => Some(check.pass(examined.server.as_str(), "verified")),
        })
    },
};

pub(super) static LOGIN: Preflight = Preflight {
    described: Described {
        spec: CheckSpec {
            id: "DBS-013",
            title: "the database server lets the administrator in",
            severity: Severity::High,
            promises: &["P12"],
            explanation: "A login with user and password of `components.database.server.administrator` at the database postgres. The server's own words and SQLSTATE say why not: 28P01 is a wrong password, 28000 a line that is missing in pg_hba.conf, 53300 that no connection is free.",
            remedy: "Correct the password behind the reference, or let the role log in at the database postgres from the cluster's addresses (pg_hba.conf: hostssl).",
        },
        expected: "let in",
        why: "no database could be made for any Airflow deployment",
    },
    judge: |check, given| {
        judged(check, given, |examined| {
            let subject = format!("{} at {}", examined.administrator, examined.server);
            match &examined.meeting {
                Meeting::NotAdmitted { state, message } => Some(check.fail(subject, format!("refused: {} ({state})", message.raw()))),
                Meeting::NotTold(_) | Meeting::Admitted(_) => Some(check.pass(subject, "let in")),
                _ => None,
            }
        })
    },
};

pub(super) static VERSION: Preflight = Preflight {
    described: Described {
        spec: CheckSpec {
            id: "DBS-014",
            title: "the database server's version is one that Airflow is tested with",
            severity: Severity::High,
            promises: &["P1"],
            explanation: "PostgreSQL 14 to 18, as the requirements of Airflow 3.3 have it. A newer version is a warning.",
            remedy: "Upgrade the server to PostgreSQL 14 or newer, or name another server.",
        },
        expected: "PostgreSQL 14 to 18",
        why: "Airflow's tables are made by statements that an older server does not know",
    },
    judge: |check, given| {
        of_facts(check, given, |examined, facts| {
            let (subject, observed) = (examined.server.as_str(), format!("PostgreSQL {}", facts.version.raw()));
            match facts.version_number / MAJOR {
                major if TESTED.contains(&major) => check.pass(subject, observed),
                major if major > *TESTED.end() => check.warn(Severity::Low, subject, format!("{observed} is newer than what was tested")),
                _ => check.fail(subject, observed),
            }
        })
    },
};

pub(super) static RIGHTS: Preflight = Preflight {
    described: Described {
        spec: CheckSpec {
            id: "DBS-015",
            title: "the administrator may make databases and roles",
            severity: Severity::High,
            promises: &["P12"],
            explanation: "The role has CREATEDB and CREATEROLE (pg_roles). It needs no more: being superuser is not asked for.",
            remedy: "As superuser: `ALTER ROLE … CREATEDB CREATEROLE`.",
        },
        expected: "CREATEDB and CREATEROLE",
        why: "each Airflow deployment gets a database and a role of its own",
    },
    judge: |check, given| {
        of_facts(check, given, |examined, facts| {
            let subject = format!("{} at {}", examined.administrator, examined.server);
            match (facts.creates_databases, facts.creates_roles) {
                (true, true) => check.pass(subject, "CREATEDB and CREATEROLE"),
                (false, true) => check.fail(subject, "CREATEDB is missing"),
                (true, false) => check.fail(subject, "CREATEROLE is missing"),
                (false, false) => check.fail(subject, "CREATEDB and CREATEROLE are missing"),
            }
        })
    },
};

pub(super) static CONNECTIONS: Preflight = Preflight {
    described: Described {
        spec: CheckSpec {
            id: "DBS-016",
            title: "the database server has connections left for an Airflow deployment",
            severity: Severity::High,
            promises: &["P1"],
            explanation: "max_connections, less what is kept for superusers and other reserved roles and less what is in use now, against the 40 connections that the role of one Airflow deployment may take.",
            remedy: "Raise `max_connections` at the server and restart it, put a pooler before other users of the server, or name another one.",
        },
        expected: "40 free connections for each Airflow deployment",
        why: "parts of Airflow would be refused as soon as the server is full, and others who use the server with them",
    },
    judge: |check, given| {
        of_facts(check, given, |examined, facts| {
            let free = facts.most_connections.saturating_sub(facts.reserved_connections).saturating_sub(facts.used_connections);
            let deployments = free / examined.connections.max(1);
            let observed = format!("{free} of {} are free ({} reserved, {} in use)", facts.most_connections, facts.reserved_connections, facts.used_connections);
            match deployments {
                0 => check.fail(examined.server.as_str(), format!("{observed}; one Airflow deployment may take {}", examined.connections)),
                1 => check.pass(examined.server.as_str(), format!("{observed}: room for 1 Airflow deployment")),
                several => check.pass(examined.server.as_str(), format!("{observed}: room for {several} Airflow deployments")),
            }
        })
    },
};

pub(super) static CLOCK: Preflight = Preflight {
    described: Described {
        spec: CheckSpec {
            id: "DBS-017",
            title: "the database server's clock and the cluster's agree",
            severity: Severity::High,
            promises: &["P1"],
            explanation: "clock_timestamp() of the server against the clock of the pod that asks: 5 seconds pass, up to half a minute is a warning.",
            remedy: "Set the clocks by NTP, on the database server and on the nodes.",
        },
        expected: "at most 30 seconds apart",
        why: "Airflow compares times that it wrote with times of the server: heartbeats would seem old, and parts dead that live",
    },
    judge: |check, given| {
        of_facts(check, given, |examined, facts| {
            let apart = facts.clock_difference_millis.unsigned_abs();
            let observed = format!("{apart} ms {}", if facts.clock_difference_millis < 0 { "behind" } else { "ahead" });
            match apart {
                apart if apart <= CLOCK_GOOD_MILLIS => check.pass(examined.server.as_str(), observed),
                apart if apart <= CLOCK_BAD_MILLIS => check.warn(Severity::Medium, examined.server.as_str(), observed),
                _ => check.fail(examined.server.as_str(), observed),
            }
        })
    },
};

pub(super) static PASSWORDS: Preflight = Preflight {
    described: Described {
        spec: CheckSpec {
            id: "DBS-018",
            title: "the database server keeps passwords as SCRAM verifiers",
            severity: Severity::Medium,
            promises: &["P6"],
            explanation: "`password_encryption` is scram-sha-256. Airlock gives its own roles SCRAM verifiers in any case; the setting tells how other passwords on the server are kept.",
            remedy: "Set `password_encryption = scram-sha-256` at the server, and give roles that have an MD5 hash a new password.",
        },
        expected: "scram-sha-256",
        why: "an MD5 hash is as good as the password to whoever reads it",
    },
    judge: |check, given| {
        of_facts(check, given, |examined, facts| {
            let observed = facts.password_encryption.raw();
            if observed == "scram-sha-256" { check.pass(examined.server.as_str(), observed) } else { check.warn(Severity::Medium, examined.server.as_str(), observed) }
        })
    },
};

#[cfg(test)]
mod tests {
    use airlock_model::{Untrusted, Verdict};

    use super::super::examined;
    use super::*;

    fn good() -> DatabaseFacts {
        DatabaseFacts {
            version_number: 170_004,
            version: Untrusted::from("17.4"),
            clock_difference_millis: -120,
            creates_databases: true,
            creates_roles: true,
            most_connections: 100,
            reserved_connections: 3,
            used_connections: 7,
            password_encryption: Untrusted::from("scram-sha-256"),
        }
    }

    /// Every check with its verdict, but those that pass.
    fn told(meeting: Meeting) -> Vec<(String, Verdict)> {
        let examination = DatabaseExamination { server: "db:5432".into(), administrator: "airlock".into(), connections: 40, meeting };
        let found = examined(&examination);
        assert_eq!(found.len(), 9);
        found.into_iter().filter(|finding| finding.verdict != Verdict::Pass).map(|finding| (finding.check, finding.verdict)).collect()
    }

    type Change = fn(&mut DatabaseFacts);

    #[test]
    fn a_good_server_passes_and_each_fault_is_told_alone() {
        assert_eq!(told(Meeting::Admitted(good())), []);
        let cases: [(Change, &str, Verdict); 9] = [
            (|facts| facts.version_number = 130_018, "DBS-014", Verdict::Fail),
            (|facts| facts.version_number = 190_000, "DBS-014", Verdict::Warn),
            (|facts| facts.creates_databases = false, "DBS-015", Verdict::Fail),
            (|facts| facts.creates_roles = false, "DBS-015", Verdict::Fail),
            (|facts| facts.used_connections = 58, "DBS-016", Verdict::Fail),
            (|facts| facts.most_connections = 2, "DBS-016", Verdict::Fail),
            (|facts| facts.clock_difference_millis = 6_000, "DBS-017", Verdict::Warn),
            (|facts| facts.clock_difference_millis = -31_000, "DBS-017", Verdict::Fail),
            (|facts| facts.password_encryption = Untrusted::from("md5"), "DBS-018", Verdict::Warn),
        ];
        for (change, check, verdict) in cases {
            let mut facts = good();
            change(&mut facts);
            assert_eq!(told(Meeting::Admitted(facts)), [(check.to_owned(), verdict)]);
        }
    }

    #[test]
    fn what_stands_on_a_failure_was_not_seen() {
        let refused = Meeting::NotAdmitted { state: "28P01".into(), message: "password authentication failed".to_owned().into() };
        let no_name = Meeting::NotReached(AttemptResult::NoSuchName);
        let stranger = Meeting::NotTrusted(AttemptResult::Untrusted { reason: "unknown issuer".to_owned().into(), presented: None });
        let plain = Meeting::WithoutTls("N".to_owned().into());
        for (meeting, failed, unseen) in [(no_name, "DBS-010", 8), (plain, "DBS-011", 7), (stranger, "DBS-012", 6), (refused, "DBS-013", 5)] {
            let told = told(meeting);
            assert_eq!(told[0], (failed.to_owned(), Verdict::Fail));
            assert!(told.len() == unseen + 1 && told[1..].iter().all(|(_, verdict)| *verdict == Verdict::Unverified), "{told:?}");
        }
        assert!(told(Meeting::NotTold("x".to_owned().into())).iter().all(|(_, verdict)| *verdict == Verdict::Unverified));
    }
}
