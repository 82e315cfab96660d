//! All that is asked of the database server about one deployment: what needs no other secret than the password of its role.

use airlock_model::{Attempt, World, WorldDeployment};

use super::{Asked, Inquiry, Stranger};

/// The attempts that checks may ask for with the role of this deployment, and the logins beside it that need no password; none where the
/// world has no database server. The databases of all other deployments of the world are among what is to be refused.
pub fn database_attempts(world: &World, of: &WorldDeployment) -> Vec<Attempt> {
    let others = world.deployments.iter().filter(|other| other.name != of.name).map(Asked::Other);
    let logins = [Asked::Own, Asked::Servers].into_iter().chain(others).filter_map(|asked| asked.attempt(world, of));
    let inquiries = Inquiry::ALL.into_iter().filter_map(|inquiry| inquiry.attempt(world, of));
    let strangers = world.database.iter().flat_map(Stranger::guesses).chain(&[Stranger::PlainText]).filter_map(|stranger| stranger.attempt(world, of));
    logins.chain(inquiries).chain(strangers).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use airlock_model::{AttemptAction, AttemptId, Credentials, CredentialsForm, Need, WorldDatabase};

    use super::*;
    use crate::{needs, unprofiled};

    fn deployment(name: &str) -> WorldDeployment {
        let credentials = |form| Credentials { username: format!("airlock_{name}"), password: None, form };
        WorldDeployment {
            name: name.into(),
            namespace: format!("airlock-{name}"),
            host: format!("{name}-airflow.platform.test"),
            login: credentials(CredentialsForm::Json),
            role: credentials(CredentialsForm::Basic),
        }
    }

    fn world(existing: bool) -> World {
        let database = WorldDatabase { host: "database.airlock.svc".into(), port: 5432, authority: None, certificate: Err("unread".into()), existing };
        World { deployments: ["alpha", "beta", "gamma"].map(deployment).into(), database: Some(database), ..World::default() }
    }

    #[test]
    fn they_are_all_that_any_check_asks_of_the_server_by_sql() {
        for existing in [false, true] {
            let world = world(existing);
            let of_checks = needs(&unprofiled(), &world).unwrap().into_iter().filter_map(|need| if let Need::Attempt(attempt) = need { Some(*attempt) } else { None });
            let by_sql: BTreeSet<AttemptId> = of_checks.filter(|attempt| matches!(attempt.action, AttemptAction::Sql { .. } | AttemptAction::SqlGuess { .. })).map(|attempt| attempt.id).collect();
            let own: BTreeSet<AttemptId> = world.deployments.iter().flat_map(|of| database_attempts(&world, of)).map(|attempt| attempt.id).collect();
            assert_eq!(own, by_sql);
            assert!(own.contains(&AttemptId::from("database.other.alpha.gamma")));
        }
        assert_eq!(database_attempts(&World { database: None, ..world(false) }, &deployment("alpha")), []);
    }
}
