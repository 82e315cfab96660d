//! Attempts between pods that have just started: the enforcer of policies and the pods' network need a moment, so that a
//! first answer says little. An attempt is repeated until its server says something, be it no; a connection with a control is there
//! to be blocked: it is repeated until it has stayed blocked for a while. After [`PATIENCE`] the last answer stands.

use std::time::Duration;

use airlock_model::{Attempt, AttemptAction, AttemptResult, Outcome};
use futures::future::join_all;
use tokio::time::{Instant, sleep};

use crate::{Passwords, carry_out};

/// For how long an attempt is repeated.
const PATIENCE: Duration = Duration::from_secs(30);
/// For how long a connection must have been blocked.
const STEADY: Duration = Duration::from_secs(3);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(500);

/// Carries out attempts, all at once, each until its answer is steady; the outcomes stand in their order.
pub async fn carry_out_settled(attempts: &[Attempt], passwords: &dyn Passwords) -> Vec<Outcome> {
    join_all(attempts.iter().map(|attempt| settled(attempt, passwords, Instant::now() + PATIENCE))).await
}

async fn settled(attempt: &Attempt, passwords: &dyn Passwords, end: Instant) -> Outcome {
    let mut blocked_since: Option<Instant> = None;
    loop {
        let outcome = carry_out(attempt, passwords).await;
        let connects = !matches!(outcome.result, AttemptResult::Refused | AttemptResult::TimedOut | AttemptResult::Unreachable(_) | AttemptResult::NoSuchName);
        let steady = if is_to_be_blocked(attempt) {
            blocked_since = if connects { None } else { blocked_since.or_else(|| Some(Instant::now())) };
            blocked_since.is_some_and(|since| since.elapsed() >= STEADY)
        } else {
            connects
        };
        if steady || Instant::now() >= end {
            return outcome;
        }
        sleep(PAUSE).await;
    }
}

/// A question with a control is there to be answered with no, and the network has to carry it first.
fn is_to_be_blocked(attempt: &Attempt) -> bool {
    attempt.control.is_some() && matches!(attempt.action, AttemptAction::Connect)
}

#[cfg(test)]
mod tests {
    use airlock_model::{Target, Vantage};
    use tokio::net::TcpListener;

    use super::*;
    use crate::NoPasswords;

    fn attempt(port: u16, control: Option<&str>) -> Attempt {
        Attempt {
            id: "a".into(),
            from: Vantage::Workstation,
            target: Target::Address { host: "127.0.0.1".into(), port },
            action: AttemptAction::Connect,
            control: control.map(Into::into),
            purpose: "a test".into(),
        }
    }

    async fn free_port() -> u16 {
        TcpListener::bind(("127.0.0.1", 0)).await.unwrap().local_addr().unwrap().port()
    }

    #[test]
    fn only_a_connection_beside_another_is_to_be_blocked() {
        let account = AttemptAction::AsAccount { path: "/api/v1/secrets".into() };
        for (action, control, blocked) in [(AttemptAction::Connect, Some("b"), true), (AttemptAction::Connect, None, false), (account.clone(), Some("b"), false), (account, None, false)] {
            assert_eq!(is_to_be_blocked(&Attempt { action: action.clone(), ..attempt(443, control) }), blocked, "{action:?} beside {control:?}");
        }
    }

    #[tokio::test]
    async fn an_allowed_connection_is_awaited() {
        let port = free_port().await;
        let allowed = attempt(port, None);
        let (outcome, _kept) = tokio::join!(settled(&allowed, &NoPasswords, Instant::now() + PATIENCE), async {
            sleep(PAUSE).await;
            TcpListener::bind(("127.0.0.1", port)).await.unwrap()
        });
        assert_eq!(outcome.result, AttemptResult::Connected);
    }

    #[tokio::test]
    async fn a_connection_that_is_blocked_later_counts_as_blocked() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let forbidden = attempt(port, Some("b"));
        let (outcome, ()) = tokio::join!(settled(&forbidden, &NoPasswords, Instant::now() + PATIENCE), async {
            sleep(PAUSE).await;
            drop(listener);
        });
        assert_eq!(outcome.result, AttemptResult::Refused);
    }

    #[tokio::test]
    async fn a_connection_that_stays_open_is_not_blocked() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let outcome = settled(&attempt(port, Some("b")), &NoPasswords, Instant::now() + PAUSE).await;
        assert_eq!(outcome.result, AttemptResult::Connected);
    }
}
